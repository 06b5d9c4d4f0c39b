"""The command that counts: cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import ConfigFile, read_json
from vadbench.config import CostSettings, load_benchmark, load_run_settings, settings_of_option
from vadbench.config.yaml_text import read_mapping


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(cost)


def cost(
    benchmarks: Annotated[
        list[str] | None, typer.Argument(help="Names of files in config/; else those of the run's settings.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write cost.csv and cost.md into.")] = Path("results"),
    logs: Annotated[Path, typer.Option(help="Folder of the stages' logs.")] = Path("logs"),
    settings: Annotated[
        str | None,
        typer.Option(help="By benchmark what to count, as JSON; else read from the settings files."),
    ] = None,
    config: ConfigFile = Path("config.yaml"),
) -> None:
    """Count parameters and FLOPs of sets and methods: writes cost.csv (tidy) and cost.md (to read).

    Needs no weights and no videos. Frames per second are those that the logs of the stages end with.
    """
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
    return {
        name: settings_of_option(CostSettings, f"--settings, {name}", values)
        for name, values in read_json("--settings", text).items()
    }
