"""Commands on data: index."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vadbench.cli.arguments import ConfigFile, Device, Threads, allowed_threads
from vadbench.config import BenchmarkSettings, load_benchmark, load_run_settings
from vadbench.config.yaml_text import read_mapping

if TYPE_CHECKING:
    from vadbench.datasets.published import Count
    from vadbench.stages.planning import SetPlan


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(index)


def index(
    benchmarks: Annotated[
        list[str] | None, typer.Argument(help="Names of files in config/; else those of the run's settings.")
    ] = None,
    config: ConfigFile = Path("config.yaml"),
    data_root: Annotated[Path | None, typer.Option(help="In place of the one in the settings.")] = None,
    device: Device = "auto",
    threads: Threads = 2,
) -> None:
    """Bring video lists and annotations up to date, then plan: rows, gigabytes, hours on this machine.

    Writes stores/<benchmark>/videos/ and annotations.json where their content changes, as Snakemake does
    before every run. The hours come from trying each stage for some seconds.
    """
    run = load_run_settings(read_mapping(config), config)
    root = data_root or Path(run.data_root)
    threads = allowed_threads(threads)
    for name in benchmarks or run.benchmarks:
        settings = load_benchmark(name, config.parent / "config", run.override)
        _index(name, settings, root, device, threads)


def _index(name: str, settings: BenchmarkSettings, root: Path, device: str, threads: int) -> None:
    from vadbench.datasets import Annotations
    from vadbench.demo.index import update_index

    report = update_index(name, settings, root, Path("stores"))
    typer.echo(f"{name}: {len(report.entries)} videos in {settings.shards} shards below {root}")
    _print_written(report.written)
    _print_counts(report.counts)
    for note in report.notes:
        typer.echo(f"  {note}")
    from vadbench.stages.planning import plan_sets

    annotations = Annotations.load(Path("stores") / name / "annotations.json")
    tested = annotations.test_videos(settings.splits, settings.draws)
    plans = plan_sets(
        settings.features,
        report.entries,
        annotations,
        root,
        tested,
        draws=settings.draws,
        device=device,
        threads=threads,
    )
    _print_plan(plans)


def _print_written(paths: Sequence[Path]) -> None:
    lists = [path for path in paths if path.parent.name == "videos"]
    if len(lists) > 1:
        typer.echo(f"  written: {len(lists)} lists of videos in {lists[0].parent}")
    for path in paths:
        if len(lists) < 2 or path not in lists:
            typer.echo(f"  written: {path}")


def _print_counts(counts: Sequence["Count"]) -> None:
    """What was found beside what was published; notes name every deviation again."""
    width = max((len(count.what) for count in counts), default=0)
    if counts:
        typer.echo(f"  {'':<{width}} {'found':>10} {'published':>10}")
    for count in counts:
        published = "-" if count.published is None else f"{count.published:,}"
        mark = "  <- differs" if count.deviation else ""
        typer.echo(f"  {count.what:<{width}} {count.found:>10,} {published:>10}{mark}")


def _print_plan(plans: Sequence["SetPlan"]) -> None:
    typer.echo(f"  {'set':<16} {'rows':>10} {'gigabytes':>10} {'hours':>8}")
    for plan in plans:
        rows = "?" if plan.rows is None else plan.rows
        size = "?" if plan.bytes is None else f"{plan.bytes / 1e9:.3f}"
        hours = "?" if plan.seconds is None else f"{plan.seconds / 3600:.3f}"
        typer.echo(f"  {plan.name:<16} {rows:>10} {size:>10} {hours:>8}  {plan.note}".rstrip())
