"""The text files of UCF-Crime: split lists and temporal annotations, in the forms that are in circulation.

A split list has a line per video, `Abuse/Abuse001_x264.mp4`, in one copy followed by its number of frames.

The temporal annotation has a line per test video: name, class, start and end of the first event and of the
second, -1 where there is none. The number of frames stands nowhere, after the name, or at the line's end:

Abuse028_x264.mp4  Abuse  165  240  -1  -1
Abuse/Abuse028_x264.mp4 1412 Abuse 165 240 -1 -1
Abuse028_x264.mp4   Abuse   165   240   -1   -1   1412

Any white space separates, names may lack folder and ending, lines may stand in any order. All lines of a file
have one form: otherwise a number that is lost or added could not be told from another form.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from vadbench.config import NORMAL
from vadbench.datasets.text_lines import damaged, frame_number, text_lines, video_name
from vadbench.errors import VadbenchError

CLASSES = {
    "Normal": NORMAL,
    **{name: name.lower() for name in ("Abuse", "Arrest", "Arson", "Assault", "Burglary")},
    "Explosion": "explosion",
    "Fighting": "fighting",
    "RoadAccidents": "road accidents",
    **{name: name.lower() for name in ("Robbery", "Shooting", "Shoplifting", "Stealing", "Vandalism")},
}
"""Classes by their published spelling, in VadCLIP's order."""

_FOLDERS = {
    **CLASSES,
    "Training_Normal_Videos_Anomaly": NORMAL,
    "Testing_Normal_Videos_Anomaly": NORMAL,
    "Normal_Videos_event": NORMAL,
}
_NAME = re.compile(r"(?:(?P<letters>[A-Za-z]+)|Normal_Videos_?)[0-9]{3}_x264", re.ASCII)

_LIST_FORM = "Abuse/Abuse001_x264.mp4, or that and the number of frames, as all lines of the file do"
_EVENTS_FORM = (
    "Abuse028_x264.mp4 Abuse 165 240 -1 -1, or that with the number of frames after the name or at the end, "
    "as all lines of the file do"
)


class ListedVideo(NamedTuple):
    """A line of a split list."""

    file: str
    """Name as the list has it, with its folder if that is given, without ending."""
    cls: str
    frames: int | None


class AnnotatedVideo(NamedTuple):
    """A line of the temporal annotation."""

    line: int
    """Its number in the file, from 1."""
    cls: str
    events: tuple[tuple[int, int], ...]
    """Start and end of each event, as published: end exclusive."""
    frames: int | None


def read_list(path: Path) -> dict[str, ListedVideo]:
    """Videos of a split list by id.

    Raises VadbenchError naming file and line for a line of another form, a name that is no video's, a folder
    of another class than the name's, and a video that is listed twice.
    """
    videos: dict[str, ListedVideo] = {}
    for number, tokens, shape in _rows(path, _list_shape, _LIST_FORM):
        folder, id, cls = _video(tokens[0], path, number, _LIST_FORM)
        if id in videos:
            raise damaged(path, number, f"{id} is listed before", _LIST_FORM)
        frames = _frames(tokens[1], path, number, _LIST_FORM) if shape == "frames" else None
        videos[id] = ListedVideo(f"{folder}/{id}" if folder else id, cls, frames)
    return videos


def read_temporal_annotation(path: Path) -> dict[str, AnnotatedVideo]:
    """Events of test videos by id.

    Raises VadbenchError naming file and line for a line of another form, a class that is not the name's, an
    abnormal video without event or a normal one with, events that are empty or not in order, and a video that
    is annotated twice.
    """
    videos: dict[str, AnnotatedVideo] = {}
    for number, tokens, shape in _rows(path, _events_shape, _EVENTS_FORM):
        _, id, cls = _video(tokens[0], path, number, _EVENTS_FORM)
        place = {"plain": None, "frames second": 1, "frames last": 6}[shape]
        frames = None if place is None else _frames(tokens.pop(place), path, number, _EVENTS_FORM)
        try:
            if id in videos:
                raise ValueError(f"{id} is annotated in line {videos[id].line}")
            if CLASSES.get(tokens[1]) != cls:
                raise ValueError(f"the class of {id} is given as {tokens[1]!r}")
            videos[id] = AnnotatedVideo(number, cls, _events(tokens[2:], cls), frames)
        except ValueError as error:
            raise damaged(path, number, str(error), _EVENTS_FORM) from None
    return videos


