"""The tables of some runs, as files."""

from collections.abc import Sequence
from pathlib import Path

from vadbench.errors import VadbenchError
from vadbench.evaluation import Record
from vadbench.store.files import write_text
from vadbench.tables.latex import latex
from vadbench.tables.layout import lay_out
from vadbench.tables.lines import lines_of
from vadbench.tables.markdown import markdown
from vadbench.tables.page import html_page
from vadbench.tables.tidy import tidy_csv


def write_tables(metrics: Sequence[Path], folder: Path) -> None:
    """Write the tables of all runs: tables.csv (tidy), tables.md, tables.html and tables.tex (to read).

    Methods stand in the order of their first file. The files of one benchmark give that benchmark's tables,
    those of all benchmarks the joined ones.

    Raises:
        VadbenchError: no file, one that cannot be read, one run twice, or seeds that were made differently.
    """
    if not metrics:
        raise VadbenchError(
            "tables: no metrics.json given; name at least one, as `vadbench evaluate` writes it"
        )
    lines = lines_of({path: Record.load(path) for path in metrics})
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "tables.csv", tidy_csv(lines))
    document = lay_out(lines)
    text = markdown(document)
    write_text(folder / "tables.md", text)
    write_text(folder / "tables.html", html_page(text))
    write_text(folder / "tables.tex", latex(document))
