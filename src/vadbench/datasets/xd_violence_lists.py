"""The text files of XD-Violence: split lists, violent segments, and segments by class.

A video's name ends with its labels, `…_label_B2-G-0`: up to three codes, filled up with 0; `A` is normal.

Split lists name one video per line, or one of its feature files, with folder and number of the crop:

Bad.Boys.1995__#00-26-51_00-27-53_label_B2-0-0
/features/RGB/Bad.Boys.1995__#00-26-51_00-27-53_label_B2-0-0__0.npy           rgb.list of XDVioDet
/features/Bad.Boys.1995__#00-26-51_00-27-53_label_B2-0-0__0.npy,B2-0-0        VadCLIP, below `path,label`

`annotations.txt` has a line `name start end start end …` for each violent test video,
`annotations_multiclasses.txt` a line `name B2 start end G start end …`. Some names end in `.mp4`.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from vadbench.config import NORMAL
from vadbench.datasets.text_lines import damaged, frame_number, text_lines, video_name

CLASSES = {
    "A": NORMAL,
    "B1": "fighting",
    "B2": "shooting",
    "B4": "riot",
    "B5": "abuse",
    "B6": "car accident",
    "G": "explosion",
}
"""Classes by their codes, in VadCLIP's order."""

CONTRADICTIONS = {"Ip.Man.2008__#01-40-37_01-42-07_label_B4-0-0": {"fighting"}}
"""Published videos whose segments have other classes than their name lists."""

_NAME = re.compile(r"[A-Za-z0-9_.#=@-]+_label_(?P<codes>[ABG0-9]+(?:-[ABG0-9]+)*)")
_CROP = re.compile(r"(?P<name>.+)__(?P<crop>[0-9])")
_HEADER = "path,label"

_LIST_FORM = "…_label_B2-0-0, or a feature file of such a video, …_label_B2-0-0__0.npy"
_SEGMENTS_FORM = "…_label_B2-0-0 start end start end …"
_CLASSES_FORM = "…_label_B2-G-0 B2 start end G start end …"

Events = tuple[tuple[str, int, int], ...]
"""Class, start, end (exclusive)."""


class AnnotatedVideo(NamedTuple):
    """A line of either annotation."""

    line: int
    """Its number in the file, from 1."""
    events: Events
    """As they stand there, ends exclusive."""
    has_ending: bool
    """Whether the name ends in `.mp4`."""


def codes_of(id: str) -> tuple[str, ...]:
    """Codes at the end of a video's name, ("A",) for a normal one.

    Raises ValueError for a name without label, unknown codes, one that occurs twice, or a wrong filling.
    """
    match = _NAME.fullmatch(id)
    codes = match["codes"].split("-") if match else []
    kinds = [code for code in codes if code != "0"]
    right = [kinds[:1]] if "A" in kinds else [kinds[:1], [*kinds, *"000"][:3]]
    if not kinds or not CLASSES.keys() >= set(kinds) or len(set(kinds)) < len(kinds) or codes not in right:
        raise ValueError(f"{id[-80:]!r} does not end with labels, as in …_label_B2-G-0 or …_label_A")
    return tuple(kinds)


def classes_of(id: str) -> tuple[str, ...]:
    """Abnormal classes that a name lists, in its order. Raises ValueError as `codes_of`."""
    return tuple(CLASSES[code] for code in codes_of(id) if code != "A")


def lacks_filling(id: str) -> bool:
    """Whether a violent video's name ends with one code, without `-0-0`."""
    return not id.endswith("_label_A") and "-" not in id.rsplit("_label_", 1)[1]


