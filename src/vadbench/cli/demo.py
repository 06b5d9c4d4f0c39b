"""Commands on the packaged demo: render, train-clip."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from vadbench.cli.arguments import DataRoot, Threads, allowed_threads

app = typer.Typer(help="The packaged demo: its videos and its model.", no_args_is_help=True)


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
