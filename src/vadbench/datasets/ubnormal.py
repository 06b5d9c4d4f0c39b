"""UBnormal as published: scenes of rendered videos, lists of names, tracks of abnormal objects.

<folder>/Scene1/abnormal_scene_1_scenario_1.mp4
<folder>/Scene1/abnormal_scene_1_scenario_1_annotations/abnormal_scene_1_scenario_1_tracks.txt
<folder>/Scene1/abnormal_scene_1_scenario_1_annotations/abnormal_scene_1_scenario_1_0000_gt.png …
<folder>/{abnormal,normal}_{training,validation,test}_video_names.txt

Its licence (CC BY-NC-ND 4.0) lets no list and no track be part of this package: published ones are recognised
by their digests and compared by their totals.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from vadbench.config import NORMAL, UbnormalData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import ABNORMAL, Dataset, FrameTruth, relative_path
from vadbench.datasets.published import Count, names_digest
from vadbench.datasets.text_lines import damaged, text_lines, video_name
from vadbench.datasets.tree import Tree, first_folder, list_tree, listed_videos, one_form
from vadbench.datasets.ubnormal_tracks import FOLDER_ENDING, is_array, read_truth, track_names
from vadbench.errors import VadbenchError

_NAME = re.compile(r"(?P<kind>abnormal|normal)_scene_[0-9]+_scenario_?[0-9]+(?:_[a-z0-9]+)*", re.ASCII)
_FORM = "abnormal_scene_1_scenario_2 or normal_scene_1_scenario_2, one name"


class PublishedPart(NamedTuple):
    """What is known of the published lists of a part."""

    digest: str
    """`names_digest` of the names of both lists."""
    normal: int
    abnormal: int
    frames: int
    abnormal_frames: int


PUBLISHED = {
    "training": PublishedPart(
        "5a0935065b584263d9e6e7bcd22e5b543a65cc86d1462911abe46bbecf5fb57d", 186, 82, 116_087, 25_247
    ),
    "validation": PublishedPart(
        "df7d0839cbcee39df56269e0f66bc2be9f1b44b13325eeb8d681fa7b18d1088d", 26, 38, 28_175, 13_938
    ),
    "test": PublishedPart(
        "553074c81454a688ab5461ee63e3521a3853ba8fded6b39196f4cc84f3130279", 53, 158, 92_640, 49_650
    ),
}
"""Frames and abnormal frames as counted from the tracks and arrays that STG-NF ships; the paper's total of
frames, 236,902, agrees with them."""


@dataclass(frozen=True)
class _Part:
    """The two lists of a part with what is known of their videos."""

    name: str
    normal: tuple[str, ...]
    abnormal: tuple[str, ...]
    truths: Mapping[str, FrameTruth]
    """Of every normal video, and of abnormal ones that have a file of tracks."""
    frames: Mapping[str, int]
    """Of the videos whose length their annotations tell."""

    @property
    def videos(self) -> tuple[str, ...]:
        return (*self.abnormal, *self.normal)

    @property
    def published(self) -> PublishedPart | None:
        """The published figures, where the lists are the published ones."""
        known = PUBLISHED[self.name]
        return known if names_digest(self.videos) == known.digest else None


def read(data: UbnormalData, data_root: Path) -> Dataset:
    """UBnormal below `data_root`.

    Splits: `weak`, all training videos with a label each; `one_class`, the normal ones of them. Both are
    tested on all test videos. Validation videos are counted, and in no split.

    Raises VadbenchError where lists or tracks are missing or damaged or contradict each other.
    """
    folder = first_folder(data_root, data.folders, "UBnormal")
    tree = list_tree(folder)
    videos, twice = one_form(tree.videos, files=True)
    tree = replace(tree, videos=videos)
    parts = _read_parts(tree)
    train, test = parts["training"], parts["test"]
    if untold := [id for id in test.abnormal if id not in test.truths]:
        names = " or ".join(track_names(untold[0]))
        raise VadbenchError(
            f"{folder}: {len(untold)} of {len(test.abnormal)} abnormal test videos have no tracks, "
            f"{untold[0]} among them; put its {names} there"
        )
    entries, missing = listed_videos(
        tree, {id: id for part in (train, test) for id in part.videos}, data_root
    )
    masks = _masks(tree, test, data_root)
    return Dataset(
        entries=tuple(entries),
        classes=(NORMAL, ABNORMAL),
        splits={
            "weak": SplitLists(supervision="weak", train=train.videos, test=test.videos),
            "one_class": SplitLists(supervision="one_class", train=train.normal, test=test.videos),
        },
        videos={id: _annotation(part, id) for part in (train, test) for id in part.videos},
        masks=masks,
        counts=tuple(count for part in parts.values() for count in _counts(part)),
        missing=missing,
        notes=tuple(_notes(parts, len(masks), twice)),
    )


def _read_parts(tree: Tree) -> dict[str, _Part]:
    """The three parts; validation lists, which no split needs, may be absent."""
    listed: dict[str, str] = {}
    lengths = {video.name: video.size for video in tree.videos}
    parts = {}
    for name in PUBLISHED:
        files = [tree.file(f"{kind}_{name}_video_names.txt") for kind in (ABNORMAL, NORMAL)]
        if name == "validation" and None in files:
            continue
        abnormal, normal = (
            _read_list(
                tree.require(f"{kind}_{name}_video_names.txt", what="a list of UBnormal"), kind, listed
            )
            for kind in (ABNORMAL, NORMAL)
        )
        truths = dict(_truths(tree, abnormal, normal))
        frames = {
            id: truths[id].frames if id in truths and truths[id].frames else lengths.get(id + FOLDER_ENDING)
            for id in (*abnormal, *normal)
        }
        known = {id: count for id, count in frames.items() if count}
        parts[name] = _Part(name, normal, abnormal, truths, known)
    return parts


def _read_list(path: Path, kind: str, listed: dict[str, str]) -> tuple[str, ...]:
    """The names of one list; `listed` has all names that were read before, and where they stand."""
    names = []
    for number, line in text_lines(path):
        name = video_name(line)
        match = _NAME.fullmatch(name)
        if match is None:
            raise damaged(path, number, f"{line!r} is no name of a video", _FORM)
        if match["kind"] != kind:
            raise damaged(path, number, f"{name} stands in a list of {kind} videos", _FORM)
        if name in listed:
            raise damaged(path, number, f"{name} is listed in {listed[name]} already", _FORM)
        listed[name] = f"{path.name}, line {number},"
        names.append(name)
    return tuple(names)


def _truths(tree: Tree, abnormal: Iterable[str], normal: Iterable[str]) -> Iterable[tuple[str, FrameTruth]]:
    """Abnormal frames by video. Raises VadbenchError where they contradict the list that names the video."""
    for id in abnormal:
        path = tree.file(*track_names(id))
        if path is not None:
            truth = read_truth(path)
            if not truth.intervals:
                raise VadbenchError(
                    f"{path}: has no abnormal frame, but {id} is listed as abnormal; get it again"
                )
            yield id, truth
    for id in normal:
        path = tree.file(*track_names(id))
        truth = read_truth(path) if path is not None else FrameTruth(())
        if truth.intervals:
            raise VadbenchError(
                f"{path}: has abnormal frames, but {id} is listed as normal; correct one of them"
            )
        yield id, truth


def _annotation(part: _Part, id: str) -> VideoAnnotation:
    truth = part.truths.get(id)
    return VideoAnnotation(
        classes=(ABNORMAL,) if id in part.abnormal else (),
        intervals=truth.intervals if truth else None,
        segments=tuple((ABNORMAL, start, end) for start, end in truth.intervals) if truth else (),
        frames=part.frames.get(id),
    )


def _masks(tree: Tree, test: _Part, data_root: Path) -> dict[str, str]:
    """Folders of masks of the abnormal test videos.

    Masks show normal objects too; the tracks beside them tell which are abnormal, so a folder without such
    a text is of no use, nor are those of training videos, which no method may look at.
    """
    folders = {video.name: video.path for video in tree.videos if video.name.endswith(FOLDER_ENDING)}
    masks = {}
    for id in test.abnormal:
        folder = folders.get(id + FOLDER_ENDING)
        tracks = [folder / name for name in track_names(id) if (folder / name).is_file()] if folder else []
        if folder and tracks and not is_array(tracks[0]):
            masks[id] = relative_path(folder, data_root)
    return masks


def _counts(part: _Part) -> Iterable[Count]:
    """What can be counted: frames only where the length of every video is known, and so on."""
    known = part.published
    videos, frames = part.videos, part.frames
    total = known.normal + known.abnormal if known else None
    yield Count(f"{part.name} videos", len(videos), total)
    yield Count(f"abnormal {part.name} videos", len(part.abnormal), known.abnormal if known else None)
    if len(frames) == len(videos):
        yield Count(f"{part.name} frames", sum(frames.values()), known.frames if known else None)
    if len(part.truths) == len(videos):
        abnormal = sum(end - start for truth in part.truths.values() for start, end in truth.intervals)
        yield Count(f"abnormal {part.name} frames", abnormal, known.abnormal_frames if known else None)


def _notes(parts: Mapping[str, _Part], masks: int, twice: Collection[str]) -> Iterable[str]:
    others = [name for name, part in parts.items() if part.published is None]
    if others:
        yield f"other lists than the published ones ({', '.join(others)}); checked against themselves"
    if "validation" not in parts:
        yield "no lists of validation videos, which are in no split"
    train, test = parts["training"], parts["test"]
    if untold := sum(id not in train.truths for id in train.abnormal):
        yield f"{untold} of {len(train.abnormal)} abnormal training videos have no tracks; no split needs any"
    if masks < len(test.abnormal):
        yield f"{masks} of {len(test.abnormal)} abnormal test videos have masks with tracks beside them"
    if twice:
        yield f"{len(twice)} videos are there as files and as frames; the files are read"
    for part in parts.values():
        for id, truth in part.truths.items():
            end = truth.intervals[-1][1] if truth.intervals else 0
            if end > part.frames.get(id, end):
                yield f"{id}: tracks end at frame {end}, its masks at {part.frames[id]}"
