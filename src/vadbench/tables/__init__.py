"""metrics.json of all runs -> tables.csv, .md, .html and .tex; costs -> cost.csv and cost.md."""

from vadbench.tables.cost import write_costs
from vadbench.tables.tidy import COLUMNS
from vadbench.tables.write import write_tables

__all__ = ["COLUMNS", "write_costs", "write_tables"]
