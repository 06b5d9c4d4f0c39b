"""Metrics of anomaly scores: pure functions on arrays."""

from vadbench.metrics.intervals import LEVEL, Interval, difference_interval, percentile_interval
from vadbench.metrics.macro import macro_auc, macro_auc_sentinel, sentinel_aucs, video_aucs
from vadbench.metrics.ranking import ap_trapezoid, average_precision, roc_auc
from vadbench.metrics.resampling import draw_resamples, resampled_ap, resampled_auc, resampled_mean

__all__ = [
    "LEVEL",
    "Interval",
    "ap_trapezoid",
    "average_precision",
    "difference_interval",
    "draw_resamples",
    "macro_auc",
    "macro_auc_sentinel",
    "percentile_interval",
    "resampled_ap",
    "resampled_auc",
    "resampled_mean",
    "roc_auc",
    "sentinel_aucs",
    "video_aucs",
]
