"""The frames of a video that are evaluated, and which of them are abnormal: length and end rules."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation.columns import read_columns, whole_number
from vadbench.evaluation.names import match_names

LENGTH_RULES: Mapping[str, Callable[[int], int]] = {
    "true": lambda frames: frames,
    "floor16": lambda frames: frames // 16 * 16,
    "floor16_minus_one": lambda frames: (frames - 1) // 16 * 16,
    "ceil16": lambda frames: -(-frames // 16) * 16,
}
"""Evaluated frames of a video of so many frames, by the name of the rule."""


class Axis:
    """The evaluated frames of the test videos of a split, by the declared length and end rule.

    Frame t of an axis is frame t of the video. An axis may end before the video does, or after it.
    """

    def __init__(self, annotations: Annotations, test: Sequence[str], settings: EvaluationSettings) -> None:
        """Raises VadbenchError for a table of lengths that is missing or damaged, or names no test video."""
        self._annotations = annotations
        self._rule = LENGTH_RULES.get(settings.length_rule)
        self._inclusive = settings.end_rule == "inclusive"
        self._table_path = Path(settings.length_rule)
        self._table: Mapping[str, int] = {}
        if self._rule is None:
            self._table = _read_table(self._table_path, annotations, test)

    def length(self, id: str, frames: int) -> int:
        """Evaluated frames of a video of so many frames. Raises VadbenchError where no table has it."""
        if self._rule is not None:
            return self._rule(frames)
        known = self.known_length(id)
        if known is None:
            raise VadbenchError(f"{self._table_path}: has no line for the test video {id!r}; add it")
        return known

    def known_length(self, id: str) -> int | None:
        """What a table of lengths says of a video; None where there is none."""
        return self._table.get(id)

    def spans(self, id: str, intervals: Sequence[tuple[int, int]], frames: int) -> list[tuple[int, int]]:
        """Annotated intervals [start, end) of a video as half-open intervals of its axis; empty ones are
        left out.

        They are cut at the end of the axis. An axis that goes on beyond the video's last frame repeats its
        label where the annotation goes as far as that frame: labels per frame can say no more. An annotated
        end that overruns the video is taken as it is.
        """
        length = self.length(id, frames)
        last = self._annotations.videos[id].frames or frames
        spans = []
        for start, end in intervals:
            goes_on = length > frames and end == last
            stop = length if goes_on else min(end + self._inclusive, length)
            if start < stop:
                spans.append((start, stop))
        return spans

    def labels(self, id: str, frames: int) -> NDArray[np.bool_]:
        """(length,) true where the frame is abnormal; the frames of the video must be annotated."""
        labels = np.zeros(self.length(id, frames), dtype=np.bool_)
        for start, stop in self.spans(id, self._annotations.videos[id].intervals or (), frames):
            labels[start:stop] = True
        return labels


def _read_table(path: Path, annotations: Annotations, test: Sequence[str]) -> dict[str, int]:
    """Evaluated frames by video id, from a table `video,frames`."""
    lengths: dict[str, int] = {}
    try:
        for number, (name, frames) in read_columns(path, ("video", "frames")):
            try:
                if name in lengths:
                    raise ValueError(f"video {name!r} has an earlier line; keep one")
                lengths[name] = whole_number(frames, "frames", 1)
            except ValueError as error:
                raise VadbenchError(f"{path}, line {number}: {error}") from None
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; check evaluation.length_rule") from None
    ids = match_names(lengths, annotations.videos, test, str(path), annotations.benchmark)
    return {ids[name]: frames for name, frames in lengths.items()}
