"""cost.csv: one row per benchmark and set or method, with what STPrompt's Table 7 prints beside it."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from vadbench.costs import Cost
from vadbench.store.files import write_text
from vadbench.tables.comparison import made_by, same_features
from vadbench.tables.cost_document import cost_document
from vadbench.tables.markdown import markdown
from vadbench.tables.published import Printed, costs

COLUMNS = (
    *("benchmark", "kind", "name", "variant", "reads", "model", "weights"),
    *("parameters", "parameters_with_towers", "trainable"),
    *("flops_per_frame", "flops_per_frame_total", "flops_once", "frames_counted"),
    *("frames_per_second", "measured_on"),
    *("published_parameters", "published_flops", "published_source", "published_note", "note"),
)
"""Columns of cost.csv; an empty field is one that is not known, or does not apply.

`flops_per_frame_total` is what is counted of it: where a method's own `flops_per_frame` is empty, the sets
alone.
"""

_UNSAID = "what is counted, per how many frames, and whether a multiply-add is 1 or 2 is not printed"


def write_costs(rows: Sequence[Cost], folder: Path) -> None:
    """Write the costs of all benchmarks: cost.csv (tidy) and cost.md (to read)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "cost.csv", cost_csv(rows))
    write_text(folder / "cost.md", markdown(cost_document(rows)))


def cost_csv(rows: Iterable[Cost]) -> str:
    """The text of cost.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(cost) for cost in rows)
    return text.getvalue()


def _row(cost: Cost) -> dict[str, object]:
    named = {name: getattr(cost, name) for name in COLUMNS[:7]}
    rate = cost.frames_per_second
    return {
        **named,
        "parameters": _whole(cost.parameters),
        "parameters_with_towers": _whole(cost.parameters_with_towers),
        "trainable": _whole(cost.trainable),
        "flops_per_frame": _whole(cost.flops),
        "flops_per_frame_total": _whole(cost.flops_total),
        "flops_once": _whole(cost.flops_once),
        "frames_counted": _whole(cost.frames_counted),
        "frames_per_second": "" if rate is None else f"{rate:.2f}",
        "measured_on": cost.measured_on,
        **_published(cost),
        "note": "; ".join([*_in_macs(cost), *cost.notes]),
    }


def _whole(number: float | None) -> str:
    return "" if number is None else f"{number:.0f}"


def _in_macs(cost: Cost) -> list[str]:
    """The other way to count, which the paper may mean: it does not say."""
    if not cost.flops_total:
        return []
    return [f"{cost.flops_total / 2e9:.4g} GMACs per frame in all, half of the FLOPs"]


def _published(cost: Cost) -> dict[str, str]:
    """The figures of the paper, where method and features agree, or why there are none."""
    if cost.kind == "features":
        return {}
    printed = [cell for cell in costs() if cell.method == cost.name]
    reason = _disagreement(cost, printed)
    if reason:
        return {"published_note": reason}
    values = {f"published_{cell.metric}": _whole(cell.amount) for cell in printed}
    return {**values, "published_source": printed[0].source, "published_note": _UNSAID}


def _disagreement(cost: Cost, printed: Sequence[Printed]) -> str:
    """Why nothing printed may stand beside a row; empty where it may."""
    if not printed:
        return f"STPrompt, Table 7 prints nothing for {cost.name}"
    first = printed[0]
    quoted = " and ".join(f"{cell.printed_metric} {cell.printed}" for cell in printed)
    if cost.variant:
        return f"published for the method, not for this variant of it: {quoted} ({first.source})"
    if not same_features(cost.model, cost.weights, first):
        theirs, ours = (made_by(features.model, features.weights) for features in (first, cost))
        return f"published with {theirs}, here with {ours}: {quoted} ({first.source})"
    return ""
