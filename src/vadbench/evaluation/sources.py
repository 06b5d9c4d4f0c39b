"""Where row scores come from: a scores store, or a training that asks how good it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from vadbench.store import Part, Store


class ScoreSource(Protocol):
    """Scores per sampled row of some videos."""

    name: str
    """What errors call it."""

    @property
    def videos(self) -> Sequence[str]:
        """Ids of all videos."""

    @property
    def skipped(self) -> Mapping[str, str]:
        """Videos that could not be read, with the reason."""

    def frame_count(self, id: str) -> int:
        """Decoded frames."""

    def frame(self, id: str) -> NDArray[np.integer]:
        """(n,) 0-based source frame of each row."""

    def score(self, id: str) -> NDArray[Any]:
        """(n,) score of each row, higher is more abnormal."""


class StoredScores:
    """A scores store, as `vadbench score` writes it.

    `classes` is empty where it has no class scores; `has_boxes` says whether boxes are in it.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self.name = str(part.path)
        self.videos = part.videos
        self.skipped = part.skipped
        self.classes: Sequence[str] = cast("list[str]", part.attributes.get("classes", []))
        self.has_boxes = "boxes" in part.groups

    def frame_count(self, id: str) -> int:
        return self._part.frame_count(id)

    def frame(self, id: str) -> NDArray[np.integer]:
        return self._part.frame(id)

    def score(self, id: str) -> NDArray[Any]:
        return self._part.read(id, "score")

    def class_scores(self, id: str) -> NDArray[Any]:
        """(n, C) score of each class in each row."""
        return self._part.read(id, "class_scores")

    def boxes(self, id: str) -> Sequence[NDArray[Any]]:
        """Boxes (n, 4) left, top, right, bottom of each row in pixels of the source frame, best first."""
        sides = [self._part.ragged_rows(id, "boxes", side) for side in ("left", "top", "right", "bottom")]
        return [np.stack(row, axis=1) for row in zip(*sides, strict=True)]

    def frame_size(self, id: str) -> NDArray[np.integer]:
        """(n, 2) width and height in pixels of the source frame of each row."""
        return self._part.read(id, "frame_size")


class RowScores:
    """Scores in memory, one per row of the features that they were computed from."""

    def __init__(self, rows: Mapping[str, NDArray[Any]], features: Part | Store) -> None:
        self._rows = rows
        self._features = features
        self.name = "scores during training"
        self.videos = list(rows)
        self.skipped = features.skipped

    def frame_count(self, id: str) -> int:
        return self._features.frame_count(id)

    def frame(self, id: str) -> NDArray[np.integer]:
        return self._features.frame(id)

    def score(self, id: str) -> NDArray[Any]:
        return self._rows[id]
