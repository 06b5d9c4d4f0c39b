"""The published figure that a measured one may be held against, or why there is none."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vadbench.tables.lines import Line
from vadbench.tables.published import PAPERS, Printed, comparable

_REMARKS = {
    "micro_ap": "the papers do not say whether AP is the step sum or the trapezoid",
    "macro_auc_sentinel": "taken to be the macro AUC of Reiss and Hoshen, whom the paper names",
    "tiou": "no formula of TIoU is printed",
}
"""What the papers leave open about a metric."""


@dataclass(frozen=True)
class Comparison:
    """A published figure beside a measured one."""

    value: float
    """As a fraction of 1; NaN where none agrees in benchmark, split, metric and features."""
    source: str
    """Paper and table, or an empty string."""
    note: str
    """Which other figures are printed, or why none is taken."""
    unlike: bool = False
    """Whether the metric is printed for this method, but for what is no counterpart of the line."""


def compare(line: Line, metric: str) -> Comparison:
    """Look up what is published for a line and a metric.

    Of several the first in the order of `PAPERS` is taken; all others go into the note.
    """
    of_benchmark = [cell for cell in comparable() if cell.benchmark == line.benchmark]
    if not of_benchmark:
        return _none(f"none of the papers reports on {line.benchmark}")
    of_method = [cell for cell in of_benchmark if cell.method == line.method]
    if not of_method:
        return _none(f"the papers print nothing for {line.method} on {line.benchmark}")
    with_figure = [cell for cell in of_method if cell.metric == metric and not math.isnan(cell.value)]
    of_variant = [cell for cell in with_figure if cell.variant == line.variant]
    of_any = of_variant or [cell for cell in with_figure if not cell.variant]
    printed = sorted(of_any, key=lambda cell: list(PAPERS).index(cell.paper))
    if not printed:
        return _none(f"the papers print no {metric} for {line.method} on {line.benchmark}")
    like = [
        cell for cell in printed if cell.split == line.split and same_features(line.model, line.weights, cell)
    ]
    reason = _disagreement(line, printed, like)
    if reason:
        return replace(_none(f"{reason}: {_quoted(printed)}"), unlike=True)
    chosen = like[0]
    others = [cell for cell in printed if cell is not chosen]
    remarks = [chosen.note, _REMARKS.get(metric, ""), f"also printed: {_quoted(others)}" if others else ""]
    return Comparison(chosen.value, chosen.source, "; ".join([chosen.quoted, *filter(None, remarks)]))


def _disagreement(line: Line, printed: Sequence[Printed], like: Sequence[Printed]) -> str:
    """Why none of the printed figures may stand beside a line; empty where one may."""
    on_split = [cell for cell in printed if cell.split == line.split]
    if not on_split:
        splits = " and ".join(sorted({cell.split or "of a kind not stated" for cell in printed}))
        return f"published for the split {splits}, not {line.split}"
    if line.variant and not any(cell.variant for cell in on_split):
        return "published for the method, not for this variant of it"
    videos = sorted({cell.test_videos for cell in on_split} - {line.test_videos})
    if videos:
        return f"published on {videos[0]} test videos, here are {line.test_videos}"
    if not like:
        return f"published with {_features(on_split)}, here with {features_of(line)}"
    return ""


def same_features(model: str, weights: str, cell: Printed) -> bool:
    """Whether features of a model and weights are a paper's; its own are known where it says both."""
    # OpenAI's towers run here under a name that says their activation; papers leave that out.
    plain = model.replace("/", "-").removesuffix("-quickgelu")
    return bool(cell.model) and (cell.model, cell.weights) == (plain, weights)


def features_of(line: Line) -> str:
    """Model and weights of a line's features, in words."""
    return "features that are not known here" if line.external else made_by(line.model, line.weights)


def made_by(model: str, weights: str) -> str:
    """Model and weights in words; without an image tower the weights, such as a detector's, or "no model"."""
    if not model:
        return weights or "no model"
    return model if model == weights else f"{model} ({weights})"


def _features(cells: Iterable[Printed]) -> str:
    said = (
        f"{cell.printed_features or 'CLIP'} {cell.model} ({cell.weights})"
        if cell.model
        else cell.printed_features or (cell.note if cell.variant else "features that are not printed")
        for cell in cells
    )
    return ", ".join(dict.fromkeys(said))


def _quoted(cells: Iterable[Printed]) -> str:
    return ", ".join(cell.quoted for cell in cells)


def _none(note: str) -> Comparison:
    return Comparison(math.nan, "", note)
