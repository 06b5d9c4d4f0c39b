"""tables.md: per benchmark and split a table with methods as rows and metrics as columns, in per cent."""

import math
from collections.abc import Iterable, Sequence

from vadbench.evaluation import DEFINITIONS
from vadbench.metrics import difference_interval
from vadbench.tables.lines import MEAN, Line, same_benchmark_and_split

_HEADLINE = "micro_auc"
_MAIN = ("micro_auc", "micro_ap", "macro_auc")
"""Metrics of the first table; the second has all others."""

_TITLES = {
    "micro_auc": "micro AUC",
    "micro_ap": "micro AP",
    "micro_ap_trapezoid": "micro AP (trapezoid)",
    "macro_auc": "macro AUC",
    "macro_auc_sentinel": "macro AUC (sentinel)",
    "abnormal_videos_auc": "AUC, abnormal videos",
    "abnormal_videos_ap": "AP, abnormal videos",
}

_SUPERVISION = {
    "one_class": "one-class: what is trained sees normal videos only",
    "weak": "weakly supervised: what is trained sees video-level labels",
}

_LEGEND = """\
All metrics in per cent: mean over seeds ± standard deviation over seeds [95 % interval]. The interval is a
percentile bootstrap over test videos of the mean over seeds, with the same resamples for all seeds and
methods: it holds the uncertainty of the choice of test videos, not that of the seeds. Δ is the difference in
micro AUC to the best line of its table, with a paired bootstrap over the same resamples. A mean over draws is
followed by the standard deviation over draws, then by that over seeds within a draw; it has no interval, for
draws share test videos. Weights: `none` is random initialisation, `-` is no model."""


def readable_markdown(lines: Iterable[Line]) -> str:
    """The text of tables.md."""
    grouped = same_benchmark_and_split(lines)
    sections = [_section(*key, group) for key, group in grouped.items()]
    metrics = "\n".join(f"- {_TITLES[metric]}: {text}." for metric, text in DEFINITIONS.items())
    return "\n\n".join(["# Results", *sections, "## How to read the tables", _LEGEND, metrics]) + "\n"


def _section(benchmark: str, split: str, lines: list[Line]) -> str:
    supervision = _SUPERVISION.get(lines[0].supervision, lines[0].supervision)
    shown = [line for line in lines if line.draw in ("", MEAN)]
    parts = [
        f"## {benchmark}, split {split}",
        f"{supervision.capitalize()}.{_test_set(shown)}",
        _main_table(shown),
        "Further metrics of the same runs:",
        _further_table(shown),
    ]
    if any(line.draw == MEAN for line in lines):
        parts += [f"{_TITLES[_HEADLINE]} by draw:", _by_draw(lines)]
    return "\n\n".join([*parts, _footnotes(shown)])


def _main_table(lines: Sequence[Line]) -> str:
    titles = [_TITLES[metric] for metric in _MAIN]
    header = ["Method", "Features", *titles, "Δ", "Weights", "Checkpoint", "Seeds", "Coverage"]
    best = max(lines, key=lambda line: _or_lowest(line.cells[_HEADLINE].value))
    return _markdown(header, [_row(line, best) for line in lines])


def _further_table(lines: Sequence[Line]) -> str:
    further = [metric for metric in lines[0].cells if metric not in _MAIN]
    rows = [[_name(line), line.features, *(_cell(line, metric) for metric in further)] for line in lines]
    return _markdown(["Method", "Features", *(_TITLES[metric] for metric in further)], rows)


def _row(line: Line, best: Line) -> list[str]:
    return [
        _name(line),
        line.features,
        *(_cell(line, metric) for metric in _MAIN),
        _difference(line, best),
        line.weights or "-",
        line.selection or "-",
        str(len(line.seeds)),
        f"{100 * line.coverage:.4g} %",
    ]


def _cell(line: Line, metric: str) -> str:
    cell = line.cells[metric]
    if math.isnan(cell.value):
        return "undefined"
    spread = "".join(f" ± {100 * std:.1f}" for std in (cell.std_draws, cell.std) if not math.isnan(std))
    interval = "" if math.isnan(cell.low) else f" [{100 * cell.low:.1f}, {100 * cell.high:.1f}]"
    return f"{100 * cell.value:.1f}{spread}{interval}"


def _difference(line: Line, best: Line) -> str:
    ours, theirs = line.cells[_HEADLINE], best.cells[_HEADLINE]
    if line is best or math.isnan(ours.value):
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


def _by_draw(lines: Sequence[Line]) -> str:
    draws = list(dict.fromkeys(line.draw for line in lines if line.draw not in ("", MEAN)))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for line in lines:
        rows.setdefault((_name(line), line.features), {})[line.draw] = _cell(line, _HEADLINE)
    cells = [[*key, *(row.get(draw, "") for draw in draws)] for key, row in rows.items()]
    return _markdown(["Method", "Features", *(f"draw {draw}" for draw in draws)], cells)


def _test_set(lines: Sequence[Line]) -> str:
    """The test videos and frames, where all lines share them."""
    tests = {line.test.model_dump_json() for line in lines if line.test}
    test = lines[0].test
    if test is None or len(tests) != 1:
        return ""
    return (
        f" {test.videos} test videos, {test.abnormal_videos} with abnormal frames; {test.frames:,} frames, "
        f"{test.abnormal_frames:,} abnormal."
    )


def _footnotes(lines: Sequence[Line]) -> str:
    """Conventions, what did not fit, and why figures are missing: each once, with the lines it concerns."""
    concerned: dict[str, list[str]] = {}
    for line in lines:
        for text in (*line.notes, f"Convention: {line.convention}", *line.remarks):
            concerned.setdefault(text, []).append(_whose(line))
        for reason, metrics in _missing(line).items():
            which = "" if len(metrics) == len(line.cells) else " " + ", ".join(metrics)
            concerned.setdefault(reason[:1].upper() + reason[1:], []).append(f"{_whose(line)}{which}")
    everywhere = [_whose(line) for line in lines]
    return "\n\n".join(
        f"{text}." if names == everywhere else f"{text}: {'; '.join(names)}."
        for text, names in concerned.items()
    )


def _missing(line: Line) -> dict[str, list[str]]:
    """Metrics without value or interval, by reason; that a mean over draws has no interval goes unsaid."""
    reasons: dict[str, list[str]] = {}
    for metric, cell in line.cells.items():
        if cell.note and (line.draw != MEAN or math.isnan(cell.value)):
            reasons.setdefault(cell.note, []).append(_TITLES[metric])
    return reasons


def _name(line: Line) -> str:
    return f"{line.method} ({line.variant})" if line.variant else line.method


def _whose(line: Line) -> str:
    return f"{_name(line)} on {line.features}"


def _or_lowest(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [header, ["---"] * len(header), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in table)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)
