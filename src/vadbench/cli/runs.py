"""Commands on runs: train, score, tables."""

from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import Device, Threads, allowed_threads, read_json
from vadbench.config import (
    METHOD_SETTINGS,
    EvaluationSettings,
    MethodSettings,
    QuerySettings,
    TextSettings,
    settings_of_option,
)
from vadbench.errors import VadbenchError

MethodName = Annotated[str, typer.Option("--method", help=f"One of: {', '.join(METHOD_SETTINGS)}.")]
SplitName = Annotated[str, typer.Option("--split", help="A split of the annotations, such as weak.")]
Draw = Annotated[int | None, typer.Option(help="The draw, for splits that are drawn.")]
Seed = Annotated[int, typer.Option(min=0, help="Fixes initialisation, batch order and dropout.")]
Features = Annotated[Path, typer.Option(help="store.json of the feature set that is read.")]
AnnotationsFile = Annotated[Path, typer.Option("--annotations", help="A benchmark's annotations.json.")]
SettingsJson = Annotated[str, typer.Option("--settings", help="Settings as JSON; others have defaults.")]
TextsJson = Annotated[str, typer.Option("--texts", help="The benchmark's texts as JSON.")]
QueriesJson = Annotated[str, typer.Option("--queries", help="The benchmark's queries as JSON.")]
RunFolder = Annotated[Path, typer.Option("--out", help="The run's folder.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(train)
    app.command()(score)
    app.command()(tables)


def train(
    method: MethodName,
    split: SplitName,
    features: Features,
    annotations: AnnotationsFile,
    out: RunFolder,
    settings: SettingsJson = "{}",
    texts: TextsJson = "{}",
    draw: Draw = None,
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Train a method: reads a feature set and labels, writes checkpoint.safetensors.

    A training that was killed goes on from its last checkpoint; give the same command again.
    """
    chosen = _method_settings(method, settings)
    threads = allowed_threads(threads)
    from vadbench.datasets import Annotations
    from vadbench.evaluation import micro_auc_of_rows
    from vadbench.methods import METHODS, TrainInputs
    from vadbench.store import Store

    labels = Annotations.load(annotations)
    videos = labels.split(split, draw)
    with Store.open(features.parent) as store:
        on_test = None
        if getattr(chosen, "selection", None) == "best_on_test":
            on_test = micro_auc_of_rows(store, labels, videos, EvaluationSettings())
        METHODS[method].train(
            TrainInputs(
                features=store,
                split=videos,
                annotations=labels,
                texts=settings_of_option(TextSettings, "--texts", read_json("--texts", texts)),
                settings=chosen,
                seed=seed,
                out=out,
                device=device,
                threads=threads,
                evaluate_on_test=on_test,
            )
        )


def score(
    method: MethodName,
    split: SplitName,
    features: Features,
    annotations: AnnotationsFile,
    out: RunFolder,
    settings: SettingsJson = "{}",
    texts: TextsJson = "{}",
    queries: QueriesJson = "{}",
    draw: Draw = None,
    seed: Seed = 0,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Score the test videos of a split: reads a feature set and the run's checkpoint.

    Writes scores.h5 and settings.json. Settings that scoring alone reads need not be those of the training.
    """
    chosen = _method_settings(method, settings)
    threads = allowed_threads(threads)
    from vadbench.datasets import Annotations
    from vadbench.methods import METHODS, ScoreInputs
    from vadbench.store import Store

    with Store.open(features.parent) as store:
        METHODS[method].score(
            ScoreInputs(
                features=store,
                split=Annotations.load(annotations).split(split, draw),
                texts=settings_of_option(TextSettings, "--texts", read_json("--texts", texts)),
                queries=settings_of_option(QuerySettings, "--queries", read_json("--queries", queries)),
                settings=chosen,
                seed=seed,
                run=out,
                out=out / "scores.h5",
                device=device,
                threads=threads,
            )
        )


def tables(
    metrics: Annotated[list[Path], typer.Argument(help="metrics.json of the runs, in the tables' order.")],
    out: Annotated[Path, typer.Option(help="Folder to write tables.csv, .md, .html and .tex into.")],
) -> None:
    """Join the metrics of runs: writes tables.csv (tidy), tables.md, .html and .tex (to read)."""
    from vadbench.tables import write_tables

    write_tables(metrics, out)


def _method_settings(method: str, settings: str) -> MethodSettings:
    if method not in METHOD_SETTINGS:
        raise VadbenchError(f"there is no method {method!r}; there are: {', '.join(METHOD_SETTINGS)}")
    return settings_of_option(
        METHOD_SETTINGS[method], "--settings", {"method": method, **read_json("--settings", settings)}
    )
