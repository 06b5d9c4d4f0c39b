"""What the module of a data set finds, before it becomes an index."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.config import NORMAL
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.arrays import intervals_of
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.published import Count
from vadbench.errors import VadbenchError

__all__ = ["ABNORMAL", "NORMAL", "Dataset", "FrameTruth", "relative_path", "union"]

ABNORMAL = "abnormal"
"""The class of anomalies whose kind is not annotated."""


class FrameTruth(NamedTuple):
    """Abnormal frames of a video."""

    intervals: tuple[tuple[int, int], ...]
    """Half-open, in order and apart."""
    frames: int | None = None
    """Length of the video, where its annotation tells it."""


@dataclass(frozen=True)
class Dataset:
    """A data set as found below `data_root`."""

    entries: tuple[VideoEntry, ...]
    classes: tuple[str, ...]
    """`normal` first."""
    splits: Mapping[str, SplitLists]
    videos: Mapping[str, VideoAnnotation]
    """By id, the same ids as the entries'."""
    masks: Mapping[str, str] = field(default_factory=dict)
    """Pixel masks by video id: a folder of images or a file, relative to `data_root`."""
    counts: tuple[Count, ...] = ()
    """How many videos, frames and events there are, beside the published figures."""
    missing: tuple[str, ...] = ()
    """Videos that the lists name and that are not below `data_root`."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    """Splits that the published data set has and this copy does not, each with what it needs."""
    notes: tuple[str, ...] = ()
    """How it differs from what was published."""


def frame_annotation(flags: NDArray[np.bool_]) -> VideoAnnotation:
    """A video of which every frame is labelled: `flags` is (frames,), true where something abnormal is."""
    intervals = intervals_of(flags)
    return VideoAnnotation(
        classes=(ABNORMAL,) if intervals else (),
        intervals=intervals,
        segments=tuple((ABNORMAL, start, end) for start, end in intervals),
        frames=len(flags),
    )


def relative_path(path: Path, data_root: Path) -> str:
    """`path` relative to `data_root`, with forward slashes.

    Raises VadbenchError for a path outside, or one that a list in UTF-8 cannot hold.
    """
    try:
        name = path.relative_to(data_root).as_posix()
        name.encode()
    except UnicodeEncodeError:
        raise VadbenchError(f"{str(path)!r}: the name is not UTF-8; rename it") from None
    except ValueError:
        raise VadbenchError(
            f"{path}: lies outside of data_root, {data_root}; set data_root above it"
        ) from None
    return name


def union(intervals: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Half-open intervals in order, with those that overlap or touch joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
