"""Any scores and the annotations of a benchmark -> metrics.json."""

from vadbench.evaluation.class_segments import MAP_DEFINITIONS, MAP_MODES, MAP_RULES
from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Metric, Record, RunLabel
from vadbench.evaluation.run import evaluate_run, micro_auc_of_rows

__all__ = [
    "DEFINITIONS",
    "MAP_DEFINITIONS",
    "MAP_MODES",
    "MAP_RULES",
    "Metric",
    "Record",
    "RunLabel",
    "evaluate_run",
    "micro_auc_of_rows",
]
