"""CUHK Avenue as published: numbered videos and a mask file for each test video.

<folder>/training_videos/01.avi …        or training/frames/01/0000.jpg … (Liu et al.)
<folder>/testing_videos/01.avi …         or testing/frames/01/0000.jpg …
<folder>/ground_truth_demo/testing_label_mask/1_label.mat …

Numbers occur for training and for testing, so ids are `training_01` and `testing_01`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import NORMAL, AvenueData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.avenue_labels import (
    EVENT_FILES,
    mask_files,
    read_event_cells,
    read_frame_labels,
    remembered_truths,
)
from vadbench.datasets.dataset import ABNORMAL, Dataset, FrameTruth, relative_path
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.published import Count, published_frames
from vadbench.datasets.tree import FoundVideo, Tree, first_folder, list_tree, one_form
from vadbench.errors import VadbenchError

PUBLISHED_TRAINING_VIDEOS = 16

PUBLISHED_ABNORMAL_FRAMES = {"masks": 3712, "events": 3867}
"""Of the 15,324 test frames, by label set."""

PUBLISHED_WHOLLY_ABNORMAL = {"masks": 2, "events": 0}
"""Test videos that are abnormal from their first to their last frame."""

_NUMBER = re.compile(r"[0-9]{1,2}", re.ASCII)
_DEMONSTRATION = "ground_truth_demo"
"""The published folder that has the test videos a second time."""


@dataclass(frozen=True)
class _Labels:
    """Frame labels of the test videos by their number, in each label set that is there."""

    used: Mapping[int, FrameTruth]
    by_masks: Mapping[int, FrameTruth]
    by_events: Mapping[int, FrameTruth]
    published: bool
    """Whether the test videos have the published numbers of frames, as far as labels tell."""


def read(data: AvenueData, data_root: Path, memory: Path | None = None) -> Dataset:
    """CUHK Avenue below `data_root`. Split: `one_class`, the published one.

    Frame labels of masks are kept in the file `memory`, so that they are read once.

    Raises VadbenchError where the labels that `data.labels` asks for are missing or damaged, or a test video
    has none.
    """
    folder = first_folder(data_root, data.folders, "CUHK Avenue")
    tree = list_tree(folder)
    files = mask_files(tree)
    labels = _read_labels(data, tree, files, memory)
    training, testing = (_numbered(tree, part) for part in ("training", "testing"))
    if untold := testing.keys() - labels.used.keys():
        raise VadbenchError(
            f"{testing[min(untold)].path}: has no labels in the label set {data.labels}; complete the labels"
        )
    train = sorted({*training, *(range(1, PUBLISHED_TRAINING_VIDEOS + 1) if labels.published else ())})
    wanted = [("training", number) for number in train] + [("testing", number) for number in labels.used]
    found = {"training": training, "testing": testing}
    return Dataset(
        entries=tuple(
            _entry(folder, part, number, found[part].get(number), data_root) for part, number in wanted
        ),
        classes=(NORMAL, ABNORMAL),
        splits={
            "one_class": SplitLists(
                supervision="one_class",
                train=tuple(_id("training", number) for number in train),
                test=tuple(_id("testing", number) for number in labels.used),
            )
        },
        videos={
            **{_id("training", number): VideoAnnotation(classes=(), intervals=()) for number in train},
            **{_id("testing", number): _annotation(truth) for number, truth in labels.used.items()},
        },
        masks={_id("testing", number): relative_path(path, data_root) for number, path in files.items()},
        counts=tuple(_counts(data, train, labels)),
        missing=tuple(_id(part, number) for part, number in wanted if number not in found[part]),
        notes=tuple(_notes(data, labels, testing)),
    )


def _read_labels(data: AvenueData, tree: Tree, files: Mapping[int, Path], memory: Path | None) -> _Labels:
    by_masks = remembered_truths(files, memory)
    table = {int(id[-2:]): frames for id, frames in published_frames("avenue").items()}
    lengths = {number: truth.frames for number, truth in by_masks.items() if truth.frames}
    path = tree.file(*EVENT_FILES)
    by_events = _read_events(path, lengths, table) if path else {}
    if by_masks and by_events and by_masks.keys() != by_events.keys():
        number = min(by_masks.keys() ^ by_events.keys())
        raise VadbenchError(f"{tree.root}: only masks or only {path} have test video {number}; complete them")
    used = {"masks": by_masks, "events": by_events}[data.labels]
    if not used:
        needed = {"masks": "1_label.mat, 2_label.mat, …", "events": " or ".join(EVENT_FILES)}[data.labels]
        raise VadbenchError(
            f"{tree.root}: holds no {needed}, which the label set {data.labels} is read from; put it there"
        )
    known = {number: truth.frames for number, truth in used.items()}
    return _Labels(used, by_masks, by_events, published=known == table)


def _read_events(path: Path, lengths: Mapping[int, int], table: Mapping[int, int]) -> dict[int, FrameTruth]:
    """Events by the number of the test video; lengths are those of the masks, or else the published ones."""
    known = lengths or table
    if path.suffix != ".mat":
        return dict(zip(known, read_frame_labels(path, list(known.values())), strict=True))
    truths = dict(enumerate(read_event_cells(path), 1))
    ends = {number: truth.intervals[-1][1] if truth.intervals else 0 for number, truth in truths.items()}
    told = known.keys() == ends.keys() and (bool(lengths) or all(ends[n] <= known[n] for n in ends))
    return {n: FrameTruth(truth.intervals, known[n] if told else None) for n, truth in truths.items()}


def _numbered(tree: Tree, part: str) -> dict[int, FoundVideo]:
    """The videos of `training` or `testing` by number. Raises VadbenchError where two have one number."""
    found: dict[int, FoundVideo] = {}
    of_part = [video for video in tree.videos if _is_of_part(video.path.relative_to(tree.root).parts, part)]
    for video in one_form(of_part, files=True)[0]:
        if not _NUMBER.fullmatch(video.name):
            continue
        number = int(video.name)
        if number in found:
            raise VadbenchError(
                f"{found[number].path} and {video.path} are both {_id(part, number)}; keep one"
            )
        found[number] = video
    return found


def _is_of_part(path: tuple[str, ...], part: str) -> bool:
    folders = path[:-1]
    published = folders[-1:] == (f"{part}_videos",) and _DEMONSTRATION not in folders
    return published or folders[-2:] in ((part, "videos"), (part, "frames"))


def _id(part: str, number: int) -> str:
    return f"{part}_{number:02d}"


def _entry(folder: Path, part: str, number: int, found: FoundVideo | None, data_root: Path) -> VideoEntry:
    """The video's entry; one that is missing has the path where it would lie."""
    path = found.path if found else folder / f"{part}_videos" / f"{number:02d}.avi"
    size = found.size if found else None
    return VideoEntry(id=_id(part, number), path=relative_path(path, data_root), bytes=size)


