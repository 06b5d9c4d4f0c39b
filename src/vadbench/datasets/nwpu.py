"""NWPU Campus as published: training and test videos whose names repeat, and one archive of frame labels.

<folder>/videos/Train/DXXX_YY.avi
         videos/Test/DXXX_YY.avi
         groundtruth/NWPU_Campus_gt.npz   an array per test video, 1 where the frame is abnormal

An id has the folder before the name, `Train/D001_01`: 221 names occur in both.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import NwpuData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.archives import read_archive
from vadbench.datasets.arrays import frame_flags
from vadbench.datasets.dataset import ABNORMAL, NORMAL, Dataset, frame_annotation
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.published import Count, frame_deviations, published_frames, published_table
from vadbench.datasets.tree import Tree, first_folder, list_tree, listed_videos, one_form
from vadbench.errors import VadbenchError

LABEL_FILE = "NWPU_Campus_gt.npz"

_NAME = re.compile(r"D[0-9]{3}_[0-9]{2}")

_PARTS = {"train": "Train", "training": "Train", "test": "Test", "testing": "Test"}
"""Part of a video by the name of a folder above it, in whatever case."""

_GAP = "Train/D092_06"


def _published(column: int, part: str) -> tuple[str, ...]:
    ids: list[str] = []
    for scene, counts in published_table("nwpu_scenes").items():
        numbered = (f"{part}/{scene}_{number:02d}" for number in count(1))
        ids += islice((id for id in numbered if id != _GAP), counts[column])
    return tuple(ids)


PUBLISHED = {part: _published(column, part) for column, part in enumerate(("Train", "Test"))}
"""The 305 training and 242 test videos: numbered from 01 in each scene, without gaps but one."""


def read(data: NwpuData, data_root: Path) -> Dataset:
    """NWPU Campus below `data_root`; its split is `one_class`.

    Raises VadbenchError where the folder or the labels are missing or damaged, or a test video has no labels.
    """
    folder = first_folder(data_root, data.folders, "NWPU Campus")
    tree = list_tree(folder)
    path = tree.require(LABEL_FILE, what="the frame labels of the test videos")
    labels = read_labels(path)
    parts, notes = _parts(tree)
    published = labels.keys() == set(PUBLISHED["Test"])
    train = PUBLISHED["Train"] if published else _ids("Train", parts["Train"])
    _check_labelled(path, parts["Test"], labels)
    entries: list[VideoEntry] = []
    missing: list[str] = []
    for part, ids in (("Train", train), ("Test", tuple(labels))):
        found, absent = listed_videos(parts[part], {id: id.partition("/")[2] for id in ids}, data_root)
        entries += found
        missing += absent
    return Dataset(
        entries=tuple(entries),
        classes=(NORMAL, ABNORMAL),
        splits={"one_class": SplitLists(supervision="one_class", train=train, test=tuple(labels))},
        videos={
            **{id: VideoAnnotation(classes=(), intervals=()) for id in train},
            **{id: frame_annotation(flags) for id, flags in labels.items()},
        },
        counts=_counts(train, labels, published),
        missing=tuple(missing),
        notes=(*notes, *_notes(parts, train, labels, published)),
    )


def read_labels(path: Path) -> dict[str, NDArray[np.bool_]]:
    """(frames,) true where the frame is abnormal, by id of the test video, sorted.

    Raises VadbenchError, naming the file and the key, for a damaged archive, a key that is no video's name
    and an array that is not one 0 or 1 per frame.
    """
    labels = {}
    for key, values in read_archive(path).items():
        name = key.removesuffix(".avi")
        if not _NAME.fullmatch(name):
            raise VadbenchError(
                f"{path}: key {key!r} is no name of a video, as D001_01 is; get the file again"
            )
        if f"Test/{name}" in labels:
            raise VadbenchError(f"{path}: has two arrays for {name}; get the file again")
        labels[f"Test/{name}"] = frame_flags(values, f"{path}, key {key}")
    if not labels:
        raise VadbenchError(f"{path}: holds no labels; get it again")
    return dict(sorted(labels.items()))


def _parts(tree: Tree) -> tuple[dict[str, Tree], list[str]]:
    """What lies in `Train` and in `Test`, published as files; copies may have extracted frames too."""
    notes = list(tree.notes)
    parts = {}
    for part in ("Train", "Test"):
        inside = [video for video in tree.videos if _part(video.path.relative_to(tree.root)) == part]
        videos, framed = one_form(inside, files=True)
        if framed:
            notes.append(
                f"{len(framed)} videos of {part} are there as files and as frames; the files are read"
            )
        parts[part] = replace(tree, root=tree.root / "videos" / part, videos=videos)
    outside = sum(_part(video.path.relative_to(tree.root)) is None for video in tree.videos)
    if outside:
        notes.append(f"{outside} videos lie neither in Train nor in Test and are left out")
    return parts, notes


def _part(path: Path) -> str | None:
    return next((_PARTS[name.lower()] for name in path.parts[:-1] if name.lower() in _PARTS), None)


def _ids(part: str, tree: Tree) -> tuple[str, ...]:
    """Videos on disk: training videos are listed nowhere."""
    ids = tuple(sorted({f"{part}/{video.name}" for video in tree.videos if _NAME.fullmatch(video.name)}))
    if not ids:
        raise VadbenchError(f"{tree.root}: holds no video D001_01.avi, …; put the videos there")
    return ids


def _check_labelled(path: Path, test: Tree, labels: Mapping[str, object]) -> None:
    for video in test.videos:
        if _NAME.fullmatch(video.name) and f"Test/{video.name}" not in labels:
            raise VadbenchError(
                f"{path}: has no key {video.name}, but there is {video.path}; get the file again"
            )


def _counts(
    train: tuple[str, ...], labels: Mapping[str, NDArray[np.bool_]], published: bool
) -> tuple[Count, ...]:
    """Frames are compared with what the paper states: the sums of the archive are printed nowhere else."""
    scenes = {id.partition("/")[2].partition("_")[0] for id in (*train, *labels)}
    figures = (
        ("scenes", len(scenes), 43),
        ("training videos", len(train), 305),
        ("test videos", len(labels), 242),
        ("test frames", sum(map(len, labels.values())), 384059),
        ("abnormal test frames", sum(int(flags.sum()) for flags in labels.values()), 65266),
    )
    compared = [Count(what, found, figure if published else None) for what, found, figure in figures]
    abnormal = sum(bool(flags.any()) for flags in labels.values())
    return (*compared, Count("abnormal test videos", abnormal, None))


def _notes(
    parts: Mapping[str, Tree],
    train: tuple[str, ...],
    labels: Mapping[str, NDArray[np.bool_]],
    published: bool,
) -> list[str]:
    notes = []
    if not published:
        known = sum(id in PUBLISHED["Test"] for id in labels)
        notes.append(
            f"other test videos than the published 242: {known} of them and {len(labels) - known} others; "
            f"they are checked against themselves"
        )
    for part, ids in (("Train", train), ("Test", tuple(labels))):
        others = sorted({f"{part}/{video.name}" for video in parts[part].videos} - {*ids})
        if others:
            notes.append(
                f"{len(others)} videos of {part} are no videos of NWPU Campus: {', '.join(others[:5])}"
            )
    return [*notes, *_label_notes(labels)] if published else notes


def _label_notes(labels: Mapping[str, NDArray[np.bool_]]) -> Iterable[str]:
    """Labels against the counts of an evaluation log, the only ones published for single videos."""
    yield from frame_deviations({id: len(flags) for id, flags in labels.items()}, published_frames("nwpu"))
    for id, (_, abnormal) in published_table("nwpu").items():
        found = int(labels[id].sum())
        if found != abnormal:
            yield f"{id}: {found} abnormal frames, published are {abnormal}"
