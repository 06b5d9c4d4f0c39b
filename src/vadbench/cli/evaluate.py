"""The command `evaluate`: scores of a run, or of any other program, against a benchmark."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vadbench.cli.arguments import ConfigFile, read_json
from vadbench.config import (
    BenchmarkSettings,
    DataSettings,
    EvaluationSettings,
    load_benchmark,
    load_run_settings,
    settings_of_option,
)
from vadbench.config.yaml_text import read_mapping
from vadbench.errors import VadbenchError

if TYPE_CHECKING:
    from vadbench.evaluation import Record, RunLabel


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(evaluate)


def evaluate(
    scores: Annotated[
        Path,
        typer.Option(
            help="A folder with one .npy per video, an .npz with a key per video, a CSV file with the "
            "columns video,score or video,frame,score, or a scores.h5. Higher is more abnormal."
        ),
    ],
    benchmark: Annotated[str, typer.Option(help="The benchmark: the name of a file in config/.")],
    split: Annotated[str | None, typer.Option(help="The split that is tested, if there are several.")] = None,
    draw: Annotated[int | None, typer.Option(help="The draw, for splits that are drawn.")] = None,
    stride: Annotated[
        int | None, typer.Option(min=1, help="Frames per score, where it is not one per frame.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Keep the figures for the tables as NAME's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write metrics.json here.")] = None,
    settings: Annotated[
        str, typer.Option(help="Settings of the evaluation as JSON, in place of those in config/.")
    ] = "{}",
    config: ConfigFile = Path("config.yaml"),
    data_root: Annotated[Path | None, typer.Option(help="In place of the one in the settings.")] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="For a run: the annotations.json of its benchmark.")
    ] = None,
    method: Annotated[str, typer.Option(help="For a run: its method.")] = "",
    variant: Annotated[str, typer.Option(help="For a run: label of the method's variant.")] = "",
    features: Annotated[str, typer.Option(help="For a run: name of its feature set.")] = "",
    seed: Annotated[int, typer.Option(help="For a run: its seed.")] = 0,
) -> None:
    """Evaluate any method's scores on a benchmark: every metric with its convention, interval and coverage.

    Needs the benchmark's annotation files below data_root, but neither its videos nor anything computed from
    them. Numbers of frames are those of stores/BENCHMARK/frames, or, where that is not there, the published
    ones. What does not fit is reported: videos without scores, scores that are too short or too long.

    With --as, writes results/BENCHMARK/external/NAME/metrics.json, which `snakemake results/tables.csv` reads
    from then on. With --annotations, --method and --out, as the workflow calls it, the scores are those of a
    run; then nothing is read from config/.
    """
    if annotations is not None:
        if split is None or out is None or not method or name is not None or stride is not None:
            raise VadbenchError(
                "--annotations is for the scores of a run: it needs --split, --method and --out, and goes "
                "neither with --as nor with --stride"
            )
        from vadbench.evaluation import RunLabel

        label = RunLabel(
            benchmark=benchmark,
            split=split,
            draw=draw,
            method=method,
            variant=variant,
            features=features,
            seed=seed,
        )
        _evaluate_run(scores, annotations, label, settings, out, data_root or Path("data"))
        return
    if method or variant or features or seed:
        raise VadbenchError(
            "--method, --variant, --features and --seed are for the scores of a run and need --annotations; "
            "other scores are named by --as"
        )
    if name is not None and out is not None:
        raise VadbenchError("--as says where metrics.json is written; leave --out out")
    run = load_run_settings(read_mapping(config), config)
    chosen = load_benchmark(benchmark, config.parent / "config", run.override)
    evaluation = _settings(chosen.evaluation, settings)
    where = _split(benchmark, chosen, split), draw
    record, path = _evaluate_others(
        scores, benchmark, chosen.data, where, evaluation, data_root or Path(run.data_root), stride, name
    )
    _print(record)
    path = path or out
    if path is not None:
        record.save(path)
        typer.echo(f"written: {path}")
    if name is not None:
        typer.echo("The tables have it from their next run on: snakemake --cores 8 results/tables.csv")


def _evaluate_run(
    scores: Path, annotations: Path, label: "RunLabel", settings: str, out: Path, data_root: Path
) -> None:
    from vadbench.datasets import Annotations
    from vadbench.evaluation import evaluate_run

    chosen = _settings(EvaluationSettings(), settings)
    _print(evaluate_run(scores, Annotations.load(annotations), label, chosen, out, data_root))


def _evaluate_others(
    scores: Path,
    benchmark: str,
    data: DataSettings,
    where: tuple[str, int | None],
    settings: EvaluationSettings,
    data_root: Path,
    stride: int | None,
    name: str | None,
) -> tuple["Record", Path | None]:
    """The record and, where it is kept under a `name`, the file it belongs into. `where`: split and draw."""
    from vadbench.evaluation import evaluate_external, external_label, external_metrics, read_annotations

    label = external_label(benchmark, *where, name or scores.stem)
    path = None if name is None else external_metrics(label, Path("results"))
    annotations = read_annotations(benchmark, data, data_root)
    frames = Path("stores") / benchmark / "frames"
    record = evaluate_external(
        scores, annotations, label, settings, stride=stride, frames_store=frames, data_root=data_root
    )
    return record, path


def _settings(below: EvaluationSettings, text: str) -> EvaluationSettings:
    """Settings with those that were typed in place of theirs."""
    typed = settings_of_option(EvaluationSettings, "--settings", read_json("--settings", text))
    return below.model_copy(update=typed.model_dump(exclude_unset=True))


def _split(benchmark: str, settings: BenchmarkSettings, split: str | None) -> str:
    """The split asked for, or the only one that there is."""
    if split is None and len(settings.splits) > 1:
        raise VadbenchError(f"--split is needed: {benchmark} has {', '.join(settings.splits)}")
    return split or settings.splits[0]


def _print(record: "Record") -> None:
    """What the figures rest on, the figures, and how they were computed."""
    run, coverage, test = record.run, record.coverage, record.test
    draw = "" if run.draw is None else f", draw {run.draw}"
    typer.echo(
        f"{run.benchmark}, split {run.split}{draw}: {coverage.videos_scored:,} of {coverage.videos_total:,} "
        f"test videos scored, {coverage.frames_scored:,} of {coverage.frames_total:,} frames, "
        f"{test.abnormal_frames:,} of them abnormal"
    )
    for remark in coverage.remarks():
        typer.echo(f"  {remark}")
    width = max(map(len, record.metrics))
    for name, metric in record.metrics.items():
        value = "undefined" if math.isnan(metric.value) else f"{metric.value:.4f}"
        has_interval = not math.isnan(metric.ci_low)
        interval = f"[{metric.ci_low:.4f}, {metric.ci_high:.4f}]" if has_interval else f"({metric.reason})"
        typer.echo(f"{name:{width}} {value} {interval}")
    typer.echo(f"Convention: {record.convention.text}")
