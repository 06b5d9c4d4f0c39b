"""The command line as a whole: one application, errors as one line, exit code 2."""

import logging
import os
import sys
from typing import Annotated

import typer

from vadbench import __version__
from vadbench.cli import cost, data, demo, evaluate, features, pictures, runs
from vadbench.errors import VadbenchError

app = typer.Typer(
    name="vadbench",
    help="Offline feature extraction and evaluation for video anomaly detection. "
    "Snakemake calls these commands; each runs by hand too.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (data, features, runs, evaluate, pictures, cost):
    group.add_commands(app)
app.add_typer(demo.app, name="demo")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vadbench {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Set up logging, for all commands."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    for library in ("PIL", "matplotlib", "h5py", "httpx", "filelock", "libav"):
        logging.getLogger(library).setLevel(logging.WARNING)


def main() -> None:
    """Run one command; what the user can act on becomes one line on standard error and exit code 2.

    That is a :class:`VadbenchError`, and what the system says of a file: no permission, no space, not there.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        app()
    except (VadbenchError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"vadbench: {error}", err=True)
        sys.exit(2)
