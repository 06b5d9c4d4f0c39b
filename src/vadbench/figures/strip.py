"""A row of thumbnails, each above the stretch of time that it stands for."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vadbench.figures.style import ORANGE

_GAP = 2  # pixels between neighbours
_TALLEST = 130  # pixels at most, so that upright videos do not fill the figure


@dataclass(frozen=True)
class Thumbnail:
    """One encoded frame of the strip.

    `data` is a JPEG or PNG file, `frame` its number in the video, `time` in seconds; `marked` frames are
    abnormal and get the truth's colour around them.
    """

    data: bytes
    frame: int
    time: float
    marked: bool = False


def draw_strip(thumbnails: Sequence[Thumbnail], width: int) -> NDArray[np.uint8]:
    """The thumbnails side by side, (H, width, 3) RGB: equal widths, H from the shape of the first."""
    pictures = [_decode(thumbnail.data, width // len(thumbnails)) for thumbnail in thumbnails]
    cell = width / len(thumbnails)
    height = min(round((cell - _GAP) * pictures[0].height / pictures[0].width), _TALLEST)
    strip = Image.new("RGB", (width, max(height, 8)), "white")
    for number, (thumbnail, picture) in enumerate(zip(thumbnails, pictures, strict=True)):
        left, right = round(number * cell), round((number + 1) * cell) - _GAP
        fitted = _fit(picture, right - left, strip.height)
        if thumbnail.marked:
            frame = (0, 0, fitted.width - 1, fitted.height - 1)
            ImageDraw.Draw(fitted).rectangle(frame, outline=ORANGE, width=3)
        strip.paste(fitted, (left + (right - left - fitted.width) // 2, (strip.height - fitted.height) // 2))
    return np.asarray(strip)


def _decode(data: bytes, width: int) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    # A JPEG is decoded at a half, a quarter or an eighth of its size where that is still large enough.
    picture.draft("RGB", (width, width * picture.height // picture.width))
    return picture.convert("RGB")


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
    return picture.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BILINEAR)
