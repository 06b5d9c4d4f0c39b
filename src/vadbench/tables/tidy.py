"""tables.csv: one row per benchmark, split, draw, method, variant, features and metric."""

import csv
import io
import math
from collections.abc import Iterable, Iterator

from vadbench.tables.comparison import compare
from vadbench.tables.lines import Cell, Line
from vadbench.tables.wording import features

COLUMNS = (
    *("benchmark", "split", "draw", "method", "variant", "features", "metric"),
    *("value", "std", "std_draws", "ci_low", "ci_high"),
    *("published", "published_source", "difference", "published_note"),
    *("coverage", "weights", "selection", "convention", "seeds", "note"),
)
"""Columns of tables.csv; metrics are fractions of 1, an empty field is one that does not apply."""


def tidy_csv(lines: Iterable[Line]) -> str:
    """The text of tables.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerows(_rows(line))
    return text.getvalue()


def _rows(line: Line) -> Iterator[dict[str, str]]:
    for metric, cell in line.cells.items():
        yield {
            "benchmark": line.benchmark,
            "split": line.split,
            "draw": line.draw,
            "method": line.method,
            "variant": line.variant,
            "features": features(line),
            "metric": metric,
            **_numbers(cell),
            **_published(line, metric),
            "coverage": f"{line.coverage:.6f}",
            "weights": line.weights,
            "selection": line.selection,
            "convention": f"{line.definitions[metric]}; {line.convention}",
            "seeds": " ".join(map(str, line.seeds)),
            "note": cell.note,
        }


def _published(line: Line, metric: str) -> dict[str, str]:
    comparison = compare(line, metric)
    if math.isnan(comparison.value):
        return {"published_note": comparison.note}
    difference = line.cells[metric].value - comparison.value
    return {
        "published": f"{comparison.value:.6f}",
        "published_source": comparison.source,
        "difference": "NaN" if math.isnan(difference) else f"{difference:.6f}",
        "published_note": comparison.note,
    }


def _numbers(cell: Cell) -> dict[str, str]:
    spread = {"std": cell.std, "std_draws": cell.std_draws, "ci_low": cell.low, "ci_high": cell.high}
    return {
        # Undefined is said, what does not apply is empty.
        "value": "NaN" if math.isnan(cell.value) else f"{cell.value:.6f}",
        **{name: "" if math.isnan(number) else f"{number:.6f}" for name, number in spread.items()},
    }
