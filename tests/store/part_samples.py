"""Small parts whose numbers follow from the video's id and the row alone."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from vadbench.store import ArraySpec, PartWriter, link

HEADER: dict[str, Any] = {
    "stage": "sample",
    "settings": {"stride": 4, "model": "tiny"},
    "revision": 2,
    "weights": {"tiny": "ab" * 32},
    "videos_digest": "cd" * 32,
    "attributes": {"crops": ["centre"]},
    "arrays": {"embedding": ArraySpec("float16", (2, 8)), "score": ArraySpec("float32", units="probability")},
    "ragged": {
        "jpeg": {"bytes": ArraySpec("uint8")},
        "boxes": {"corner": ArraySpec("float32", (4,), "pixels"), "track": ArraySpec("int32")},
    },
}


def row_count(video: str) -> int:
    """Rows of a video: 10 to 39, none where its id begins with "empty"."""
    return 0 if video.startswith("empty") else 10 + zlib.crc32(video.encode()) % 30


def make_rows(video: str, row: int) -> dict[str, Any]:
    """What a stage would hand to `append` for one row."""
    rng = np.random.default_rng([zlib.crc32(video.encode()), row])
    boxes = int(rng.integers(0, 4))
    return {
        "frame": [4 * row],
        "time": [4 * row / 25],
        "embedding": rng.normal(size=(1, 2, 8)),
        "score": rng.random(1),
        "jpeg": [{"bytes": rng.integers(0, 256, int(rng.integers(0, 900)), dtype=np.uint8)}],
        "boxes": [{"corner": rng.random((boxes, 4)) * 100, "track": np.arange(boxes)}],
    }


def write_part(
    path: Path,
    videos: Sequence[str],
    *,
    after_row: Callable[[], None] = lambda: None,
    skip: Sequence[str] = (),
    change: str = "",
    **header: Any,
) -> None:
    """Write a part as a stage does, from where an earlier run was cut off; `change` gives other numbers."""
    with PartWriter(path, videos=videos, **{**HEADER, **header}) as writer:
        for id in writer.videos[writer.finished :]:
            if id in skip:
                writer.skip(id, "no such file")
                continue
            with writer.video(id) as video:
                for row in range(row_count(id)):
                    video.append(**make_rows(id + change, row))
                    after_row()
                video.finish(frames=4 * row_count(id))
        writer.complete()


SHARDS = (("a", "b/c", "empty"), (), ("d", "é", "f"))


def write_set(folder: Path) -> Path:
    """Write and link a set of three parts, the middle one without videos."""
    for shard, videos in enumerate(SHARDS):
        write_part(folder / f"part-{shard:04d}.h5", videos)
    link(folder, len(SHARDS))
    return folder


def flip_byte(path: Path, dataset: str, chunk: int = 0) -> None:
    """Flip one bit in the middle of a stored chunk."""
    with h5py.File(path) as file:
        stored = file[dataset].id.get_chunk_info(chunk)
    flip_at(path, stored.byte_offset + stored.size // 2)


def flip_at(path: Path, offset: int) -> None:
    """Flip one bit of a file."""
    with path.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ 0x10]))
