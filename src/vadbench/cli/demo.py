"""Commands on the packaged demo: render, train-clip, train-detector, check."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import ConfigFile, DataRoot, Threads, allowed_threads
from vadbench.config import load_benchmark

app = typer.Typer(help="The packaged demo: its videos and its models.", no_args_is_help=True)


@app.command()
def render(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo's manifest.json below the data root.")],
    videos: Annotated[Path, typer.Option(help="Video list of the shard to render.")],
    out: Annotated[Path, typer.Option(help="File to list the rendered videos and their sha256 in.")],
    data_root: DataRoot = Path("data"),
    threads: Threads = 1,
) -> None:
    """Render the demo's videos of one shard; those that are there are kept."""
    threads = allowed_threads(threads)
    from vadbench.datasets import load_videos
    from vadbench.demo.render import render_videos

    shard = load_videos(videos)
    render_videos(data_root / folder, [video.id for video in shard], workers=threads)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(f"{_sha256(data_root / video.path)}  {video.id}\n" for video in shard))


@app.command("train-clip")
def train_clip(
    out: Annotated[Path, typer.Option(help="Folder to write the weights into.")],
    threads: Threads = 2,
) -> None:
    """Train the demo's CLIP on captioned renders of other scenes, as the packaged one was made.

    The threads render; the training itself takes one, for their number decides the last digits.
    """
    threads = allowed_threads(threads)
    from vadbench.demo.checks import accuracy_lines
    from vadbench.demo.train_clip import train_clip as train

    for line in accuracy_lines(train(out, workers=threads)):
        typer.echo(line)


@app.command("train-detector")
def train_detector(
    out: Annotated[Path, typer.Option(help="Folder to write the weights into.")],
    threads: Threads = 2,
) -> None:
    """Train the demo's detector on renders of other scenes, as the packaged one was made.

    The threads render; the training itself takes one, for their number decides the last digits.
    """
    threads = allowed_threads(threads)
    from vadbench.demo.held_out_objects import share_lines
    from vadbench.demo.train_detector import train_detector as train

    for line in share_lines(train(out, workers=threads)):
        typer.echo(line)


@app.command()
def check(
    stores: Annotated[Path, typer.Option(help="Stores of a finished default run.")] = Path("stores"),
    results: Annotated[Path, typer.Option(help="Its results.")] = Path("results"),
    config: ConfigFile = Path("config.yaml"),
    threads: Threads = 2,
) -> None:
    """Print the signs that the chain learns, and the controls: what comes out where it cannot.

    Reads a finished run of the demo; trains and extracts again for the controls, some minutes.
    """
    threads = allowed_threads(threads)
    from vadbench.demo.checks import controls, signs

    settings = load_benchmark("demo", config.parent / "config")
    for line in signs(results, settings):
        typer.echo(line)
    for line in controls(stores / "demo", settings, threads):
        typer.echo(line)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
