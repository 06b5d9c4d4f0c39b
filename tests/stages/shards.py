"""Shards of tiny videos, and plain versions of what the stages make of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vadbench.config import ClipSettings, FramesSettings, WindowsSettings
from vadbench.stages import run_stage
from vadbench.store import Part
from vadbench.video import open_video

WIDTH, HEIGHT, RATE = 48, 36, 25


def picture(video: int, frame: int) -> NDArray[np.uint8]:
    """A smooth picture (so that codecs keep it well) that differs from frame to frame and video to video."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    channels = [
        x * 4 + frame * 3,
        y * 6 + video * 40,
        np.full_like(x, frame * 5 % 256),
    ]
    return np.stack([channel % 256 for channel in channels], -1).astype(np.uint8)


def write_video(path: Path, video: int, frames: int) -> None:
    """An MPEG-4 video with B-frames, which come out of the decoder in another order than they are stored."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.max_b_frames = 1
        stream.codec_context.bit_rate = 2_000_000
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(video, number), format="rgb24")))
        container.mux(stream.encode())


def write_shard(folder: Path, lengths: Mapping[str, int]) -> Path:
    """Videos of these lengths by id, and their list."""
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    entries = []
    for number, (id, frames) in enumerate(lengths.items()):
        path = f"videos/{id}.mp4"
        write_video(folder / path, number, frames)
        entries.append({"id": id, "path": path, "bytes": (folder / path).stat().st_size})
    return write_list(folder, entries)


def write_list(folder: Path, entries: list[dict[str, Any]]) -> Path:
    file = folder / "0000.json"
    file.write_text(json.dumps({"benchmark": "tiny", "shard": 0, "shards": 1, "videos": entries}))
    return file


def run_frames(
    shard: Path, out: Path, *, on_bad_video: Any = "fail", threads: int = 2, **settings: Any
) -> Part:
    root = shard.parent
    frames = FramesSettings(**settings)
    run_stage(frames, videos=shard, data_root=root, out=out, threads=threads, on_bad_video=on_bad_video)
    return Part.open(out)


def run_clip(shard: Path, reads: Path, out: Path, *, threads: int = 1, **settings: Any) -> Part:
    clip = ClipSettings(**settings)
    run_stage(clip, videos=shard, reads=reads, data_root=shard.parent, out=out, threads=threads, device="cpu")
    return Part.open(out)


def run_windows(
    shard: Path, reads: Path, out: Path, *, test_videos: Any = None, threads: int = 1, **settings: Any
) -> Part:
    windows = WindowsSettings(**settings)
    run_stage(
        windows,
        videos=shard,
        reads=reads,
        data_root=shard.parent,
        out=out,
        threads=threads,
        device="cpu",
        test_videos=test_videos,
    )
    return Part.open(out)


def decoded(path: Path, stride: int = 1) -> list[NDArray[np.uint8]]:
    with open_video(path) as reader:
        return [frame.image for frame in reader.frames(stride)]
