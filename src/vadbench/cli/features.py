"""Commands on feature stores: stage, link, verify, inspect, fetch-weights."""

import os
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from vadbench.cli.arguments import (
    ConfigFile,
    DataRoot,
    Device,
    Threads,
    allowed_threads,
    read_json,
    read_json_list,
)
from vadbench.cli.motion import motion_of_options, motion_of_set, stored_or_anew
from vadbench.config import (
    STAGE_SETTINGS,
    FeatureSet,
    WindowsSettings,
    load_benchmark,
    load_run_settings,
    settings_of_option,
)
from vadbench.config.yaml_text import read_mapping
from vadbench.errors import VadbenchError

BadVideo = Literal["fail", "skip"]
_BAD_VIDEO = typer.Option(
    help="A video that cannot be read: stop, or list it and leave it out of the coverage."
)


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(stage)
    app.command()(link)
    app.command()(verify)
    app.command()(inspect)
    app.command()(fetch_weights)


def stage(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(STAGE_SETTINGS)}.")],
    videos: Annotated[Path, typer.Option(help="The shard's stores/<benchmark>/videos/<shard>.json.")],
    out: Annotated[Path, typer.Option(help="The part to write.")],
    settings: Annotated[
        str, typer.Option(help="The stage's settings as JSON; left out ones have defaults.")
    ] = "{}",
    reads: Annotated[Path | None, typer.Option(help="Part of the set that this stage reads.")] = None,
    data_root: DataRoot = Path("data"),
    on_bad_video: Annotated[BadVideo, _BAD_VIDEO] = "fail",
    test_videos: Annotated[
        str | None,
        typer.Option(help="JSON list of the shard's videos that are tested, for windows with keep: test."),
    ] = None,
    motion: Annotated[Path | None, typer.Option(help="Part of the motion that histograms read.")] = None,
    motion_settings: Annotated[
        str | None,
        typer.Option(help="In place of --motion: settings of the stage motion as JSON, to make it anew."),
    ] = None,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Run one stage on one shard: reads its videos or a part of another set, writes one part.

    A run that was killed goes on where it stopped; give the same command again.
    """
    kind = _settings_type(name, "vadbench stage")
    chosen = settings_of_option(kind, f"vadbench stage {name} --settings", read_json("--settings", settings))
    tested = None if test_videos is None else read_json_list("--test-videos", test_videos)
    motion_source = motion_of_options(chosen, motion, motion_settings)
    threads = allowed_threads(threads)
    from vadbench.stages import run_stage

    run_stage(
        chosen,
        videos=videos,
        reads=reads,
        data_root=data_root,
        out=out,
        threads=threads,
        device=device,
        on_bad_video=on_bad_video,
        test_videos=tested,
        motion=motion_source,
    )


def link(
    folder: Annotated[Path, typer.Argument(help="Folder of a feature set, stores/<benchmark>/<set>.")],
    parts: Annotated[int, typer.Option(min=1, help="How many parts the set has.")],
) -> None:
    """Join the parts of a set: writes store.json (settings, digests) and store.h5 (all parts as one)."""
    from vadbench.store import link as join

    join(folder, parts)


def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of a feature set, stores/<benchmark>/<set>.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the damaged parts again, only those.")
    ] = False,
    config: ConfigFile = Path("config.yaml"),
    data_root: Annotated[Path | None, typer.Option(help="In place of the one in the settings.")] = None,
    on_bad_video: Annotated[BadVideo | None, _BAD_VIDEO] = None,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    """Check every array of a set; names file, dataset and videos of any damage (exit code 1).

    A set that only other sets are made of is not linked, and that is no damage: its parts are checked.

    With --repair damaged parts are set aside and made again by their stage; where they come out equal,
    nothing that reads them has to run again.
    """
    from vadbench import store

    found = store.verify(folder)
    for damage in found:
        typer.echo(str(damage))
    if not found:
        typer.echo(f"{folder}: no damage found{_of_unlinked(len(store.unlinked_parts(folder)))}")
        return
    if not repair:
        typer.echo(f"make the damaged parts again with: vadbench verify --repair {shlex.quote(str(folder))}")
        raise typer.Exit(1)
    threads = allowed_threads(threads)
    chosen = _settings_of_set(folder, config)
    reads = chosen.source
    usual_root, usual_way = _data_of_run(config, folder.parent.name)
    motion = motion_of_set(folder, chosen, config)
    from vadbench.stages import run_stage

    def remake(part: Path) -> None:
        videos = folder.parent / "videos" / (chosen.split or "") / f"{part.stem.removeprefix('part-')}.json"
        run_stage(
            chosen,
            videos=videos,
            reads=folder.parent / reads / part.name if reads else None,
            data_root=data_root or usual_root,
            out=part,
            threads=threads,
            device=device,
            on_bad_video=on_bad_video or usual_way,
            test_videos=_tested(chosen, videos, config),
            motion=stored_or_anew(part, chosen, motion),
        )

    for path in store.repair(folder, remake):
        typer.echo(f"made again: {path}")


def inspect(
    path: Annotated[Path, typer.Argument(help="A part, a scores file, or the folder of a set.")],
) -> None:
    """Print what a part or a set holds: settings, weights, arrays, videos."""
    from vadbench.store import inspect as describe

    typer.echo(describe(path))


def fetch_weights(
    model: Annotated[str, typer.Argument(help="Model of open_clip, or ultralytics for its detectors.")],
    weights: Annotated[
        str, typer.Argument(help="Its weights: openai of ViT-B-16-quickgelu; yolov8n of ultralytics.")
    ],
) -> None:
    """Bring weights from the hub; the only command that uses the network. Do it on a host that has one."""
    os.environ["HF_HUB_OFFLINE"] = "0"
    from vadbench.models.fetch import fetch_weights as fetch

    typer.echo(fetch(model, weights))


def _of_unlinked(parts: int) -> str:
    """How the closing line goes on for a set of so many parts that is not linked; nothing for 0."""
    if not parts:
        return ""
    return f" in {parts} part{'s' if parts > 1 else ''}; the set is not linked, as only what methods read is"


def _settings_of_set(folder: Path, config: Path) -> FeatureSet:
    """What a set was made with: as it says itself, or else as the benchmark's settings do, with a word on it.

    Raises:
        VadbenchError: where neither says it.
    """
    from vadbench import store

    try:
        name, settings = store.set_settings(folder)
    except VadbenchError:
        run = load_run_settings(read_mapping(config) if config.exists() else {}, config)
        known = load_benchmark(folder.parent.name, config.parent / "config", run.override).features
        if folder.name not in known:
            raise
        typer.echo(
            f"{folder}: no part of it says what it was made with; taken as {config.parent / 'config'} has it",
            err=True,
        )
        return known[folder.name]
    return settings_of_option(_settings_type(name, str(folder)), str(folder), settings)


def _data_of_run(config: Path, benchmark: str) -> tuple[Path, BadVideo]:
    """Where the settings say that the videos are, and what a bad one does; as by default without a file."""
    run = load_run_settings(read_mapping(config) if config.exists() else {}, config)
    folder = config.parent / "config"
    if not (folder / f"{benchmark}.yaml").exists():
        return Path(run.data_root), "fail"
    return Path(run.data_root), load_benchmark(benchmark, folder, run.override).on_bad_video


def _tested(settings: FeatureSet, videos: Path, config: Path) -> list[str] | None:
    """Those of a shard's videos that the benchmark's settings test, for a set that keeps more of these."""
    if not isinstance(settings, WindowsSettings) or settings.keep != "test":
        return None
    from vadbench.datasets import Annotations, load_videos

    stores = videos.parents[1 if settings.split is None else 2]
    run = load_run_settings(read_mapping(config), config)
    benchmark = load_benchmark(stores.name, config.parent / "config", run.override)
    annotations = Annotations.load(stores / "annotations.json")
    tested = annotations.test_videos(benchmark.splits, benchmark.draws)
    return [video.id for video in load_videos(videos) if video.id in tested]


def _settings_type(stage: str, where: str) -> type[FeatureSet]:
    if stage not in STAGE_SETTINGS:
        raise VadbenchError(f"{where}: there is no stage {stage!r}; there are: {', '.join(STAGE_SETTINGS)}")
    return STAGE_SETTINGS[stage]
