"""Boxes round the anomalies of UCF-Crime's test videos, by Liu and Ma (ACM MM 2019).

Two forms of one content, here the first box of a video in each:

Test_annotation.pkl           {"Abuse028_x264": [["…/Abuse028_x264/image_0180.jpg", 3, 83, 82, 150], …], …}
Test_Spatial_Annotation.json  {"Abuse028_x264": {"180": [3, 83, 82, 150], …}, …}

Numbers are the frame's, then left, top, right, bottom in pixels of the 320 x 240 frame, kept as they are. The
video is the key: folders in paths can be misspelt.

The number of the image is taken for the 0-based frame, as the starts of the temporal annotation are. Whether
images were counted from 0 or 1 is not established; numbers as they are agree with what is: each of the 3,102
lies within start and end (included) of an event as these are published, most first boxes lie 15 frames after
a start, and none reaches its video's frame count.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vadbench.datasets.plain_pickle import load_plain_pickle, read_limited
from vadbench.datasets.tree import Tree
from vadbench.errors import VadbenchError

Box = tuple[int, float, float, float, float]
"""Frame (0-based); left, top, right, bottom in pixels."""

PICKLE_NAME = "Test_annotation.pkl"
JSON_NAME = "Test_Spatial_Annotation.json"

MOST_BOXES = 100_000
"""In a file; the published one has 3,102. A small pickle can name one list a million times."""

_ROW = "['…/image_0180.jpg', x1, y1, x2, y2]"
_PAIR = '"180": [x1, y1, x2, y2]'

_IMAGE = re.compile(r"(?:.*[/\\])?image_([0-9]{4,8})\.jpg", re.ASCII | re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,8}", re.ASCII)


def find_boxes(tree: Tree) -> dict[str, tuple[Box, ...]] | None:
    """Boxes by video, sorted by frame, from whichever file of boxes `tree` holds; None without one.

    Raises VadbenchError for a damaged file, or where both are there and differ.
    """
    pickled, text = tree.file(PICKLE_NAME), tree.file(JSON_NAME)
    from_pickle = None if pickled is None else read_box_pickle(pickled)
    from_json = None if text is None else read_box_json(text)
    if from_pickle is not None and from_json is not None and from_pickle != from_json:
        raise VadbenchError(f"{pickled} and {text} hold different boxes; keep the right one")
    return from_json if from_pickle is None else from_pickle


def read_box_pickle(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes by video from the authors' pickle, in which nothing is looked up (`plain_pickle`).

    Raises VadbenchError, naming video and box, for content of another form.
    """
    return _boxes(path, _pickled(path))


def read_box_json(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes by video from the JSON form. Raises VadbenchError as `read_box_pickle`."""
    return _boxes(path, _listed(path))


def _boxes(path: Path, given: Iterator[tuple[str, Box]]) -> dict[str, tuple[Box, ...]]:
    boxes: dict[str, list[Box]] = {}
    for count, (video, box) in enumerate(given):
        if count == MOST_BOXES:
            raise VadbenchError(f"{path}: holds more than {MOST_BOXES:,} boxes; get the file again")
        boxes.setdefault(video, []).append(box)
    if not boxes:
        raise VadbenchError(f"{path}: holds no box; get the file again")
    return {video: tuple(sorted(several)) for video, several in sorted(boxes.items())}


def _pickled(path: Path) -> Iterator[tuple[str, Box]]:
    for video, rows in _videos(path, load_plain_pickle(path)):
        if not isinstance(rows, list) or not rows:
            raise _damaged(path, video, _short(rows), f"a list of {_ROW}")
        for row in rows:
            name = row[0] if isinstance(row, list) and len(row) == 5 else None
            match = _IMAGE.fullmatch(name) if isinstance(name, str) else None
            corners = _corners(row[1:]) if match else None
            if match is None or corners is None:
                raise _damaged(path, video, _short(row), _ROW)
            yield video, (int(match[1]), *corners)


def _listed(path: Path) -> Iterator[tuple[str, Box]]:
    for video, frames in _videos(path, _load_json(path)):
        if not isinstance(frames, dict) or not frames:
            raise _damaged(path, video, _short(frames), f"{{{_PAIR}, …}}")
        for frame, row in frames.items():
            corners = _corners(row)
            if not _NUMBER.fullmatch(frame) or corners is None:
                raise _damaged(path, video, f"{_short(frame)}: {_short(row)}", _PAIR)
            yield video, (int(frame), *corners)


def _load_json(path: Path) -> object:
    try:
        return json.loads(read_limited(path), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise VadbenchError(f"{path}: is no JSON of boxes ({error}); get the file again") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Raises ValueError for a key that occurs twice: its second value would hide the first."""
    content = dict(pairs)
    if len(content) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{_short(name)} occurs twice in one object")
    return content


def _videos(path: Path, content: object) -> Iterator[tuple[str, object]]:
    if not isinstance(content, dict):
        raise VadbenchError(f"{path}: holds {_short(content)}, not boxes by video; get the file again")
    for video, boxes in content.items():
        if not isinstance(video, str):
            raise VadbenchError(f"{path}: {_short(video)} is no name of a video; get the file again")
        yield video, boxes


def _corners(given: object) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom; None for anything but four whole numbers that make a box."""
    if not isinstance(given, list) or len(given) != 4 or any(type(value) is not int for value in given):
        return None
    left, top, right, bottom = given
    if not (0 <= left < right < 10_000 and 0 <= top < bottom < 10_000):
        return None
    return float(left), float(top), float(right), float(bottom)


def _short(value: object) -> str:
    """What stands there, in few letters and on one line. A list may be long, or hold itself."""
    if (
        isinstance(value, list)
        and len(value) <= 5
        and not any(isinstance(item, list | dict) for item in value)
    ):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and abs(value) > 10**12:
        return "a large number"
    return repr(value)[:80]


def _damaged(path: Path, video: str, what: str, form: str) -> VadbenchError:
    return VadbenchError(f"{path}: {_short(video)} has {what}, which should be {form}; get the file again")