def _annotation(truth: FrameTruth) -> VideoAnnotation:
    return VideoAnnotation(
        classes=(ABNORMAL,) if truth.intervals else (),
        intervals=truth.intervals,
        segments=tuple((ABNORMAL, start, end) for start, end in truth.intervals),
        frames=truth.frames,
    )


def _flags(truth: FrameTruth, frames: int) -> NDArray[np.bool_]:
    flags = np.zeros(frames, dtype=np.bool_)
    for start, end in truth.intervals:
        flags[start:end] = True
    return flags


def _counts(data: AvenueData, train: list[int], labels: _Labels) -> Iterable[Count]:
    def count(what: str, found: int, published: int) -> Count:
        return Count(what, found, published if labels.published else None)

    truths = labels.used.values()
    table = published_frames("avenue")
    yield count("training videos", len(train), PUBLISHED_TRAINING_VIDEOS)
    yield count("test videos", len(truths), len(table))
    abnormal = sum(end - start for truth in truths for start, end in truth.intervals)
    lengths = [truth.frames for truth in truths if truth.frames]
    if len(lengths) == len(truths):
        yield count("test frames", sum(lengths), sum(table.values()))
        whole = sum(truth.intervals == ((0, truth.frames),) for truth in truths)
        yield count("wholly abnormal test videos", whole, PUBLISHED_WHOLLY_ABNORMAL[data.labels])
    yield count(f"abnormal test frames by {data.labels}", abnormal, PUBLISHED_ABNORMAL_FRAMES[data.labels])


def _notes(data: AvenueData, labels: _Labels, testing: Mapping[int, FoundVideo]) -> Iterable[str]:
    if not labels.published:
        yield "other test videos than the published ones; checked against themselves"
    yield f"abnormal frames are those of the label set {data.labels}"
    if labels.by_masks and labels.by_events:
        yield from _differences(labels.by_masks, labels.by_events)
    if not labels.by_masks:
        yield "no masks, so where in a frame something is abnormal is unknown"
    for number, truth in labels.used.items():
        end = truth.intervals[-1][1] if truth.intervals else 0
        if end > (truth.frames or end):
            yield f"{_id('testing', number)}: events end at frame {end}, its masks at {truth.frames}"
        video = testing.get(number)
        if video and video.path.is_dir() and truth.frames and video.size != truth.frames:
            yield f"{_id('testing', number)}: {video.size} frames, its labels have {truth.frames}"


def _differences(by_masks: Mapping[int, FrameTruth], by_events: Mapping[int, FrameTruth]) -> Iterable[str]:
    """Where the two label sets differ, in one line."""
    differing = {}
    for number, truth in by_masks.items():
        frames = truth.frames or 0
        if count := int((_flags(truth, frames) != _flags(by_events[number], frames)).sum()):
            differing[number] = count
    if differing:
        listed = ", ".join(f"{_id('testing', number)} {count}" for number, count in differing.items())
        total = f"{sum(differing.values())} frames in {len(differing)} videos"
        yield f"the label sets masks and events differ on {total}: {listed}"
