"""Region tracks as the annotations of Georgescu et al. publish them: the ground truth of RBDC and TBDC.

One file `<video>.txt` per test video, one line per region, without a header:
`track_id,frame_idx,x_min,y_min,x_max,y_max`, integers, frames 0-based, corners inclusive.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets.text_lines import damaged
from vadbench.errors import VadbenchError

_LINE = re.compile(",".join([r"\s*([0-9]{1,9})\s*"] * 6), re.ASCII)
_FORM = "track_id,frame_idx,x_min,y_min,x_max,y_max in whole numbers"


class RegionTracks(NamedTuple):
    """Regions of one video, in the order of the file; every array int64."""

    track: NDArray[np.int64]
    """(n,) track of each region."""
    frame: NDArray[np.int64]
    """(n,) 0-based frame."""
    box: NDArray[np.int64]
    """(n, 4) left, top, right, bottom in pixels, half-open: 1 more than the inclusive corner in the file."""


def read_tracks(path: Path, width: int, height: int) -> RegionTracks:
    """Read the file of one video. Frames may be beyond its end; only decoding tells where that is.

    Args:
        path: of the file; Windows line ends and blanks around numbers are allowed.
        width: of the video's frames in pixels.
        height: likewise.

    Raises:
        VadbenchError: naming file and line, for a line of another form, a box that ends before it begins or
            leaves the frame, a second box of a track on one frame, or a last line that is cut off.
    """
    try:
        # What is no text is left for the line that holds it to be refused.
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; get it from the annotations") from None
    seen: dict[tuple[int, int], int] = {}
    rows = []
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1] or lines, 1):
        try:
            row = _parse(line, width, height)
            key = row[0], row[1]
            if key in seen:
                raise ValueError(f"a second box of track {row[0]} on frame {row[1]}, after line {seen[key]}")
        except ValueError as error:
            raise damaged(path, number, str(error), _FORM) from None
        seen[key] = number
        rows.append(row)
    if lines[-1]:
        raise damaged(path, len(lines), f"{lines[-1][:80]!r} has no line end, so it may be cut off", _FORM)
    table = np.array(rows, dtype=np.int64)
    return RegionTracks(table[:, 0], table[:, 1], table[:, 2:] + np.array([0, 0, 1, 1]))


def _parse(line: str, width: int, height: int) -> tuple[int, ...]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"{line.strip()[:80]!r} is damaged")
    track, frame, left, top, right, bottom = map(int, match.groups())
    if not (left <= right < width and top <= bottom < height):
        raise ValueError(f"box {left},{top},{right},{bottom} does not fit a frame of {width} x {height}")
    return track, frame, left, top, right, bottom
