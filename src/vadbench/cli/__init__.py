"""The commands. Each imports what it runs only when it runs, so that ``vadbench --help`` answers at once."""

from vadbench.cli.app import main

__all__ = ["main"]
