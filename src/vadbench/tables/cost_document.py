"""cost.md: what sets and methods cost, to read."""

from collections.abc import Iterable, Sequence

from vadbench.costs import Cost
from vadbench.tables.comparison import made_by
from vadbench.tables.document import Document, Row, Section, Table
from vadbench.tables.published import costs

_LEGEND = """\
Parameters and FLOPs are counted, the latter by torch's own counter: it sees matrix products, convolutions and
attention, and counts a multiply-add as 2 FLOPs, so that half of a number is that of multiply-adds (GMACs).
They are per frame, and a frame is a sampled one, a row of the set that a method reads. `GFLOPs` of a method
are its own: those of as many frames of a video as `At frames` says, divided by their number, which matters
where frames are compared with each other; methods that score videos in pieces are counted on a whole piece.
`GFLOPs once` are those before the first frame, for the texts of classes. `With towers` adds the parameters of
the frozen towers that the method needs, `GFLOPs in all` the FLOPs of the sets below it: what is counted of
them, so that it is the sets alone where `GFLOPs` is empty. Weights change none of this."""

_RATES = """\
Frames per second are measured: those that the last run of a set wrote, by its time on the clock, of one
process, without imports and the loading of weights, as the logs of its parts end."""

_PRINTED = """\
STPrompt's Table 7 does not say what is counted, per how many frames, and whether a multiply-add is 1 or 2
FLOPs. cost.csv sets its figures beside a method only where model and weights of the features agree."""


def cost_document(rows: Sequence[Cost]) -> Document:
    """The costs of all benchmarks, then what the paper prints."""
    names = dict.fromkeys(cost.benchmark for cost in rows)
    sections = [_section(name, [cost for cost in rows if cost.benchmark == name]) for name in names]
    return Document(
        sections=(*sections, Section("As printed", "", (_printed(),))),
        legend=(_LEGEND, _RATES, _PRINTED),
        items=(),
        title="Costs",
    )


def _section(benchmark: str, rows: Sequence[Cost]) -> Section:
    sets = [cost for cost in rows if cost.kind == "features"]
    methods = [cost for cost in rows if cost.kind == "method"]
    return Section(benchmark, "", (_sets_table(sets), _methods_table(methods)))


def _sets_table(rows: Sequence[Cost]) -> Table:
    return Table(
        title="feature sets",
        header=("Set", "Model", "Parameters", "GFLOPs", "Frames/s", "Measured on"),
        groups=(
            tuple(
                (
                    cost.name,
                    made_by(cost.model, cost.weights),
                    _count(cost.parameters),
                    _giga(cost.flops),
                    "" if cost.frames_per_second is None else f"{cost.frames_per_second:.1f}",
                    cost.measured_on,
                )
                for cost in rows
            ),
        ),
        notes=tuple(_notes(rows)),
    )


def _methods_table(rows: Sequence[Cost]) -> Table:
    return Table(
        title="methods",
        header=(
            *("Method", "Reads", "Parameters", "Trainable", "With towers"),
            *("GFLOPs", "At frames", "GFLOPs in all", "GFLOPs once"),
        ),
        groups=(tuple(map(_method_row, rows)),),
        notes=tuple(_notes(rows)),
    )


def _method_row(cost: Cost) -> Row:
    return (
        _name(cost),
        cost.reads,
        _count(cost.parameters),
        _count(cost.trainable),
        _count(cost.parameters_with_towers),
        _giga(cost.flops),
        _count(cost.frames_counted),
        _giga(cost.flops_total),
        _giga(cost.flops_once),
    )


def _printed() -> Table:
    """The paper's table: a row for each of its rows."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for cell in costs():
        rows.setdefault((cell.label, cell.printed_features), {})[cell.printed_metric] = cell.printed
    metrics = tuple(dict.fromkeys(cell.printed_metric for cell in costs()))
    lines = tuple((*of, *(cells[metric] for metric in metrics)) for of, cells in rows.items())
    notes = dict.fromkeys(f"{cell.label}: {cell.note}." for cell in costs() if cell.note)
    return Table(costs()[0].source, ("Method", "Features", *metrics), (lines,), tuple(notes))


def _notes(rows: Iterable[Cost]) -> Iterable[str]:
    """Each remark once, with the rows it concerns."""
    concerned: dict[str, list[str]] = {}
    for cost in rows:
        for note in cost.notes:
            concerned.setdefault(note, []).append(_name(cost))
    for note, names in concerned.items():
        yield f"{', '.join(names)}: {note}."


def _name(cost: Cost) -> str:
    return f"{cost.name} ({cost.variant})" if cost.variant else cost.name


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _giga(number: float | None) -> str:
    return "" if number is None else f"{number / 1e9:.4g}"
