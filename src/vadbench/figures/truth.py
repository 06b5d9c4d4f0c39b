"""What the annotation says of a video, as named spans of frames."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vadbench.figures.curve import Span


def named_spans(
    truth: NDArray[np.bool_], segments: Sequence[tuple[str, int, int]], classes: Sequence[str]
) -> tuple[Span, ...]:
    """The abnormal frames as spans: exactly those of `truth`, called as the segments call them.

    Args:
        truth: (frames,) what the metrics count as abnormal.
        segments: (class, first frame, frame behind the last); what lies outside `truth` is left out.
        classes: the video's classes, which name abnormal frames that no segment covers.
    """
    spans = []
    unnamed = truth.copy()
    for name, start, stop in segments:
        spans += [Span(start + s, start + e, name) for s, e in _stretches(truth[start:stop])]
        unnamed[start:stop] = False
    name = ", ".join(classes) or "abnormal"
    spans += [Span(s, e, name) for s, e in _stretches(unnamed)]
    return tuple(sorted(spans, key=lambda span: (span.start, span.stop)))


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
