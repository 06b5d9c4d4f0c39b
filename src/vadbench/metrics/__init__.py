"""Metrics of anomaly scores: pure functions on arrays."""

from vadbench.metrics.intervals import LEVEL, Interval, difference_interval, percentile_interval
from vadbench.metrics.macro import macro_auc, macro_auc_sentinel, sentinel_aucs, video_aucs
from vadbench.metrics.proposals import threshold_proposals
from vadbench.metrics.ranking import ap_trapezoid, average_precision, roc_auc
from vadbench.metrics.resampling import draw_resamples, resampled_ap, resampled_auc, resampled_mean
from vadbench.metrics.segments import NORMAL_CLASS, Proposals, Truths
from vadbench.metrics.temporal_map import IOUS, TemporalMap, map_fixed, map_legacy

__all__ = [
    "IOUS",
    "LEVEL",
    "NORMAL_CLASS",
    "Interval",
    "Proposals",
    "TemporalMap",
    "Truths",
    "ap_trapezoid",
    "average_precision",
    "difference_interval",
    "draw_resamples",
    "macro_auc",
    "macro_auc_sentinel",
    "map_fixed",
    "map_legacy",
    "percentile_interval",
    "resampled_ap",
    "resampled_auc",
    "resampled_mean",
    "roc_auc",
    "sentinel_aucs",
    "threshold_proposals",
    "video_aucs",
]
