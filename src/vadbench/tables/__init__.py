"""metrics.json of all runs -> tables.csv and tables.md."""

from vadbench.tables.tidy import COLUMNS
from vadbench.tables.write import write_tables

__all__ = ["COLUMNS", "write_tables"]