def check_against(
    path: Path, annotated: Mapping[str, AnnotatedVideo], test: Collection[str], frames: Mapping[str, int]
) -> None:
    """Check the annotation in `path` against the test list and the numbers of frames that are known.

    Raises VadbenchError for a video that only one of annotation and test list has, and for an event that
    starts after the last frame of its video.
    """
    for id, video in annotated.items():
        if id not in test:
            raise damaged(path, video.line, f"{id} is not in the test list", _EVENTS_FORM)
        for start, _ in video.events:
            if start >= frames.get(id, start + 1):
                what = f"an event starts at {start}, {id} has {frames[id]} frames"
                raise damaged(path, video.line, what, _EVENTS_FORM)
    if unannotated := sorted(set(test) - annotated.keys()):
        raise VadbenchError(
            f"{path}: has no line for {unannotated[0]}, which the test list has; add it or get the file again"
        )


def _rows(
    path: Path, shape_of: Callable[[list[str]], str | None], form: str
) -> Iterator[tuple[int, list[str], str]]:
    """Number, tokens and shape of each line. Raises VadbenchError for a line of another shape than most."""
    rows = [(number, line.split()) for number, line in text_lines(path)]
    usual, _ = Counter(shape_of(tokens) for _, tokens in rows).most_common(1)[0]
    for number, tokens in rows:
        shape = shape_of(tokens)
        if shape is None or shape != usual:
            raise damaged(path, number, f"{' '.join(tokens)[:80]!r}", form)
        yield number, tokens, shape


def _list_shape(tokens: list[str]) -> str | None:
    return {1: "plain", 2: "frames"}.get(len(tokens))


def _events_shape(tokens: list[str]) -> str | None:
    if len(tokens) == 7:
        return "frames last" if frame_number(tokens[1]) is None else "frames second"
    return "plain" if len(tokens) == 6 else None


def _video(text: str, path: Path, number: int, form: str) -> tuple[str, str, str]:
    """Folder (empty where none is given), id and class of a video, as a list names it."""
    id = video_name(text)
    folders = text.replace("\\", "/").split("/")[:-1]
    match = _NAME.fullmatch(id)
    cls = CLASSES.get(match["letters"] or "Normal") if match else None
    if cls is None:
        raise damaged(path, number, f"{id!r} is no name of a video of UCF-Crime", form)
    folder = folders[-1] if folders else ""
    if _FOLDERS.get(folder, cls) != cls:
        raise damaged(path, number, f"{id} stands in the folder {folder}", form)
    return folder, id, cls


def _frames(token: str, path: Path, number: int, form: str) -> int:
    frames = frame_number(token)
    if frames is None or frames < 1:
        raise damaged(path, number, f"{token!r} is no number of frames", form)
    return frames


def _events(tokens: list[str], cls: str) -> tuple[tuple[int, int], ...]:
    """Two pairs, either or both -1. Raises ValueError for pairs that make no sense."""
    numbers = [frame_number(token) for token in tokens]
    pairs = [(numbers[0], numbers[1]), (numbers[2], numbers[3])]
    events = []
    for (start, end), text in zip(pairs, (tokens[:2], tokens[2:]), strict=True):
        if start is None or end is None or ((start, end) != (-1, -1) and not 0 <= start < end):
            raise ValueError(f"{' '.join(text)!r} is no start and end of an event")
        if start >= 0:
            events.append((start, end))
    if pairs[0] == (-1, -1) and events:
        raise ValueError("a second event without a first")
    if bool(events) == (cls == NORMAL):
        raise ValueError(f"a video of the class {cls} {'with' if events else 'without'} an event")
    if len(events) == 2 and events[1][0] < events[0][1]:
        raise ValueError("the second event starts before the first is over")
    return tuple(events)
