"""Metrics of anomaly scores: pure functions on arrays."""

from vadbench.metrics.boxes import box_areas, component_boxes, pair_ious, region_area, region_ious
from vadbench.metrics.intervals import LEVEL, Interval, difference_interval, percentile_interval
from vadbench.metrics.localisation import (
    GATE,
    centred_half,
    frame_ious,
    macro_tiou,
    random_boxes,
    tiou,
    video_tious,
    whole_frame,
)
from vadbench.metrics.macro import macro_auc, macro_auc_sentinel, sentinel_aucs, video_aucs
from vadbench.metrics.map_resampling import resampled_map_fixed, resampled_map_legacy
from vadbench.metrics.proposals import threshold_proposals
from vadbench.metrics.ranking import ap_trapezoid, average_precision, roc_auc
from vadbench.metrics.regions import Found, Regions, find_regions, rbdc_tbdc, resampled_rbdc_tbdc
from vadbench.metrics.resampling import draw_resamples, resampled_ap, resampled_auc, resampled_mean
from vadbench.metrics.segments import NORMAL_CLASS, Proposals, Truths
from vadbench.metrics.temporal_map import IOUS, TemporalMap, map_fixed, map_legacy

__all__ = [
    "GATE",
    "IOUS",
    "LEVEL",
    "NORMAL_CLASS",
    "Found",
    "Interval",
    "Proposals",
    "Regions",
    "TemporalMap",
    "Truths",
    "ap_trapezoid",
    "average_precision",
    "box_areas",
    "centred_half",
    "component_boxes",
    "difference_interval",
    "draw_resamples",
    "find_regions",
    "frame_ious",
    "macro_auc",
    "macro_auc_sentinel",
    "macro_tiou",
    "map_fixed",
    "map_legacy",
    "pair_ious",
    "percentile_interval",
    "random_boxes",
    "rbdc_tbdc",
    "region_area",
    "region_ious",
    "resampled_ap",
    "resampled_auc",
    "resampled_map_fixed",
    "resampled_map_legacy",
    "resampled_mean",
    "resampled_rbdc_tbdc",
    "roc_auc",
    "sentinel_aucs",
    "threshold_proposals",
    "tiou",
    "video_aucs",
    "video_tious",
    "whole_frame",
]
