"""The methods of one benchmark split side by side: headline metric with its confidence intervals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.figures.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    clean_text,
    drawing,
    new_figure,
    pixels,
    png_bytes,
    write_picture,
)

_WIDTH = 900  # pixels, as the following
_LEFT, _RIGHT, _TOP, _BOTTOM = 230, 150, 64, 48
_ROW = 44


@dataclass(frozen=True)
class Result:
    """One run's headline figure with its 95 % interval over videos; `value` is None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    reason: str = ""


@dataclass(frozen=True)
class Row:
    """A method as the figure names it, a note below the name, and its runs over seeds and draws."""

    name: str
    note: str
    results: tuple[Result, ...]

    @property
    def values(self) -> list[float]:
        """The defined figures."""
        return [result.value for result in self.results if result.value is not None]


def draw_overview(metrics: Sequence[Path], out: Path) -> None:
    """Draw micro AUC of every method of one benchmark split as one PNG.

    A thin line is one run's 95 % interval over test videos, the dot on it that run's figure; a diamond is the
    mean over a method's seeds and draws.

    Args:
        metrics: the metrics.json files of all runs of one split.
        out: the picture.

    Raises:
        VadbenchError: if there is no file, one cannot be read, or they are of several splits.
    """
    found = [_load(path) for path in metrics]
    splits = sorted({f"{content['run']['benchmark']}/{content['run']['split']}" for content in found})
    if len(splits) != 1:
        raise VadbenchError(f"{out}: an overview is of one split, but these runs are of {splits or 'none'}")
    coverage = {tuple(content["coverage"]["videos"]) for content in found}
    write_picture(png_bytes(_draw(gather(found), splits[0], coverage)), out)


def gather(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The contents of metrics.json files as rows, the best mean first, undefined ones last."""
    rows: dict[tuple[str, str], list[Result]] = {}
    for content in found:
        metric = content["metrics"]["micro_auc"]
        result = Result(metric["value"], metric["ci_low"], metric["ci_high"], metric.get("reason") or "")
        rows.setdefault(_names(content), []).append(result)
    ordered = [Row(name, note, tuple(results)) for (name, note), results in rows.items()]
    return sorted(ordered, key=lambda row: (-fmean(row.values) if row.values else 1.0, row.name))


def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VadbenchError(
            f"{path}: not a metrics.json: {error}; make it again with vadbench evaluate"
        ) from None
    return content


def _names(content: Mapping[str, Any]) -> tuple[str, str]:
    run = content["run"]
    name = f"{run['method']} ({run['variant']})" if run["variant"] else run["method"]
    note = [f"reads {run['features']}"] if run["features"] else []
    if content.get("weights"):
        note.append(f"weights {content['weights']}")
    if content.get("selection") == "best_on_test":
        note.append("selected on test")
    return str(name), ", ".join(note)


def _draw(rows: Sequence[Row], split: str, coverage: set[tuple[int, int]]) -> NDArray[np.uint8]:
    height = _TOP + _ROW * len(rows) + _BOTTOM
    with drawing():
        figure = new_figure(_WIDTH, height)
        inner = (_LEFT / _WIDTH, _BOTTOM / height, 1 - (_LEFT + _RIGHT) / _WIDTH, _ROW * len(rows) / height)
        axes = figure.add_axes(inner)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(*_limits(rows))
        axes.set_yticks([])
        axes.grid(axis="x")
        axes.axvline(0.5, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlabel("frame-level micro AUC, 95 % intervals over test videos; dashed: chance")
        for position, row in enumerate(rows):
            _draw_row(axes, position, row)
        scored = ", ".join(f"{videos} of {total}" for videos, total in sorted(coverage))
        figure.text(16 / _WIDTH, 1 - 12 / height, split, va="top", fontsize=12, fontweight="bold")
        explained = f"{scored} test videos scored. Dot: one run (seed or draw); diamond: their mean."
        figure.text(16 / _WIDTH, 1 - 34 / height, explained, va="top", color=GREY)
        return pixels(figure)


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """From below chance, and below every interval, to 1."""
    lows = [result.low for row in rows for result in row.results if result.low is not None]
    return min(0.45, *lows, *(value for row in rows for value in row.values), 0.45) - 0.02, 1.01


def _draw_row(axes: Axes, position: int, row: Row) -> None:
    _write_beside(axes, -0.02, position - 0.16, clean_text(row.name, 30), fontsize=10)
    _write_beside(axes, -0.02, position + 0.2, clean_text(row.note, 44), fontsize=7.5, color=GREY)
    _write_beside(axes, 1.02, position, _summary(row), fontsize=9)
    if not row.values:
        reason = clean_text(f"undefined: {row.results[0].reason}", 70)
        _write_beside(axes, 0.03, position, reason, fontsize=8.5, color=GREY)
        return
    axes.plot(
        fmean(row.values), position, "D", color=ORANGE, markeredgecolor=INK, markeredgewidth=0.7, markersize=8
    )
    count = len(row.results)
    places = position + (np.linspace(-0.28, 0.28, count) if count > 1 else np.zeros(1))
    for place, result in zip(places, row.results, strict=True):
        if result.low is not None and result.high is not None:
            axes.plot([result.low, result.high], [place, place], color=BLUE, linewidth=1.2)
        if result.value is not None:
            axes.plot(result.value, place, "o", color=BLUE, markeredgecolor="white", markersize=5)


def _write_beside(axes: Axes, x: float, y: float, text: str, *, fontsize: float, color: str = INK) -> None:
    """Text at a share of the axes' width and a row's height; left of the axes it ends there."""
    align: Literal["left", "right"] = "right" if x < 0 else "left"
    place = axes.get_yaxis_transform()
    axes.text(x, y, text, transform=place, ha=align, va="center", fontsize=fontsize, color=color)


def _summary(row: Row) -> str:
    if not row.values:
        return ""
    if len(row.results) > 1:
        spread = f" ± {stdev(row.values):.3f}" if len(row.values) > 1 else ""
        return f"{fmean(row.values):.3f}{spread}\n{len(row.results)} runs"
    low, high = row.results[0].low, row.results[0].high
    interval = "" if low is None or high is None else f"\n{low:.3f} to {high:.3f}"
    return f"{row.values[0]:.3f}{interval}"
