"""What the two kinds of source, files and folders, hand to the reader."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError

Image = NDArray[np.uint8]
"""RGB pixels, (height, width, 3)."""


class Picture(NamedTuple):
    """A picture of a video before its conversion to RGB, which off-stride pictures never get."""

    time: float
    """Presentation time, seconds."""
    to_rgb: Callable[[], Image]


def broken(path: Path, frame: int, reason: str) -> VadbenchError:
    """The error for a video that cannot be read from `frame` (0-based) on."""
    return VadbenchError(
        f"{path}: frame {frame}: {reason}; replace the file, or set `on_bad_video: skip` to go on without it"
    )


def changed_size(path: Path, frame: int, size: tuple[int, int], first: tuple[int, int]) -> VadbenchError:
    """The error for a video whose pictures change size; sizes are (width, height) in pixels."""
    return broken(path, frame, f"is {size[0]}x{size[1]} where frames before it are {first[0]}x{first[1]}")