def read_list(path: Path) -> tuple[str, ...]:
    """Ids of a split list, each once, in the list's order.

    Raises VadbenchError naming file and line for a line of another form, a label that is not the name's, a
    line that is there twice, and a video that has other crops than the first one.
    """
    crops: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for number, line in text_lines(path):
        if line == _HEADER and not lines:
            continue
        try:
            id, crop = _listed(line)
            if crop in crops.get(id, ()):
                raise ValueError(f"{id} is listed before")
        except ValueError as error:
            raise damaged(path, number, str(error), _LIST_FORM) from None
        crops.setdefault(id, []).append(crop)
        lines[id] = number
    if not crops:
        raise damaged(path, 1, "no video is listed", _LIST_FORM)
    first = next(iter(crops.values()))
    for id, found in crops.items():
        if set(found) != set(first):
            raise damaged(path, lines[id], f"{id} has other crops than the first video", _LIST_FORM)
    return tuple(crops)


def read_segments(path: Path) -> dict[str, AnnotatedVideo]:
    """Violent segments by video, in order; their class is "".

    Raises VadbenchError naming file and line for a line of another form, segments that are empty or out of
    order, a name that says normal, and a video that is annotated twice.
    """
    return _annotated(path, _segments, _SEGMENTS_FORM)


def read_class_segments(path: Path) -> dict[str, AnnotatedVideo]:
    """Segments by video, each with its class, in the order of the file; they may overlap.

    Raises VadbenchError as `read_segments`, and for a video whose segments have other classes than its name
    lists, but for those in `CONTRADICTIONS`.
    """
    return _annotated(path, _class_segments, _CLASSES_FORM)


def _listed(line: str) -> tuple[str, str]:
    """Id, and number of the crop or nothing, of a line of a list."""
    file, *labels = (part.strip() for part in line.split(","))
    name = video_name(file).removesuffix(".npy")
    match = _CROP.fullmatch(name)
    id = match["name"] if match else name
    codes_of(id)
    if labels and labels != [id.rsplit("_label_", 1)[1]]:
        raise ValueError(f"{id} has the label {','.join(labels)!r} beside it")
    return id, match["crop"] if match else ""


def _annotated(path: Path, parse: Callable[[str, list[str]], Events], form: str) -> dict[str, AnnotatedVideo]:
    videos: dict[str, AnnotatedVideo] = {}
    for number, line in text_lines(path):
        name, *tokens = line.split()
        id = video_name(name)
        try:
            if codes_of(id) == ("A",):
                raise ValueError(f"{id} is normal by its name")
            if id in videos:
                raise ValueError(f"{id} is annotated in line {videos[id].line}")
            videos[id] = AnnotatedVideo(number, parse(id, tokens), name.endswith(".mp4"))
        except ValueError as error:
            raise damaged(path, number, str(error), form) from None
    return videos


def _segments(id: str, tokens: list[str]) -> Events:
    if not tokens or len(tokens) % 2:
        raise ValueError(f"{len(tokens)} numbers are no pairs of start and end")
    segments = [_segment("", *pair) for pair in zip(tokens[::2], tokens[1::2], strict=True)]
    for (_, _, end), (_, start, _) in pairwise(segments):
        if start < end:
            raise ValueError(f"a segment of {id} starts at {start}, before that which ends at {end} is over")
    return tuple(segments)


def _class_segments(id: str, tokens: list[str]) -> Events:
    if not tokens or len(tokens) % 3:
        raise ValueError(f"{len(tokens)} entries are no triples of class, start and end")
    segments = []
    for code, start, end in zip(tokens[::3], tokens[1::3], tokens[2::3], strict=True):
        if code not in CLASSES or code == "A":
            raise ValueError(f"{code!r} is no code of a class")
        segments.append(_segment(CLASSES[code], start, end))
    found = {cls for cls, _, _ in segments}
    if found != CONTRADICTIONS.get(id, set(classes_of(id))):
        raise ValueError(f"{id} has segments of {', '.join(sorted(found))}, which is not what its name lists")
    return tuple(segments)


def _segment(cls: str, first: str, last: str) -> tuple[str, int, int]:
    start, end = frame_number(first), frame_number(last)
    if start is None or end is None or not 0 <= start < end:
        raise ValueError(f"'{first} {last}' is no start and end of a segment")
    return cls, start, end
