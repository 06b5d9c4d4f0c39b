"""Where the annotations of XD-Violence contradict each other or themselves: named, never repaired."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise

from vadbench.datasets.dataset import union
from vadbench.datasets.xd_violence_lists import AnnotatedVideo, Events, classes_of, lacks_filling


def name_notes(ids: Iterable[str]) -> Iterator[str]:
    """Names that one code ends without the usual filling."""
    yield from _note("names without the filling -0-0", [id for id in ids if lacks_filling(id)])


def annotation_notes(annotated: Mapping[str, AnnotatedVideo], frames: Mapping[str, int]) -> Iterator[str]:
    """Names with an ending, which a comparison of whole names loses, and segments that overrun."""
    endings = [id for id, video in annotated.items() if video.has_ending]
    yield from _note("names that end in .mp4 in the annotation", endings)
    beyond = [
        f"{id} ({end} of {frames[id]})"
        for id, video in annotated.items()
        for _, _, end in video.events
        if end > frames.get(id, end)
    ]
    yield from _note("segments that end after the last frame", beyond)


def class_notes(
    annotated: Mapping[str, AnnotatedVideo], by_class: Mapping[str, AnnotatedVideo] | None
) -> Iterator[str]:
    """Segments with classes against names, against segments without classes, and among each other."""
    if by_class is None:
        several = sum(len(classes_of(id)) > 1 for id in annotated)
        yield (
            f"no annotations_multiclasses.txt: segments have the class of their video, and {several} test "
            f"videos of several classes have no segments"
        )
        return
    events = {id: video.events for id, video in by_class.items()}
    others = [
        f"{id} ({', '.join(sorted({cls for cls, _, _ in found}))})"
        for id, found in events.items()
        if {cls for cls, _, _ in found} != set(classes_of(id))
    ]
    yield from _note("videos whose segments have another class than their name", others)
    differing = [
        f"{id} ({count})"
        for id, found in events.items()
        if (count := _differing_frames(found, annotated[id].events))
    ]
    yield from _note("videos on which the two annotations differ, and on how many frames", differing)
    unordered = [
        id for id, found in events.items() if any(next[1] < last[1] for last, next in pairwise(found))
    ]
    yield from _note("videos whose segments with classes are not in order of time", unordered)
    for same, what in ((False, "different classes"), (True, "one class")):
        pairs = {id: _overlaps(found, same) for id, found in events.items()}
        overlapping = [f"{id} ({count})" for id, count in pairs.items() if count]
        yield from _note(f"videos with segments of {what} that overlap", overlapping)


def _note(what: str, names: list[str]) -> Iterator[str]:
    if names:
        yield f"{what}, {len(names)}: {', '.join(sorted(names))}"


def _differing_frames(one: Events, other: Events) -> int:
    """Number of frames that only one of the two marks."""
    first, second = (union((start, end) for _, start, end in events) for events in (one, other))
    common = sum(max(0, min(a[1], b[1]) - max(a[0], b[0])) for a in first for b in second)
    return sum(end - start for start, end in (*first, *second)) - 2 * common


def _overlaps(events: Events, same: bool) -> int:
    """Number of pairs that overlap, of one class or of different ones."""
    return sum(
        (one[0] == other[0]) == same and max(one[1], other[1]) < min(one[2], other[2])
        for one, other in combinations(events, 2)
    )
