"""Which objects of a UBnormal video are abnormal, and when: `<video>_tracks.txt`.

As published a line is `object_id,first,last` in whole numbers or in NumPy's `%.18e`; frames count from 0,
both included. The files of the same name that STG-NF ships for the test videos hold an array in NumPy's
format instead, one number a frame, 1 where it is NORMAL.
"""

import re
from pathlib import Path
from typing import NamedTuple

from vadbench.datasets.arrays import frame_flags, intervals_of, read_array
from vadbench.datasets.dataset import FrameTruth, union
from vadbench.datasets.text_lines import damaged, text_lines
from vadbench.errors import VadbenchError

FOLDER_ENDING = "_annotations"
MASK_ENDING = "_gt"
"""Of a mask's name, after the number of its frame."""

_FORM = "object,first frame,last frame, for instance 2,104,450"
_NUMBER = re.compile(r"(?P<whole>[0-9]{1,9})|(?P<float>[0-9]\.[0-9]{18}e[+-][0-9]{2})", re.ASCII)
_ARRAY = b"\x93NUMPY"


class Track(NamedTuple):
    """An object while it is abnormal."""

    object: int
    """Value of its pixels in the masks, from 1."""
    first: int
    """0-based frame."""
    last: int
    """The last abnormal frame, included."""


def track_names(video: str) -> tuple[str, str]:
    """Names of the file of a video; the first that is there counts, as in the data set's own script."""
    return f"{video}_new_tracks.txt", f"{video}_tracks.txt"


def find_tracks(folder: Path) -> Path:
    """The file in the folder `<video>_annotations`. Raises VadbenchError where there is none."""
    names = track_names(folder.name.removesuffix(FOLDER_ENDING))
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise VadbenchError(
        f"{folder}: holds no {' or '.join(names)}, which says what objects are abnormal; put it there"
    )


def is_array(path: Path) -> bool:
    """Whether the file holds an array and no text. Raises VadbenchError where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(len(_ARRAY)) == _ARRAY
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror or error}; get it again") from error


def read_truth(path: Path) -> FrameTruth:
    """The abnormal frames by a file of either form: a frame is abnormal where a track covers it.

    Raises VadbenchError, naming the file and for text the line, for one that is missing or damaged.
    """
    if not is_array(path):
        return FrameTruth(union((track.first, track.last + 1) for track in parse_tracks(path)))
    normal = frame_flags(read_array(path), path)
    return FrameTruth(intervals_of(~normal), len(normal))


def parse_tracks(path: Path) -> tuple[Track, ...]:
    """The tracks of a text file, in its order. Raises VadbenchError naming the line for a damaged one."""
    return tuple(_track(path, number, line) for number, line in text_lines(path))


def _track(path: Path, number: int, line: str) -> Track:
    values = [_whole(text.strip()) for text in line.split(",")]
    if len(values) != 3 or None in values:
        raise damaged(path, number, repr(line), _FORM)
    track = Track(*(value for value in values if value is not None))
    if track.object < 1:
        raise damaged(path, number, f"object {track.object}, but 0 is the background", _FORM)
    if track.last < track.first:
        raise damaged(path, number, f"last frame {track.last} before the first, {track.first}", _FORM)
    return track


def _whole(text: str) -> int | None:
    """A whole number in one of the two published forms; None for anything else."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    value = float(text)
    return int(value) if value.is_integer() and value < 1e9 else None
