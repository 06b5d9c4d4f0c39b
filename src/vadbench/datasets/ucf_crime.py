"""UCF-Crime as published: videos in folders by class, two split lists, temporal annotations, and boxes.

<folder>/Anomaly_Train.txt                                      Abuse/Abuse001_x264.mp4 …
<folder>/Anomaly_Test.txt                                       Abuse/Abuse028_x264.mp4 …
<folder>/Temporal_Anomaly_Annotation_for_Testing_Videos.txt     Abuse028_x264.mp4  Abuse  165  240  -1  -1 …
<folder>/Test_annotation.pkl or Test_Spatial_Annotation.json    optional: boxes of Liu and Ma
<folder>/Abuse/Abuse001_x264.mp4 …                              or flat, or folders of frames

The files may lie anywhere below the folder. An id is the video's name without ending, `Abuse001_x264`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from vadbench.config import NORMAL, UcfCrimeData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import Dataset, union
from vadbench.datasets.published import (
    Count,
    check_apart,
    frame_deviations,
    names_digest,
    published_frames,
)
from vadbench.datasets.tree import Tree, first_folder, list_tree, listed_videos
from vadbench.datasets.ucf_crime_boxes import JSON_NAME, PICKLE_NAME, Box, find_boxes
from vadbench.datasets.ucf_crime_lists import (
    CLASSES,
    AnnotatedVideo,
    ListedVideo,
    check_against,
    read_list,
    read_temporal_annotation,
)
from vadbench.errors import VadbenchError

TRAIN_LISTS = ("Anomaly_Train.txt", "Train_Annotation.txt")
TEST_LISTS = ("Anomaly_Test.txt",)
ANNOTATIONS = (
    "Temporal_Anomaly_Annotation_for_Testing_Videos.txt",
    "Temporal_Anomaly_Annotation.txt",
    "Temporal_Anomaly_Annotation_New.txt",
    "UCF_Annotation.txt",
)
"""Names under which copies of the annotation are in circulation; all hold the same events."""

PUBLISHED_TRAIN = "11a8e5c28bfb448ab5f3eb4e5e956b8cc4c39dd0168f61a1874e0507ce206146"
PUBLISHED_TEST = "ed354847224251c2327e6b92df8cf0990709b1940da3e7d288decf9e23bf326b"
PUBLISHED_EVENTS = "292ffa3d5fa8c404fca8f64563302bfcae53f76017ced9f3bfc6d708077b1945"
"""Digests of the names in the published lists, and of the published events."""


def read(data: UcfCrimeData, data_root: Path) -> Dataset:
    """UCF-Crime below `data_root`, from its text files; the videos need not be there.

    Split: `weak`, as published. A training video has the class that its name begins with; a test video has
    its events as published, taken as 0-based with exclusive ends, and its boxes.

    Raises VadbenchError where a list or the annotation is missing or damaged, where they or two copies of the
    annotation contradict each other, and for a file of boxes that is not plain data.
    """
    tree = list_tree(first_folder(data_root, data.folders, "UCF-Crime"))
    train_path = tree.require(*TRAIN_LISTS, what="the training list")
    test_path = tree.require(*TEST_LISTS, what="the test list")
    train, test = read_list(train_path), read_list(test_path)
    check_apart(list(train), list(test), f"{train_path} and {test_path}")
    path, annotated = _annotation(tree)
    stated = {
        id: video.frames
        for videos in (train, test, annotated)
        for id, video in videos.items()
        if video.frames is not None
    }
    published = _published_frames(train, test)
    frames = {**stated, **published}
    check_against(path, annotated, test, frames)
    boxes = find_boxes(tree)
    entries, missing = listed_videos(
        tree, {id: video.file for id, video in {**train, **test}.items()}, data_root
    )
    return Dataset(
        entries=tuple(entries),
        classes=tuple(CLASSES.values()),
        splits={"weak": SplitLists(supervision="weak", train=tuple(sorted(train)), test=tuple(sorted(test)))},
        videos={
            **{id: _of_training(video, frames.get(id)) for id, video in train.items()},
            **{id: _of_test(annotated[id], frames.get(id), (boxes or {}).get(id, ())) for id in test},
        },
        counts=(
            *_training_counts(train, frames),
            *_test_counts(annotated, frames),
            *_box_counts(boxes, test),
        ),
        missing=missing,
        notes=(
            *_list_notes(train, annotated),
            *frame_deviations(stated, published),
            *_event_notes(annotated, frames),
            *_box_notes(boxes, annotated, frames),
            *tree.notes,
        ),
    )


def _annotation(tree: Tree) -> tuple[Path, dict[str, AnnotatedVideo]]:
    """The annotation and its path. Raises VadbenchError where copies of it have different events."""
    first = tree.require(*ANNOTATIONS, what="the temporal annotation of test videos")
    annotated = read_temporal_annotation(first)
    for path in filter(None, map(tree.file, ANNOTATIONS)):
        other = read_temporal_annotation(path)
        for id in sorted(annotated.keys() | other.keys()):
            if _events(annotated, id) != _events(other, id):
                raise VadbenchError(f"{first} and {path} differ on {id}; keep the right one")
    return first, annotated


def _events(annotated: Mapping[str, AnnotatedVideo], id: str) -> tuple[tuple[int, int], ...] | None:
    return annotated[id].events if id in annotated else None


def _is_published_train(train: Iterable[str]) -> bool:
    return names_digest(train) == PUBLISHED_TRAIN


def _is_published_test(test: Iterable[str]) -> bool:
    return names_digest(test) == PUBLISHED_TEST


def _published_frames(train: Iterable[str], test: Iterable[str]) -> dict[str, int]:
    """Published frame counts of the lists that are the published ones."""
    frames = published_frames("ucf_crime")
    known = {*(train if _is_published_train(train) else ()), *(test if _is_published_test(test) else ())}
    return {id: frames[id] for id in known}


def _of_training(video: ListedVideo, frames: int | None) -> VideoAnnotation:
    if video.cls == NORMAL:
        return VideoAnnotation(classes=(), intervals=(), frames=frames)
    return VideoAnnotation(classes=(video.cls,), frames=frames)


def _of_test(video: AnnotatedVideo, frames: int | None, boxes: tuple[Box, ...]) -> VideoAnnotation:
    return VideoAnnotation(
        classes=() if video.cls == NORMAL else (video.cls,),
        intervals=union(video.events),
        segments=tuple((video.cls, start, end) for start, end in video.events),
        boxes=boxes,
        frames=frames,
    )


def _training_counts(train: Mapping[str, ListedVideo], frames: Mapping[str, int]) -> Iterator[Count]:
    published = _is_published_train(train)
    abnormal = sum(video.cls != NORMAL for video in train.values())
    yield Count("training videos", len(train), 1610 if published else None)
    yield Count("abnormal training videos", abnormal, 810 if published else None)
    if train.keys() <= frames.keys():
        yield Count("training frames", sum(frames[id] for id in train), 12_656_615 if published else None)


def _test_counts(annotated: Mapping[str, AnnotatedVideo], frames: Mapping[str, int]) -> Iterator[Count]:
    published = _is_published_test(annotated)
    events = [(id, start, end) for id, video in annotated.items() for start, end in video.events]
    abnormal = sum(bool(video.events) for video in annotated.values())
    yield Count("test videos", len(annotated), 290 if published else None)
    yield Count("abnormal test videos", abnormal, 140 if published else None)
    yield Count("events", len(events), 156 if published else None)
    if annotated.keys() <= frames.keys():
        abnormal_frames = sum(min(end, frames[id]) - start for id, start, end in events)
        yield Count("test frames", sum(frames[id] for id in annotated), 1_111_808 if published else None)
        yield Count("abnormal test frames", abnormal_frames, 84_182 if published else None)


def _box_counts(boxes: Mapping[str, tuple[Box, ...]] | None, test: Collection[str]) -> Iterator[Count]:
    if boxes is not None:
        published = _is_published_test(test)
        of_test = [several for id, several in boxes.items() if id in test]
        yield Count("boxes", sum(map(len, of_test)), 3102 if published else None)
        yield Count("videos with boxes", len(of_test), 140 if published else None)


def _list_notes(train: Mapping[str, ListedVideo], annotated: Mapping[str, AnnotatedVideo]) -> Iterator[str]:
    is_published = {"training": _is_published_train(train), "test": _is_published_test(annotated)}
    if not any(is_published.values()):
        yield "other lists than the published ones; checked against themselves"
        return
    for part, published in is_published.items():
        if not published:
            yield f"another {part} list than the published one; checked against itself"
    if is_published["test"] and names_digest(_event_lines(annotated)) != PUBLISHED_EVENTS:
        yield "events of the published test videos that are not the published events"


def _event_lines(annotated: Mapping[str, AnnotatedVideo]) -> Iterator[str]:
    for id, video in annotated.items():
        yield " ".join([id, *(f"{start} {end}" for start, end in video.events)])


def _event_notes(annotated: Mapping[str, AnnotatedVideo], frames: Mapping[str, int]) -> Iterator[str]:
    beyond = [
        f"{id} ({end} of {frames[id]})"
        for id, video in sorted(annotated.items())
        for _, end in video.events
        if end > frames.get(id, end)
    ]
    two = [id for id, video in sorted(annotated.items()) if len(video.events) == 2]
    if beyond:
        yield f"events that end after the last frame, {len(beyond)}: {', '.join(beyond)}"
    if two:
        yield f"videos with two events, {len(two)}: {', '.join(two)}"


def _box_notes(
    boxes: Mapping[str, tuple[Box, ...]] | None,
    annotated: Mapping[str, AnnotatedVideo],
    frames: Mapping[str, int],
) -> Iterator[str]:
    if boxes is None:
        yield f"no boxes: neither {PICKLE_NAME} nor {JSON_NAME} is there"
        return
    if others := [id for id in boxes if id not in annotated]:
        yield f"videos with boxes that are not tested, {len(others)}, the first is {others[0]}"
    of_test = [(id, box[0]) for id, several in boxes.items() if id in annotated for box in several]
    outside = [
        f"{id} ({frame})"
        for id, frame in of_test
        if not any(start <= frame < end for start, end in annotated[id].events)
    ]
    if outside:
        yield f"boxes on no frame of an event, {len(outside)}: {', '.join(outside)}"
    if beyond := [
        f"{id} ({frame} of {frames[id]})" for id, frame in of_test if frame >= frames.get(id, frame + 1)
    ]:
        yield f"boxes after the last frame, {len(beyond)}: {', '.join(beyond)}"
