"""Small clips whose frames show their own number, made with PyAV."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vadbench.video import open_video

Image = NDArray[np.uint8]
BITS = 8

KINDS: dict[str, dict[str, Any]] = {
    "b_frames.mp4": {},
    "front.mp4": {"muxer": {"movflags": "faststart"}},
    "fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}, "options": {"g": "8"}},
    "h264.mov": {},
    "h264.mkv": {"options": {"g": "10"}},
    "h264.avi": {},
    "h264.ts": {},
    "open_gop.mkv": {"options": {"x264-params": "open-gop=1:keyint=10:scenecut=0"}},
    "hevc.mp4": {"codec": "libx265"},
    "hevc.mkv": {"codec": "libx265"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "mpeg2.mpg": {"codec": "mpeg2video"},
    "wmv2.wmv": {"codec": "wmv2"},
}
"""Containers, codecs and their peculiarities: B-frames, open groups of pictures, fragments."""


def numbered_image(number: int, width: int = 64, height: int = 48) -> Image:
    """An RGB image with `number` as black and white bars, and noise below so that it takes some bytes."""
    image = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        image[: height // 2, bit * 8 : bit * 8 + 8] = 255 * (number >> bit & 1)
    noise = np.random.default_rng(number).integers(0, 256, (height - height // 2, width, 1), np.uint8)
    image[height // 2 :] = noise
    return image


def number_of(image: Image) -> int:
    """The number that `numbered_image` was given."""
    row = image[image.shape[0] // 4, 4 : 8 * BITS : 8].astype(int).sum(axis=1) > 3 * 128
    return int((row << np.arange(BITS)).sum())


def write_clip(
    path: Path,
    frames: int | Sequence[Image] = 30,
    *,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    milliseconds: Sequence[int] | None = None,
    muxer: Mapping[str, str] | None = None,
    turn: tuple[float, bool, bool] | None = None,
) -> Path:
    """Write a clip of 25 frames per second, or with its frames at `milliseconds`.

    `turn` is a rotation in degrees with horizontal and vertical mirroring, for the display matrix.
    """
    if isinstance(frames, int):
        frames = [numbered_image(number, *size) for number in range(frames)]
    quiet = {"libx265": {"x265-params": "log-level=none:bframes=3:keyint=25"}}.get(codec, {})
    with av.open(str(path), "w", options=dict(muxer or {})) as container:
        stream = container.add_stream(codec, rate=25, options={**quiet, **(options or {})})
        stream.width, stream.height, stream.pix_fmt = size[0], size[1], pixel_format
        stream.codec_context.time_base = Fraction(1, 1000) if milliseconds else Fraction(1, 25)
        if turn:
            stream.set_display_rotation(turn[0], hflip=turn[1], vflip=turn[2])
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = milliseconds[number] if milliseconds else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read_numbers(path: Path, *, stride: int = 1, threads: int = 1) -> list[int]:
    """The numbers of the frames of a clip, whose indices have to be those of the stride."""
    with open_video(path, threads=threads) as reader:
        frames = list(reader.frames(stride))
    assert [frame.index for frame in frames] == list(range(0, reader.decoded, stride))
    return [number_of(frame.image) for frame in frames]
