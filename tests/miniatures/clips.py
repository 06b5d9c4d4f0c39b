"""Tiny clips for miniatures of benchmarks: noise over a still background, and a bright square in events."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 96, 64
SQUARE = (32, 16, 64, 48)
"""Left, top, right, bottom (exclusive) of what is abnormal, pixels."""

Events = Iterable[tuple[int, int]]
"""Half-open intervals of abnormal frames."""


def clip_frames(frames: int, seed: int, events: Events = ()) -> NDArray[np.uint8]:
    """(frames, HEIGHT, WIDTH, 3) uint8; the square flickers in the events, so that frames differ there."""
    rng = np.random.default_rng(seed)
    background = rng.integers(40, 120, (HEIGHT, WIDTH, 3))
    clip = background + rng.integers(-4, 5, (frames, HEIGHT, WIDTH, 3))
    left, top, right, bottom = SQUARE
    for start, end in events:
        for frame in range(start, min(end, frames)):
            # Differs by 31 or more between rows of stride 1, 2, 4, 8 and 16.
            clip[frame, top:bottom, left:right] = 150 + 34 * frame % 101
    return clip.astype(np.uint8)


def write_clip(path: Path, frames: int, seed: int, events: Events = (), codec: str = "h264") -> None:
    """Encode `clip_frames` at 24 frames per second; `mpeg4` for AVI files, `h264` for MP4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=24, options={"preset": "ultrafast"} if codec == "h264" else {}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = (
            8_000_000  # at less, quality changes over time more than the events change the frames
        )
        for image in clip_frames(frames, seed, events):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def write_frames(folder: Path, frames: int, seed: int, events: Events = (), name: str = "{:03d}.jpg") -> None:
    """Write `clip_frames` as images, numbered from 0."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(clip_frames(frames, seed, events)):
        Image.fromarray(image).save(folder / name.format(number))


def mask(abnormal: bool) -> NDArray[np.uint8]:
    """(HEIGHT, WIDTH) uint8, 1 inside the square of an abnormal frame."""
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    left, top, right, bottom = SQUARE
    pixels[top:bottom, left:right] = abnormal
    return pixels
