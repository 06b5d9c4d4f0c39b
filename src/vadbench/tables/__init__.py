"""metrics.json of all runs -> tables.csv, tables.md, tables.html and tables.tex."""

from vadbench.tables.tidy import COLUMNS
from vadbench.tables.write import write_tables

__all__ = ["COLUMNS", "write_tables"]
