"""What the processes that are killed run. Imported once by the server that they are forked from."""

from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from shards import run_clip, run_frames, run_windows

from vadbench.config import HistogramsSettings, MotionSettings, RegionsSettings
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.ultralytics_import import import_ultralytics
from vadbench.stages import clip as clip
from vadbench.stages import frames as frames
from vadbench.stages import histograms as histograms
from vadbench.stages import motion as motion
from vadbench.stages import regions as regions
from vadbench.stages import run_stage
from vadbench.stages import windows as windows

import_open_clip()
for module in ("nn.tasks", "data.augment", "utils.nms", "utils.ops"):
    import_ultralytics(f"ultralytics.{module}")


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


def make_regions(shard: Path, reads: Path, out: Path, settings: dict[str, Any]) -> None:
    chosen = RegionsSettings(**settings)
    run_stage(chosen, videos=shard, reads=reads, data_root=shard.parent, out=out, device="cpu")


def make_motion(shard: Path, reads: None, out: Path, settings: dict[str, Any]) -> None:
    run_stage(MotionSettings(**settings), videos=shard, data_root=shard.parent, out=out, threads=2)


def make_histograms(shard: Path, reads: Path, out: Path, settings: dict[str, Path | MotionSettings]) -> None:
    """`settings`: the motion that is read."""
    chosen, root = HistogramsSettings(), shard.parent
    run_stage(chosen, videos=shard, reads=reads, data_root=root, out=out, threads=2, **settings)
