"""How lines and figures are written in tables to read."""

import math
from itertools import product

from vadbench.evaluation import (
    MAP_DEFINITIONS,
    TIOU_BOXES,
    TIOU_DEFINITIONS,
    TIOU_GATES,
    TIOU_MEANS,
    tiou_name,
)
from vadbench.tables.lines import MEAN, Line

_TITLES = {
    "micro_auc": "micro AUC",
    "micro_ap": "micro AP",
    "micro_ap_trapezoid": "micro AP (trapezoid)",
    "macro_auc": "macro AUC",
    "macro_auc_sentinel": "macro AUC (sentinel)",
    "abnormal_videos_auc": "AUC, abnormal videos",
    "abnormal_videos_ap": "AP, abnormal videos",
    **{metric: "mAP@IoU {2} ({1})".format(*metric.split("_")) for metric in MAP_DEFINITIONS},
}

BOX_TITLES = {
    "": "predicted",
    "whole_frame": "whole frame",
    "centred_half": "centred half",
    "random": "random",
}
"""The boxes of TIoU, by their keys in `TIOU_BOXES`."""

_TITLES |= {
    tiou_name(*keys): " ".join(filter(None, ("TIoU", *(key.replace("_", " ") for key in keys))))
    for keys in product(TIOU_BOXES, TIOU_GATES, TIOU_MEANS)
}

EXTERNAL = "(external)"
"""Stands for the feature set of scores that came from outside; no set can have this name."""


def title(metric: str) -> str:
    """A metric's name in a header."""
    return _TITLES.get(metric, metric)


def name(line: Line) -> str:
    """Method and variant."""
    return f"{line.method} ({line.variant})" if line.variant else line.method


def features(line: Line) -> str:
    """The feature set, or the sign for scores from outside."""
    return EXTERNAL if line.external else line.features


def whose(line: Line) -> str:
    """A line in a footnote."""
    return f"{name(line)} {EXTERNAL}" if line.external else f"{name(line)} on {line.features}"


def figure(line: Line, metric: str) -> str:
    """Mean ± deviations [interval], in per cent; empty where the line has no such metric."""
    cell = line.cells.get(metric)
    interval = (
        "" if cell is None or math.isnan(cell.low) else f" [{100 * cell.low:.1f}, {100 * cell.high:.1f}]"
    )
    return f"{short_figure(line, metric)}{interval}"


def short_figure(line: Line, metric: str, decimals: int = 1) -> str:
    """Mean ± deviations, in per cent."""
    cell = line.cells.get(metric)
    if cell is None:
        return ""
    if math.isnan(cell.value):
        return "undefined"
    deviations = (std for std in (cell.std_draws, cell.std) if not math.isnan(std))
    return " ± ".join(f"{100 * number:.{decimals}f}" for number in (cell.value, *deviations))


def missing(line: Line) -> dict[str, list[str]]:
    """Metrics without value or interval, by reason, none where it is that of all metrics.

    That a mean over draws has no interval goes unsaid. The thresholds of mAP stand as one metric, and so does
    all of TIoU.
    """
    reasons: dict[str, list[str]] = {}
    for metric, cell in line.cells.items():
        if cell.note and (line.draw != MEAN or math.isnan(cell.value)):
            reasons.setdefault(cell.note, []).append(metric)
    return {
        reason: [] if len(metrics) == len(line.cells) else list(dict.fromkeys(map(_group_title, metrics)))
        for reason, metrics in reasons.items()
    }


def _group_title(metric: str) -> str:
    if metric in TIOU_DEFINITIONS:
        return "TIoU"
    return "mAP@IoU ({1})".format(*metric.split("_")) if metric in MAP_DEFINITIONS else title(metric)
