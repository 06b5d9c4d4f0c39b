"""Linking of boxes against a plain loop, and what must hold of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vadbench.metrics.boxes import pair_ious
from vadbench.stages.tracks import iou_matrix, track_ids

Boxes = NDArray[np.float32]


def _boxes(generator: np.random.Generator, count: int) -> Boxes:
    """Whole corners in a small frame, so that many overlap, some equally."""
    corners = generator.integers(0, 12, (count, 2))
    return np.concatenate([corners, corners + generator.integers(1, 9, (count, 2))], 1).astype(np.float32)


def _iou(one: Boxes, other: Boxes) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = float(max(width, 0) * max(height, 0))
    area = float((one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]))
    return common / (area - common)


def _ids_by_loop(frames: list[Boxes], least: float) -> list[list[int]]:
    """One pair after another: look through all that are left for the best."""
    ids: list[list[int]] = []
    free = 0
    for time, boxes in enumerate(frames):
        own: dict[int, int] = {}
        left = set(range(len(frames[time - 1]))) if time else set()
        while True:
            best = None
            for old in sorted(left):
                for new in range(len(boxes)):
                    iou = _iou(frames[time - 1][old], boxes[new])
                    if new not in own and iou >= least and (best is None or iou > best[0]):
                        best = (iou, old, new)
            if best is None:
                break
            own[best[2]] = ids[-1][best[1]]
            left.remove(best[1])
        for new in range(len(boxes)):
            if new not in own:
                own[new], free = free, free + 1
        ids.append([own[new] for new in range(len(boxes))])
    return ids


@given(
    counts=st.lists(st.integers(0, 6), max_size=8),
    seed=st.integers(0, 1000),
    least=st.sampled_from([0.01, 0.3, 0.5, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_tracks_are_those_of_a_plain_loop(counts: list[int], seed: int, least: float) -> None:
    generator = np.random.default_rng(seed)
    frames = [_boxes(generator, count) for count in counts]
    assert [ids.tolist() for ids in track_ids(frames, least)] == _ids_by_loop(frames, least)


def test_ious_are_those_of_the_metrics() -> None:
    generator = np.random.default_rng(0)
    ours, theirs = _boxes(generator, 9), _boxes(generator, 7)
    ious = iou_matrix(ours, theirs)
    assert ious.shape == (9, 7)
    for column, other in enumerate(theirs):
        assert np.allclose(ious[:, column], pair_ious(ours, np.tile(other, (9, 1))))


def test_an_object_that_moves_keeps_its_number_and_two_that_pass_each_other_theirs() -> None:
    right = [np.array([[t, 0, t + 20, 20]], np.float32) for t in range(0, 40, 4)]
    left = [np.array([[60 - t, 15, 80 - t, 35]], np.float32) for t in range(0, 40, 4)]
    # The order in which a detector gives them changes with their scores.
    frames = [
        np.concatenate([a, b] if t % 2 else [b, a]) for t, (a, b) in enumerate(zip(right, left, strict=True))
    ]
    ids = [ids.tolist() for ids in track_ids(frames, 0.3)]
    assert ids == [[1, 0] if t % 2 else [0, 1] for t in range(10)]


def test_a_track_ends_where_a_frame_is_empty() -> None:
    box, none = np.array([[0, 0, 5, 5]], np.float32), np.empty((0, 4), np.float32)
    assert [ids.tolist() for ids in track_ids([box, box, none, box], 0.3)] == [[0], [0], [], [1]]
    assert list(track_ids([], 0.3)) == []


@pytest.mark.parametrize(("least", "second"), [(1 / 3, 0), (0.34, 1)])
def test_the_least_iou_itself_is_enough(least: float, second: int) -> None:
    # Half of each is common: 1 of 3 parts.
    frames = [np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2]], np.float32)]
    assert [ids.tolist() for ids in track_ids(frames, least)] == [[0], [second]]


def test_memory_holds_one_frame() -> None:
    def frames():  # type: ignore[no-untyped-def]
        while True:
            yield np.array([[0, 0, 5, 5]], np.float32)

    ids = track_ids(frames(), 0.3)
    assert all(next(ids).tolist() == [0] for _ in range(100))
