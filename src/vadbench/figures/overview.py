"""The methods of one benchmark split side by side: headline metric with its confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from statistics import fmean, stdev
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.evaluation import Metric, Record
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
class Row:
    """A method as the figure names it, a note below the name, and its runs over seeds and draws."""

    name: str
    note: str
    results: tuple[Metric, ...]

    @property
    def values(self) -> list[float]:
        """The defined figures."""
        return [result.value for result in self.results if not isnan(result.value)]


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
    records = [Record.load(path) for path in metrics]
    splits = sorted({f"{record.run.benchmark}/{record.run.split}" for record in records})
    if len(splits) != 1:
        raise VadbenchError(f"{out}: an overview is of one split, not of {' and '.join(splits) or 'none'}")
    write_picture(png_bytes(_draw(gather(records), splits[0], _coverage(records))), out)


def gather(records: Sequence[Record]) -> list[Row]:
    """Runs as rows, the best mean first, undefined ones last."""
    results: dict[tuple[str, str], list[Metric]] = {}
    for record in records:
        results.setdefault(_names(record), []).append(record.metrics["micro_auc"])
    rows = [Row(name, note, tuple(metrics)) for (name, note), metrics in results.items()]
    return sorted(rows, key=lambda row: (-fmean(row.values) if row.values else 1.0, row.name))


def _names(record: Record) -> tuple[str, str]:
    run = record.run
    note = [f"reads {run.features}"] if run.features else []
    if record.weights:
        note.append(f"weights {record.weights}")
    if record.selection == "best_on_test":
        note.append("selected on test")
    return f"{run.method} ({run.variant})" if run.variant else run.method, ", ".join(note)


def _coverage(records: Sequence[Record]) -> str:
    found = sorted({(record.coverage.videos_scored, record.coverage.videos_total) for record in records})
    return f"{', '.join(f'{scored} of {total}' for scored, total in found)} test videos scored"


def _draw(rows: Sequence[Row], split: str, coverage: str) -> NDArray[np.uint8]:
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
        figure.text(16 / _WIDTH, 1 - 12 / height, split, va="top", fontsize=12, fontweight="bold")
        explained = (
            f"{coverage}. Dot: one run (seed or draw); diamond: their mean; ±: standard deviation over runs."
        )
        figure.text(16 / _WIDTH, 1 - 34 / height, explained, va="top", color=GREY)
        return pixels(figure)


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """From below chance, and below every interval, to 1."""
    lows = [result.ci_low for row in rows for result in row.results if not isnan(result.ci_low)]
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
        if not isnan(result.ci_low):
            axes.plot([result.ci_low, result.ci_high], [place, place], color=BLUE, linewidth=1.2)
        if not isnan(result.value):
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
    low, high = row.results[0].ci_low, row.results[0].ci_high
    interval = "" if isnan(low) else f"\n{low:.3f} to {high:.3f}"
    return f"{row.values[0]:.3f}{interval}"
