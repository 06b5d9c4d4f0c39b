"""What the processes that are killed run. Imported once by the server that they are forked from."""

from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from shards import run_clip, run_frames, run_windows

from vadbench.models.open_clip_import import import_open_clip
from vadbench.stages import clip as clip
from vadbench.stages import frames as frames
from vadbench.stages import windows as windows

import_open_clip()


def after_imports(begun: Event, target: Callable[..., None], *arguments: Any) -> None:
    """Run `target`, having said that all is imported that it needs."""
    begun.set()
    target(*arguments)


def make_frames(shard: Path, reads: None, out: Path, settings: dict[str, Any]) -> None:
    run_frames(shard, out, threads=2, **settings).close()


def make_clip(shard: Path, reads: Path, out: Path, settings: dict[str, Any]) -> None:
    run_clip(shard, reads, out, threads=1, **settings).close()


def make_windows(shard: Path, reads: Path, out: Path, settings: dict[str, Any]) -> None:
    run_windows(shard, reads, out, threads=1, **settings).close()
