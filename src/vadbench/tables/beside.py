"""The papers' own tables, row by row as printed, with what was measured here below."""

import math
from collections.abc import Iterable, Iterator, Sequence

from vadbench.evaluation import TIOU_BOXES, tiou_name
from vadbench.tables.comparison import features_of
from vadbench.tables.document import Row, Table
from vadbench.tables.lines import Line
from vadbench.tables.measured import shown_lines
from vadbench.tables.published import Printed, tables_on
from vadbench.tables.wording import BOX_TITLES, EXTERNAL, name, short_figure

_NOT_REPORTED = "not reported"
_DECIMALS = 2  # as the papers print


def published_tables(benchmark: str, split: str, lines: Sequence[Line]) -> list[Table]:
    """The papers' tables with rows on this benchmark and split; none where no paper reports on it."""
    tables = tables_on(benchmark, split)
    return [_table(source, cells, split, shown_lines(lines)) for source, cells in tables.items()]


def _table(source: str, cells: Sequence[Printed], split: str, lines: Sequence[Line]) -> Table:
    metrics = {cell.printed_metric: cell.metric for cell in cells}
    printed = [row for row in _rows(cells).values() if any(not math.isnan(cell.value) for cell in row)]
    measured = [line for line in lines if any(metric in line.cells for metric in metrics.values())]
    return Table(
        title=f"{source} ({cells[0].printed_dataset}), as printed{', and measured here' if measured else ''}",
        header=("Method", "Features", "Source", *metrics),
        groups=(
            tuple(_printed_row(row, metrics) for row in printed),
            tuple(row for line in measured for row in _measured_rows(line, list(metrics.values()))),
        ),
        notes=tuple(_notes(printed, split, measured)),
    )


def _rows(cells: Iterable[Printed]) -> dict[tuple[str, str], list[Printed]]:
    """Cells by the row in which they stand; the papers list a method once for each kind of features."""
    rows: dict[tuple[str, str], list[Printed]] = {}
    for cell in cells:
        rows.setdefault((cell.label, cell.printed_features), []).append(cell)
    return rows


def _printed_row(row: Sequence[Printed], metrics: Iterable[str]) -> Row:
    by_metric = {cell.printed_metric: cell.printed for cell in row}
    first = row[0]
    return (first.label, first.printed_features, "printed", *(by_metric[metric] for metric in metrics))


def _measured_rows(line: Line, metrics: Sequence[str]) -> Iterator[Row]:
    """What was measured; below a TIoU those of the trivial boxes, without which it says nothing."""
    made_of = EXTERNAL if line.external else f"{line.features}, {features_of(line)}"
    figures = (short_figure(line, metric, _DECIMALS) for metric in metrics)
    yield (name(line), made_of, "measured here", *figures)
    if tiou_name() in metrics and tiou_name() in line.cells:
        for box in filter(None, TIOU_BOXES):
            figures = (
                short_figure(line, tiou_name(box), _DECIMALS) if metric == tiou_name() else ""
                for metric in metrics
            )
            yield (f"{name(line)}, {BOX_TITLES[box]} box instead", made_of, "measured here", *figures)


def _notes(printed: Sequence[Sequence[Printed]], split: str, measured: Sequence[Line]) -> Iterable[str]:
    """What to know of the rows, each remark once, with the rows it concerns."""
    videos = printed[0][0].test_videos
    here = sorted({line.test_videos for line in measured} - {videos})
    if here:
        yield f"Measured on {here[0]} test videos, printed for {videos}: not comparable."
    concerned: dict[str, list[str]] = {}
    for row in printed:
        notes = [note for cell in row for note in cell.note.split("; ") if note not in ("", _NOT_REPORTED)]
        other_split = [row[0].setting] if row[0].split != split else []
        for note in dict.fromkeys([*other_split, *notes]):
            concerned.setdefault(note, []).append(row[0].label)
    for note, labels in concerned.items():
        yield f"{'; '.join(labels)}: {note}."
