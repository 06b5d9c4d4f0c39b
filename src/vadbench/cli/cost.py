"""The command that counts: cost."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import ConfigFile, read_json
from vadbench.config import CostSettings, load_benchmark, load_run_settings, settings_of_option
from vadbench.config.allowed import PATTERNS
from vadbench.config.base import NAME_PATTERN
from vadbench.config.yaml_text import read_mapping
from vadbench.errors import VadbenchError


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(cost)


def cost(
    benchmarks: Annotated[
        list[str] | None, typer.Argument(help="Names of files in config/; else those of the run's settings.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write cost.csv and cost.md into.")] = Path("costs"),
    logs: Annotated[Path, typer.Option(help="Folder of the stages' logs.")] = Path("logs"),
    settings: Annotated[
        str | None,
        typer.Option(help="By benchmark what to count, as JSON, in place of names."),
    ] = None,
    config: ConfigFile = Path("config.yaml"),
) -> None:
    """Count parameters and FLOPs of sets and methods: writes cost.csv (tidy) and cost.md (to read).

    Needs neither weights nor videos; of a model of the hub (hf-hub:owner/name) its architecture, which
    `vadbench fetch-weights` brings with the weights. Counted are the sets that the methods read. Frames per
    second are those that the logs of the stages end with.
    """
    if benchmarks and settings is not None:
        raise VadbenchError(
            "--settings: says itself what to count; give either names of benchmarks or --settings"
        )
    counted = _of_files(benchmarks, config) if settings is None else _of_option(settings)
    from vadbench.costs.counting import costs_of
    from vadbench.tables import write_costs

    write_costs([row for name, each in counted.items() for row in costs_of(name, each, logs)], out)
    typer.echo(f"written: {out / 'cost.csv'}, {out / 'cost.md'}")


def _of_files(benchmarks: Sequence[str] | None, config: Path) -> Mapping[str, CostSettings]:
    run = load_run_settings(read_mapping(config), config)
    return {
        name: CostSettings.of(load_benchmark(name, config.parent / "config", run.override))
        for name in benchmarks or run.benchmarks
    }


def _of_option(text: str) -> Mapping[str, CostSettings]:
    given = read_json("--settings", text)
    if not given:
        raise VadbenchError("--settings: no benchmark is named; a key for each is needed, such as demo")
    for name in given:
        # It becomes a part of a path, that of the logs.
        if not re.fullmatch(NAME_PATTERN, name):
            raise VadbenchError(f"--settings: {name!r} names no benchmark; allowed: {PATTERNS[NAME_PATTERN]}")
    return {
        name: settings_of_option(CostSettings, f"--settings, {name}", values)
        for name, values in given.items()
    }
