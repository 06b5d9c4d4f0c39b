"""Any scores and the annotations of a benchmark -> metrics.json."""

from vadbench.evaluation.benchmark import read_annotations
from vadbench.evaluation.class_segments import MAP_COLUMNS, MAP_DEFINITIONS, MAP_MODES
from vadbench.evaluation.external import evaluate_external, external_label, external_metrics
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
    "evaluate_external",
    "evaluate_run",
    "external_label",
    "external_metrics",
    "micro_auc_of_rows",
    "read_annotations",
]
