"""Tables of what was measured on a benchmark and split: methods as rows, metrics as columns, in per cent."""

import math
from collections.abc import Iterable, Sequence
from itertools import product

from vadbench.evaluation import (
    MAP_COLUMNS,
    MAP_DEFINITIONS,
    MAP_MODES,
    TIOU_BOXES,
    TIOU_DEFINITIONS,
    TIOU_GATES,
    TIOU_MEANS,
    tiou_name,
)
from vadbench.metrics import difference_interval
from vadbench.tables.comparison import compare
from vadbench.tables.document import Row, Table
from vadbench.tables.lines import MEAN, Line
from vadbench.tables.wording import BOX_TITLES, features, figure, missing, name, title, whose

_HEADLINE = "micro_auc"
_MAIN = ("micro_auc", "micro_ap", "macro_auc")
"""Metrics of the first table; the second has all others."""


def measured_tables(lines: Sequence[Line]) -> list[Table]:
    """The main table with all notes, the further metrics, mAP@IoU, TIoU and single draws where there are
    any."""
    shown = shown_lines(lines)
    tables = [_main_table(shown), _further_table(shown)]
    with_classes = [line for line in shown if line.cells.keys() & MAP_DEFINITIONS.keys()]
    if with_classes:
        tables.append(_map_table(with_classes))
    localising = [line for line in shown if line.cells.keys() & TIOU_DEFINITIONS.keys()]
    if localising:
        tables.append(_tiou_table(localising))
    if any(line.draw == MEAN for line in lines):
        tables.append(_by_draw(lines))
    return tables


def shown_lines(lines: Sequence[Line]) -> list[Line]:
    """Lines of a split without draws, and means over draws."""
    return [line for line in lines if line.draw in ("", MEAN)]


def letters(lines: Sequence[Line]) -> dict[str, str]:
    """A letter for each convention where lines differ in it; empty where they share one."""
    conventions = list(dict.fromkeys(line.convention for line in lines))
    return {text: chr(ord("A") + n) for n, text in enumerate(conventions)} if len(conventions) > 1 else {}


def head(lines: Sequence[Line]) -> Row:
    """Headers of the columns that say which line it is."""
    return ("Method", "Features", *(["Convention"] if letters(lines) else []))


def heading(line: Line, lines: Sequence[Line]) -> Row:
    """Which line it is: method, features and, where conventions differ, the letter of its own."""
    letter = letters(lines).get(line.convention)
    return (name(line), features(line), *([letter] if letter else []))


def _main_table(lines: Sequence[Line]) -> Table:
    best = max(lines, key=lambda line: _or_lowest(line.cells[_HEADLINE].value))
    published = [_published(line, _HEADLINE) for line in lines]
    extra = ["Published (difference)"] if any(published) else []
    rows = [
        (
            *heading(line, lines),
            *(figure(line, metric) for metric in _MAIN),
            _difference(line, best),
            *([beside] if extra else []),
            line.weights or "-",
            line.selection or "-",
            str(len(line.seeds)),
            f"{100 * line.coverage:.4g} %",
        )
        for line, beside in zip(lines, published, strict=True)
    ]
    titles = [title(metric) for metric in _MAIN]
    header = (*head(lines), *titles, "Δ", *extra, "Weights", "Checkpoint", "Seeds", "Coverage")
    return Table("measured", header, (tuple(rows),), tuple(_notes(lines)))


def _further_table(lines: Sequence[Line]) -> Table:
    every = dict.fromkeys(metric for line in lines for metric in line.cells)
    further = [metric for metric in every if metric not in (*_MAIN, *MAP_DEFINITIONS, *TIOU_DEFINITIONS)]
    rows = ((*heading(line, lines), *(figure(line, metric) for metric in further)) for line in lines)
    return Table("further metrics of the same runs", (*head(lines), *map(title, further)), (tuple(rows),))


