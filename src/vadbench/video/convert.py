"""Decoded frames to upright RGB."""

import struct
from typing import cast

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vadbench.video.picture import Image


class Converter:
    """Frames to RGB; one for all frames of a file, or each would set up the conversion anew."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Image | None:
        """The picture as it is to be shown, (height, width, 3); None at an angle that is no quarter turn."""
        # One thread: FFmpeg would start as many as there are cores, whatever the job was given.
        image = cast(Image, self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray())
        matrix = cast("bytes | None", frame.side_data.get("DISPLAYMATRIX"))
        return image if matrix is None else _upright(image, struct.unpack("=9i", bytes(matrix)))


def _upright(image: Image, matrix: tuple[int, ...]) -> Image | None:
    """Apply a display matrix that turns by quarters or mirrors; None for one that does anything else.

    A pixel (x, y) is shown at (a x + c y, b x + d y), with a, b, c, d the matrix' entries 0, 1, 3, 4.
    """
    a, b, _, c, d, *_ = matrix
    if (a or d) and (b or c):
        return None
    if b or c:
        image, a, d = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
