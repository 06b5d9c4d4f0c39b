"""Any scores and the annotations of a benchmark -> metrics.json."""

from vadbench.evaluation.benchmark import read_annotations
from vadbench.evaluation.class_segments import MAP_COLUMNS, MAP_DEFINITIONS, MAP_MODES
from vadbench.evaluation.external import evaluate_external, external_label, external_metrics
from vadbench.evaluation.localisation import (
    TIOU_BOXES,
    TIOU_DEFINITIONS,
    TIOU_GATES,
    TIOU_MEANS,
    tiou_name,
)
from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Metric, Record, RunLabel
from vadbench.evaluation.run import evaluate_run, micro_auc_of_rows

__all__ = [
    "DEFINITIONS",
    "MAP_COLUMNS",
    "MAP_DEFINITIONS",
    "MAP_MODES",
    "TIOU_BOXES",
    "TIOU_DEFINITIONS",
    "TIOU_GATES",
    "TIOU_MEANS",
    "Metric",
    "Record",
    "RunLabel",
    "evaluate_external",
    "evaluate_run",
    "external_label",
    "external_metrics",
    "micro_auc_of_rows",
    "read_annotations",
    "tiou_name",
]
