"""Which frames of a set stand for a video in a picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vadbench.figures.strip import Thumbnail
from vadbench.store import Part, Store

_COUNT = 8
_APART = 0.25  # seconds between frames around a peak: less shows hardly a change, more loses the event


def spread_thumbnails(store: Part | Store, id: str, truth: NDArray[np.bool_] | None) -> tuple[Thumbnail, ...]:
    """The frames nearest to the middles of eight equal stretches of a video, each once.

    Args:
        store: a set of frames; a video that it does not hold has no thumbnails.
        id: the video.
        truth: (frames,) true where abnormal; such frames are marked. None: not known.
    """
    if id not in store.videos or not store.row_count(id):
        return ()
    rows = np.unique(nearest_rows(store.frame(id), middles(store.frame_count(id), _COUNT)))
    return _thumbnails(store, id, rows.tolist(), truth)


def near_thumbnails(
    store: Part | Store, id: str, frame: int, truth: NDArray[np.bool_] | None
) -> tuple[Thumbnail, ...]:
    """Up to eight frames around a source frame, a quarter of a second apart, or as sampled."""
    if id not in store.videos or not store.row_count(id):
        return ()
    time, centre = store.time(id), int(nearest_rows(store.frame(id), np.array([frame]))[0])
    pace = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    step = max(round(_APART / pace), 1) if pace > 0 else 1
    # Near an end of the video the other side gives more.
    after = min((len(time) - 1 - centre) // step, _COUNT - 1 - min(_COUNT // 2, centre // step))
    before = min(centre // step, _COUNT - 1 - after)
    return _thumbnails(store, id, range(centre - before * step, centre + after * step + 1, step), truth)


def middles(frames: int, count: int) -> NDArray[np.int64]:
    """The middle frames of `count` equal stretches of a video of `frames` frames.

    >>> middles(80, 4).tolist()
    [10, 30, 50, 70]
    """
    return (np.arange(count) * 2 + 1) * frames // (2 * count)


def nearest_rows(frame: NDArray[np.int32], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """For every wanted frame number the row of the increasing array `frame` (n,) that is closest; n > 0."""
    right = np.clip(np.searchsorted(frame, wanted), min(1, len(frame) - 1), len(frame) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(wanted - frame[left] <= frame[right] - wanted, left, right)


def _thumbnails(
    store: Part | Store, id: str, rows: Sequence[int], truth: NDArray[np.bool_] | None
) -> tuple[Thumbnail, ...]:
    (group,) = store.groups  # "jpeg" or "png"
    frame, time = store.frame(id), store.time(id)
    return tuple(
        Thumbnail(
            data=store.ragged(id, group, "bytes", row).tobytes(),
            frame=int(frame[row]),
            time=float(time[row]),
            marked=truth is not None and bool(truth[frame[row]]),
        )
        for row in rows
    )
