"""Any scores and the annotations of a benchmark -> metrics.json."""

from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Metric, Record, RunLabel
from vadbench.evaluation.run import evaluate_run, micro_auc_of_rows

__all__ = ["DEFINITIONS", "Metric", "Record", "RunLabel", "evaluate_run", "micro_auc_of_rows"]
