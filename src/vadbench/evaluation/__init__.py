"""Any scores and the annotations of a benchmark -> metrics.json."""

from vadbench.evaluation.class_segments import MAP_COLUMNS, MAP_DEFINITIONS, MAP_MODES
from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Metric, Record, RunLabel
from vadbench.evaluation.run import evaluate_run, micro_auc_of_rows

__all__ = [
    "DEFINITIONS",
    "MAP_COLUMNS",
    "MAP_DEFINITIONS",
    "MAP_MODES",
    "Metric",
    "Record",
    "RunLabel",
    "evaluate_run",
    "micro_auc_of_rows",
]
