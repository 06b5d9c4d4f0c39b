"""What stands in tables.md and tables.tex, per benchmark and split."""

from collections.abc import Iterable, Sequence

from vadbench.evaluation import (
    MAP_DEFINITIONS,
    TIOU_BOXES,
    TIOU_DEFINITIONS,
    TIOU_GATES,
    TIOU_MEANS,
    tiou_name,
)
from vadbench.tables.beside import published_tables
from vadbench.tables.document import Document, Section
from vadbench.tables.lines import Line, same_benchmark_and_split
from vadbench.tables.measured import measured_tables, shown_lines
from vadbench.tables.published import PAPERS
from vadbench.tables.wording import EXTERNAL, title

_SUPERVISION = {
    "one_class": "one-class: what is trained sees normal videos only",
    "weak": "weakly supervised: what is trained sees video-level labels",
}

_LEGEND = """\
All metrics in per cent: mean over seeds ± standard deviation over seeds [95 % interval]. The interval is a
percentile bootstrap over test videos of the mean over seeds, with the same resamples for all seeds and
methods: it holds the uncertainty of the choice of test videos, not that of the seeds. Δ is the difference in
micro AUC to the best line of its table, with a paired bootstrap over the same resamples; lines of another
convention have none. A mean over draws is followed by the standard deviation over draws, then by that over
seeds within a draw; it has no interval, for draws share test videos. Weights: `none` is random
initialisation, `-` is no model."""

_EXTERNAL = f"Features {EXTERNAL}: scores that were computed elsewhere and evaluated here."

_PRINTED = """\
Rows with the source `printed` are what a paper prints, under its own convention and with its own choice of
checkpoint; what was measured here stands below them. A published figure is set against a measured one
(`Published`) only where benchmark, split, metric and features agree; tables.csv says for every line and
metric which figure that is, or why there is none."""

_EXPLAINED_BY_OTHERS = {
    # The mean over the thresholds explains them all.
    *(metric for metric in MAP_DEFINITIONS if not metric.endswith("_mean")),
    # Gates and means are those of the predicted box.
    *(
        TIOU_DEFINITIONS.keys()
        - {tiou_name(box) for box in TIOU_BOXES}
        - {tiou_name("", gate, mean) for gate in TIOU_GATES for mean in TIOU_MEANS}
    ),
}


def lay_out(lines: Iterable[Line]) -> Document:
    """All tables of some lines, with the legend."""
    grouped = same_benchmark_and_split(lines)
    sections = tuple(_section(*key, group) for key, group in grouped.items())
    definitions = {
        metric: text
        for group in grouped.values()
        for line in group
        for metric, text in line.definitions.items()
        if metric not in _EXPLAINED_BY_OTHERS
    }
    papers = {
        paper: text
        for paper, text in PAPERS.items()
        if any(table.title.startswith(f"{paper},") for section in sections for table in section.tables)
    }
    external = any(line.external for group in grouped.values() for line in group)
    return Document(
        sections=sections,
        legend=(_LEGEND, *([_EXTERNAL] if external else []), *([_PRINTED] if papers else [])),
        items=tuple(
            f"{key}: {text}."
            for key, text in ({title(m): t for m, t in definitions.items()} | papers).items()
        ),
    )


def _section(benchmark: str, split: str, lines: list[Line]) -> Section:
    supervision = _SUPERVISION.get(lines[0].supervision, lines[0].supervision)
    return Section(
        title=f"{benchmark}, split {split}",
        introduction=f"{supervision.capitalize()}.{_test_set(shown_lines(lines))}",
        tables=(*measured_tables(lines), *published_tables(benchmark, split, lines)),
    )


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
