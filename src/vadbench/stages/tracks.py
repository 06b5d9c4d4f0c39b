"""Boxes of successive frames, linked to tracks by their overlap."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray


def track_ids(frames: Iterable[NDArray[np.floating]], least_iou: float) -> Iterator[NDArray[np.int32]]:
    """Numbers of tracks for the boxes of each frame, in turn; memory does not grow with their number.

    A box takes the number of the box in the frame before that it overlaps most, if the IoU is at least
    `least_iou`: pairs are made greedily, the largest IoU first, of equals the earlier boxes, whatever their
    classes are. Any other box begins a track under the next free number, from 0 on. A track that misses one
    frame has ended. Local Patterns links boxes of successive frames by IoU and says no more (**reading**).

    Args:
        frames: boxes (n, 4) left, top, right, bottom of one video's frames, in their order; n free per frame.
        least_iou: above 0, at most 1.

    Yields:
        (n,) int32 per frame.
    """
    before: NDArray[np.floating] = np.empty((0, 4))
    numbers, free = np.empty(0, np.int32), 0
    for boxes in frames:
        ids = np.full(len(boxes), -1, np.int32)
        for old, new in _greedy_pairs(iou_matrix(before, boxes), least_iou):
            ids[new] = numbers[old]
        begun = ids < 0
        ids[begun] = np.arange(free, free + begun.sum())
        free += int(begun.sum())
        before, numbers = boxes, ids
        yield ids


def iou_matrix(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, m) IoU of boxes (n, 4) with others (m, 4), left, top, right, bottom; none of them is empty."""
    ours, theirs = boxes.astype(np.float64)[:, None], others.astype(np.float64)[None]
    sides = np.minimum(ours[..., 2:], theirs[..., 2:]) - np.maximum(ours[..., :2], theirs[..., :2])
    common = sides.clip(0).prod(axis=-1)
    areas = [(each[..., 2:] - each[..., :2]).prod(axis=-1) for each in (ours, theirs)]
    ious: NDArray[np.float64] = common / (areas[0] + areas[1] - common)
    return ious


def _greedy_pairs(ious: NDArray[np.float64], least: float) -> Iterator[tuple[int, int]]:
    """Rows and columns that belong together, each in one pair at most."""
    rows, columns = np.nonzero(ious >= least)
    taken_rows, taken_columns = set[int](), set[int]()
    for place in np.argsort(-ious[rows, columns], kind="stable"):
        row, column = int(rows[place]), int(columns[place])
        if row not in taken_rows and column not in taken_columns:
            taken_rows.add(row)
            taken_columns.add(column)
            yield row, column
