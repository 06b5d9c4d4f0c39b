"""Whether scores of others are as long as the videos they are for."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.evaluation.axis import LENGTH_RULES

FEW_FRAMES = 3
"""Decoders differ by a few frames at the end of a video. Methods that predict a frame from those before it
have no score for the first four: so many missing are no matter of decoders, and all others are shifted."""

_USUAL_STRIDE = 16
"""Frames per row of nearly all features."""


class Rows(NamedTuple):
    """Where the scores of one video stand."""

    last: int
    """Frame of the last row; -1: there is no row."""
    step: int
    """Frames that a row covers."""


class Wanted(NamedTuple):
    """How long the scores of one video should be."""

    frames: int
    """Of the video."""
    length: int
    """Of the axis that is evaluated."""


def rows_of(frame: NDArray[np.int64]) -> Rows:
    """Last frame and step (the widest gap) of rows at these frames (n,)."""
    if not len(frame):
        return Rows(-1, 1)
    return Rows(int(frame[-1]), int(np.diff(frame).max(initial=1)))


def check_lengths(
    rows: Mapping[str, Rows], wanted: Mapping[str, Wanted], name: str, *, in_order: bool
) -> dict[str, int]:
    """Compare scores with the videos they are for.

    One row or a few frames more or less are normal: features hold floor(n / 16) rows, one less, or
    ceil(n / 16), and decoders differ.

    Args:
        rows: by video id.
        wanted: by the same ids.
        name: of the scores, for errors.
        in_order: whether rows have a constant step, which the user stated, and not frames of their own.

    Returns:
        Frames before the end of the axis that no row reaches, of videos that lack a whole row.

    Raises:
        VadbenchError: scores that are longer or shorter than that, with both lengths and what would help.
    """
    wrong = [id for id, row in rows.items() if not fits(row, wanted[id])]
    if wrong:
        first = wrong[0]
        raise VadbenchError(
            f"{name}: {_described(first, rows[first], wanted[first])}; {len(wrong)} of {len(rows)} videos do "
            f"not fit; {_remedy(rows, wanted) if in_order else 'check the numbers of their frames'}"
        )
    missing = {id: _short(row, wanted[id].length) for id, row in rows.items()}
    return {id: frames for id, frames in missing.items() if frames >= rows[id].step}


def fits(row: Rows, wanted: Wanted) -> bool:
    """Whether rows are as long as the video, or as the axis, up to one row or a few frames."""
    least, most = sorted(wanted)
    short, long = _short(row, least), row.last + 1 - most
    return short <= max(2 * row.step - 1, FEW_FRAMES) and long <= max(row.step, FEW_FRAMES)


def _reach(row: Rows) -> int:
    """The frame after the last one that a row covers."""
    return row.last + row.step if row.last >= 0 else 0


def _short(row: Rows, length: int) -> int:
    return length - _reach(row)


def _described(id: str, row: Rows, wanted: Wanted) -> str:
    each = "one per frame" if row.step == 1 else f"one per {row.step} frames"
    evaluated = "" if wanted.length == wanted.frames else f", of which {wanted.length} are evaluated"
    return (
        f"the scores of video {id!r}, {each}, reach to frame {_reach(row)}, the video has {wanted.frames} "
        f"frames{evaluated}"
    )


def _remedy(rows: Mapping[str, Rows], wanted: Mapping[str, Wanted]) -> str:
    """The first option under which all scores would fit; else what can be done about the scores."""
    count = sum(row.last // row.step + 1 for row in rows.values())
    mean = round(sum(wanted[id].frames for id in rows) / count) if count else 1
    for stride in (_USUAL_STRIDE, max(mean, 1)):
        if all(fits(_at_stride(row, stride), wanted[id]) for id, row in rows.items()):
            return f"with --stride {stride} all would"
    for rule, length in LENGTH_RULES.items():
        if all(_reach(row) == length(wanted[id].frames) for id, row in rows.items()):
            return f'with --settings \'{{"length_rule": "{rule}"}}\' all would'
    return (
        "give a score for every frame or every row, say which frames the scores stand for in a CSV file with "
        "the columns video,frame,score, or evaluate other lengths by a table video,frames: --settings "
        '\'{"length_rule": "lengths.csv"}\''
    )


def _at_stride(row: Rows, stride: int) -> Rows:
    """The same number of rows, further or less far apart."""
    return Rows(row.last // row.step * stride, stride)
