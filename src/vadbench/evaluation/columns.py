"""Tables that others write: CSV, or with tabs, with named columns."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from vadbench.errors import VadbenchError

DELIMITERS = {".csv": ",", ".tsv": "\t"}
"""What parts the cells of a file, by its ending."""


def read_columns(
    path: Path, needed: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Number of the line and cells of each line of a table, without white space at their ends.

    The first line names the columns; they stand in any order, further ones are passed over, and so are blank
    lines. UTF-8, with or without a byte order mark.

    Args:
        path: a `.csv` file with commas or a `.tsv` file with tabs.
        needed: columns that must be there.
        optional: columns that may be there.

    Yields:
        The cells of `needed`, then those of `optional`, of which ones that are not there are left out.

    Raises:
        VadbenchError: naming file and line, for what is no such table.
    """
    number = 1  # of the line that the next cells begin on
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=DELIMITERS[path.suffix.lower()], strict=True)
            header = [cell.strip().lower() for cell in next(reader, [])]
            places = _places(header, needed, optional)
            number = reader.line_num + 1
            for row in reader:
                if any(row):
                    if len(row) != len(header):
                        raise ValueError(f"has {len(row)} cells, the first line names {len(header)} columns")
                    yield number, tuple(row[place].strip() for place in places)
                number = reader.line_num + 1
    except UnicodeDecodeError:
        raise VadbenchError(f"{path}, line {number} or below: is not UTF-8 text; save it as UTF-8") from None
    except (csv.Error, ValueError) as error:
        raise VadbenchError(f"{path}, line {number}: {error}") from None


def whole_number(text: str, what: str, least: int) -> int:
    """The number that ASCII digits stand for. Raises ValueError, naming `what`, for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise ValueError(f"{what} is {text!r}; it is a whole number from {least}")
    return int(text)


def _places(header: Sequence[str], needed: Sequence[str], optional: Sequence[str]) -> list[int]:
    wanted = [*needed, *(name for name in optional if name in header)]
    missing = [name for name in wanted if header.count(name) != 1]
    if missing:
        form = ",".join(needed)
        raise ValueError(
            f"must name the columns {form}{' and may name ' + ','.join(optional) if optional else ''}, each "
            f"once; it names {','.join(header) or 'none'}"
        )
    return [header.index(name) for name in wanted]
