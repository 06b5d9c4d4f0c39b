"""XD-Violence as published: videos that are named by their labels, split lists, and segments of test videos.

<folder>/rgb.list, rgb_test.list (XDVioDet), or xd_CLIP_rgb.csv, xd_CLIP_rgbtest.csv (VadCLIP)    the split
<folder>/annotations.txt                          violent segments of the test videos
<folder>/annotations_multiclasses.txt             optional: the same with classes, published later by VadCLIP
<folder>/v=8cTqh9tMz_I__#1_label_A.mp4 …          in any folders, or folders of frames

The files may lie anywhere below the folder. An id is the video's name without ending.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from vadbench.config import XdViolenceData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import Dataset, union
from vadbench.datasets.published import Count, check_apart, names_digest, published_frames
from vadbench.datasets.text_lines import damaged
from vadbench.datasets.tree import first_folder, list_tree, listed_videos
from vadbench.datasets.xd_violence_lists import (
    CLASSES,
    AnnotatedVideo,
    classes_of,
    read_class_segments,
    read_list,
    read_segments,
)
from vadbench.datasets.xd_violence_notes import annotation_notes, class_notes, name_notes
from vadbench.errors import VadbenchError

TRAIN_LISTS = ("rgb.list", "xd_CLIP_rgb.csv", "XD_Train.list", "train_videos.txt")
TEST_LISTS = ("rgb_test.list", "xd_CLIP_rgbtest.csv", "XD_Test.list", "test_videos.txt")
SEGMENTS = ("annotations.txt", "XD_Annotation.txt")
CLASS_SEGMENTS = "annotations_multiclasses.txt"

PUBLISHED_TRAIN = "dcf09a09673e4f5f5d2ca84e964a8e5444d312351662d1580d08c2be00bf6037"
PUBLISHED_TEST = "a62aebaabdeff077e7983dc0b16272559662d0465b5468eab928178a77ebf4e2"
PUBLISHED_SEGMENTS = "b7821703675667392a6daef4f19f1f5da336e3ff4d764473167b8fcb68098588"
PUBLISHED_CLASS_SEGMENTS = "5e81ffbf23dfe2d913e32cda5f7335e37146e1ac5b069d9be577a26760037b16"
"""Digests of the names in the published lists, and of the segments in both published annotations."""

PUBLISHED_EVENTS = {
    "fighting": 245,
    "shooting": 214,
    "riot": 154,
    "abuse": 15,
    "car accident": 494,
    "explosion": 150,
}
"""Segments of each class in the published annotation with classes."""

Annotated = Mapping[str, AnnotatedVideo]


def read(data: XdViolenceData, data_root: Path) -> Dataset:
    """XD-Violence below `data_root`, from its text files; the videos need not be there.

    Split: `weak`, as published. A video has the classes that its name lists, several of them or none. Frames
    are labelled by `annotations.txt` (0-based, ends exclusive); segments with classes are those of
    `annotations_multiclasses.txt`. Without that file they are those of `annotations.txt` in videos of one
    class; videos of several classes have none.

    Raises VadbenchError where a list or `annotations.txt` is missing, a file is damaged, or they contradict
    each other.
    """
    tree = list_tree(first_folder(data_root, data.folders, "XD-Violence"))
    train_path = tree.require(*TRAIN_LISTS, what="the training list")
    test_path = tree.require(*TEST_LISTS, what="the test list")
    train, test = read_list(train_path), read_list(test_path)
    check_apart(train, test, f"{train_path} and {test_path}")
    frames = published_frames("xd_violence") if _is_published_test(test) else {}
    path = tree.require(*SEGMENTS, what="the violent segments of test videos")
    segments = read_segments(path)
    _check_videos(path, segments, test, frames)
    class_path = tree.file(CLASS_SEGMENTS)
    by_class = None if class_path is None else read_class_segments(class_path)
    if class_path is not None and by_class is not None:
        _check_videos(class_path, by_class, test, frames)
    entries, missing = listed_videos(tree, {id: id for id in (*train, *test)}, data_root)
    return Dataset(
        entries=tuple(entries),
        classes=tuple(CLASSES.values()),
        splits={"weak": SplitLists(supervision="weak", train=tuple(sorted(train)), test=tuple(sorted(test)))},
        videos={
            **{id: _of_training(id) for id in train},
            **{id: _of_test(id, segments, by_class, frames.get(id)) for id in test},
        },
        counts=(
            *_list_counts(train, test),
            *_segment_counts(test, segments, frames),
            *_class_counts(test, by_class),
        ),
        missing=missing,
        notes=(
            *_list_notes(train, test, segments, by_class),
            *name_notes((*train, *test)),
            *annotation_notes(segments, frames),
            *class_notes(segments, by_class),
            *tree.notes,
        ),
    )


def _check_videos(path: Path, annotated: Annotated, test: Collection[str], frames: Mapping[str, int]) -> None:
    """Raise VadbenchError where an annotation and the test list do not have the same violent videos."""
    form = "the name of a violent test video, and its segments"
    listed = set(test)
    for id, video in annotated.items():
        if id not in listed:
            raise damaged(path, video.line, f"{id} is not in the test list", form)
        for _, start, _ in video.events:
            if start >= frames.get(id, start + 1):
                what = f"a segment starts at {start}, {id} has {frames[id]} frames"
                raise damaged(path, video.line, what, form)
    unannotated = sorted(id for id in test if classes_of(id) and id not in annotated)
    if unannotated:
        raise VadbenchError(
            f"{path}: has no line for {unannotated[0]}, which the test list has; add it or get the file again"
        )


def _of_training(id: str) -> VideoAnnotation:
    classes = classes_of(id)
    return VideoAnnotation(classes=classes, intervals=None if classes else ())


def _of_test(id: str, segments: Annotated, by_class: Annotated | None, frames: int | None) -> VideoAnnotation:
    classes = classes_of(id)
    if not classes:
        return VideoAnnotation(classes=(), intervals=(), frames=frames)
    events = segments[id].events
    if by_class is not None:
        named = by_class[id].events
    else:
        named = tuple((classes[0], start, end) for _, start, end in events) if len(classes) == 1 else ()
    return VideoAnnotation(
        classes=classes,
        intervals=union((start, end) for _, start, end in events),
        segments=named,
        frames=frames,
    )


def _is_published_train(train: Iterable[str]) -> bool:
    return names_digest(train) == PUBLISHED_TRAIN


def _is_published_test(test: Iterable[str]) -> bool:
    return names_digest(test) == PUBLISHED_TEST


def _list_counts(train: Sequence[str], test: Sequence[str]) -> Iterator[Count]:
    for part, ids, is_published, figures in (
        ("training", train, _is_published_train(train), (3954, 1905)),
        ("test", test, _is_published_test(test), (800, 500)),
    ):
        abnormal = sum(bool(classes_of(id)) for id in ids)
        yield Count(f"{part} videos", len(ids), figures[0] if is_published else None)
        yield Count(f"abnormal {part} videos", abnormal, figures[1] if is_published else None)


def _segment_counts(test: Sequence[str], segments: Annotated, frames: Mapping[str, int]) -> Iterator[Count]:
    published = _is_published_test(test)
    events = [(id, start, end) for id, video in segments.items() for _, start, end in video.events]
    yield Count("violent segments", len(events), 1238 if published else None)
    if published:
        abnormal = sum(min(end, frames[id]) - start for id, start, end in events)
        yield Count("test frames", sum(frames[id] for id in test), 2_335_801)
        yield Count("abnormal test frames", abnormal, 538_324)


def _class_counts(test: Sequence[str], by_class: Annotated | None) -> Iterator[Count]:
    if by_class is None:
        return
    published = _is_published_test(test)
    found = Counter(cls for video in by_class.values() for cls, _, _ in video.events)
    yield Count("segments with a class", found.total(), 1272 if published else None)
    for cls, figure in PUBLISHED_EVENTS.items():
        yield Count(f"segments of {cls}", found[cls], figure if published else None)


def _list_notes(
    train: Sequence[str], test: Sequence[str], segments: Annotated, by_class: Annotated | None
) -> Iterator[str]:
    is_published = {"training": _is_published_train(train), "test": _is_published_test(test)}
    if not any(is_published.values()):
        yield "other lists than the published ones; checked against themselves"
        return
    for part, published in is_published.items():
        if not published:
            yield f"another {part} list than the published one; checked against itself"
    for name, annotated, digest in (
        (SEGMENTS[0], segments, PUBLISHED_SEGMENTS),
        (CLASS_SEGMENTS, by_class or {}, PUBLISHED_CLASS_SEGMENTS),
    ):
        if is_published["test"] and annotated and names_digest(_lines(annotated)) != digest:
            yield f"{name}: segments of the published test videos that are not the published ones"


def _lines(annotated: Annotated) -> Iterator[str]:
    for id, video in annotated.items():
        yield " ".join([id, *(f"{cls} {start} {end}" for cls, start, end in video.events)])
