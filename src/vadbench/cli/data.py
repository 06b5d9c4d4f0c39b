"""Commands on data: index."""

from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import ConfigFile


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(index)


def index(
    config: ConfigFile = Path("config.yaml"),
    data_root: Annotated[Path | None, typer.Option(help="In place of the one in the file.")] = None,
) -> None:
    """Bring video lists and annotations up to date: names, sizes and labels; opens no video.

    Snakemake does the same before every run. Writes stores/<benchmark>/videos/ and annotations.json.
    """
