"""Commands that draw: figures, overview, show, predict."""

from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import DataRoot, Device, Threads, allowed_threads
from vadbench.errors import VadbenchError

Run = Annotated[Path, typer.Argument(help="Folder of a finished run, results/…/seed-0.")]
Stores = Annotated[Path, typer.Option(help="Folder of the stores that the run was made from.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(figures)
    app.command()(overview)
    app.command()(show)
    app.command()(predict)


def figures(
    run: Run,
    out: Annotated[Path, typer.Option(help="Folder to draw into.")],
    stores: Stores = Path("stores"),
    threads: Threads = 1,
) -> None:
    """Draw the score curve of every test video of a run, true intervals shaded, frames above."""
    from vadbench.figures import draw_curves

    annotations, frames = _stores_of_run(run, stores)
    draw_curves(run, annotations, out, frames=frames, workers=allowed_threads(threads))


def overview(
    metrics: Annotated[list[Path], typer.Argument(help="metrics.json of the runs of one split.")],
    out: Annotated[Path, typer.Option(help="The picture to write.")],
) -> None:
    """Draw the methods of one split side by side: micro AUC with its interval."""
    from vadbench.figures import draw_overview

    draw_overview(metrics, out)


def show(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Folder of a finished run, results/…/seed-0; or of a set of regions, of motion, or both."
        ),
    ],
    video: Annotated[str, typer.Argument(help="Id of the video, as stores/<benchmark>/videos/ lists it.")],
    out: Annotated[Path | None, typer.Option(help="The picture to write; else <video>.png here.")] = None,
    frame: Annotated[
        list[int] | None,
        typer.Option(min=0, help="A frame to show; may be given several times."),
    ] = None,
    annotated: Annotated[
        Path | None,
        typer.Option(
            help="Of a run: the whole video with boxes, heat maps and score curve (.mp4) too, here."
        ),
    ] = None,
    stores: Stores = Path("stores"),
    data_root: DataRoot = Path("data"),
) -> None:
    """Draw one test video of a run, large, with the frames around its highest score.

    Of a method that localises, also frames with predicted boxes (red), true ones (green) and heat maps.

    Of a set of regions (stores/<benchmark>/regions) instead one frame with boxes and track ids; of a set of
    motion with an arrow per block of 8 x 8 pixels that moved; of both with both.
    """
    from vadbench.figures import file_stems, show_sets, write_annotated_video
    from vadbench.figures import show as draw

    picture = out or Path(f"{file_stems([video])[video]}.png")
    for source in sources:
        if not _is_set(source) and not (source / "metrics.json").exists():
            raise VadbenchError(
                f"{source}: neither a finished run nor a set of regions or motion; give results/…/seed-0 in "
                "which `vadbench evaluate` has written metrics.json, or stores/<benchmark>/<set>"
            )
    if any(_is_set(source) for source in sources):
        if annotated is not None:
            raise VadbenchError("--annotated: only the video of a run is annotated, not that of a set")
        show_sets(sources, video, picture, data_root=data_root, chosen=frame or ())
        typer.echo(f"written: {picture}")
        return
    if len(sources) > 1:
        raise VadbenchError(
            f"{sources[0]}: only one run is shown at a time; several folders are those of sets"
        )
    (run,) = sources
    annotations, frames = _stores_of_run(run, stores)
    draw(run, video, annotations, picture, frames=frames, data_root=data_root, chosen=frame or ())
    typer.echo(f"written: {picture}")
    if annotated is not None:
        write_annotated_video(run, video, annotations, annotated, frames=frames, data_root=data_root)
        typer.echo(f"written: {annotated}")


def predict(
    video: Annotated[Path, typer.Argument(help="Any video file, or a folder of frames.")],
    run: Annotated[Path, typer.Option(help="Folder of a finished run, results/…/seed-0.")],
    out: Annotated[Path, typer.Option(help="Folder to write <video>.csv and all else into.")] = Path("."),
    device: Device = "auto",
    threads: Threads = 2,
) -> None:
    """Score any video with a finished run: writes its scores (CSV) and their curve (PNG).

    Of a run that localises, also the boxes (<video>.boxes.csv, pixels of the source frame) and the video with
    boxes, heat maps and score curve (<video>.annotated.mp4). Of the run's project, its folder alone is read.
    """
    threads = allowed_threads(threads)
    from vadbench.prediction import predict as score_video

    for path in score_video(video, run, out, device=device, threads=threads):
        typer.echo(f"written: {path}")


def _is_set(folder: Path) -> bool:
    return (folder / "store.json").exists() or any(folder.glob("part-*.h5"))


def _stores_of_run(run: Path, stores: Path) -> tuple[Path, Path | None]:
    """The annotations of a run's benchmark, and the frames below its features; None if freed or not read."""
    from vadbench.evaluation import Record
    from vadbench.store import set_settings

    label = Record.load(run / "metrics.json").run
    benchmark = stores / label.benchmark
    name = label.features
    while (benchmark / name / "store.json").exists():
        stage, settings = set_settings(benchmark / name)
        if stage == "frames":
            return benchmark / "annotations.json", benchmark / name
        if "reads" not in settings:
            break
        name = str(settings["reads"])
    return benchmark / "annotations.json", None