def _map_table(lines: Sequence[Line]) -> Table:
    """mAP at each temporal IoU, a row for each mode."""
    rows = tuple(
        (*heading(line, lines), mode, *(figure(line, f"map_{mode}_{column}") for column in MAP_COLUMNS))
        for line in lines
        for mode in MAP_MODES
    )
    return Table("segments by class, mAP@IoU", (*head(lines), "Mode", *MAP_COLUMNS), (rows,))


def _tiou_table(lines: Sequence[Line]) -> Table:
    """TIoU of each method and, below it, of the trivial boxes on the same frames."""
    published = [_published(line, tiou_name()) for line in lines]
    extra = ["Published (difference)"] if any(published) else []
    kinds = list(product(TIOU_GATES, TIOU_MEANS))
    rows = tuple(
        (
            *heading(line, lines),
            BOX_TITLES[box],
            *(figure(line, tiou_name(box, gate, mean)) for gate, mean in kinds),
            *([beside if not box else ""] if extra else []),
        )
        for line, beside in zip(lines, published, strict=True)
        for box in TIOU_BOXES
    )
    columns = (title(tiou_name("", gate, mean)) for gate, mean in kinds)
    return Table("localisation, TIoU", (*head(lines), "Box", *columns, *extra), (rows,))


def _by_draw(lines: Sequence[Line]) -> Table:
    draws = list(dict.fromkeys(line.draw for line in lines if line.draw not in ("", MEAN)))
    rows: dict[Row, dict[str, str]] = {}
    for line in lines:
        rows.setdefault(heading(line, lines), {})[line.draw] = figure(line, _HEADLINE)
    cells = tuple((*key, *(row.get(draw, "") for draw in draws)) for key, row in rows.items())
    header = (*head(lines), *(f"draw {draw}" for draw in draws))
    return Table(f"{title(_HEADLINE)} by draw", header, (cells,))


def _published(line: Line, metric: str) -> str:
    """The published figure and how far the measured one is from it; empty where none agrees."""
    comparison = compare(line, metric)
    if math.isnan(comparison.value):
        return ""
    difference = 100 * (line.cells[metric].value - comparison.value)
    return f"{100 * comparison.value:.2f}" + ("" if math.isnan(difference) else f" ({difference:+.2f})")


def _difference(line: Line, best: Line) -> str:
    ours, theirs = line.cells[_HEADLINE], best.cells[_HEADLINE]
    if line is best or math.isnan(ours.value) or line.convention != best.convention:
        return ""
    difference = f"{100 * (ours.value - theirs.value):+.1f}"
    if line.resampling is None or line.resampling != best.resampling:
        return difference
    interval = difference_interval(ours.resampled, theirs.resampled)
    return (
        difference
        if interval.reason
        else f"{difference} [{100 * interval.low:+.1f}, {100 * interval.high:+.1f}]"
    )


def _notes(lines: Sequence[Line]) -> Iterable[str]:
    """Conventions, what did not fit, and why figures are missing: each once, with the lines it concerns."""
    by_convention = letters(lines)
    concerned: dict[str, list[str]] = {}
    for line in lines:
        letter = by_convention.get(line.convention)
        convention = f"Convention {letter}: {line.convention}" if letter else f"Convention: {line.convention}"
        for text in (*line.notes, convention, *line.remarks):
            concerned.setdefault(text, []).append(whose(line))
        for reason, metrics in missing(line).items():
            which = " " + ", ".join(metrics) if metrics else ""
            concerned.setdefault(reason[:1].upper() + reason[1:], []).append(f"{whose(line)}{which}")
        for metric in (m for m in (_HEADLINE, tiou_name()) if m in line.cells):
            comparison = compare(line, metric)
            if comparison.unlike:
                concerned.setdefault(f"{title(metric)} {comparison.note}", []).append(whose(line))
    everywhere = [whose(line) for line in lines]
    for text, names in concerned.items():
        yield f"{text}." if names == everywhere else f"{text}: {'; '.join(names)}."


def _or_lowest(value: float) -> float:
    return -math.inf if math.isnan(value) else value
