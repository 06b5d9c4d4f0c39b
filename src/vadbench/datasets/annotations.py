"""Labels, splits and frame-level truth of a benchmark: for training, evaluation and tables, for no stage."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from vadbench.config import Supervision
from vadbench.datasets.files import json_text, read_model, write_if_changed
from vadbench.errors import VadbenchError

Frame = NonNegativeInt
"""Decoded frame index, 0-based; as an end, exclusive."""


_LINES = {"splits": 4, "videos": 1}
"""The file has a line for each list of a split and for each video."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Masks(_Frozen):
    """Pixel masks of a video."""

    path: str
    """Folder of images, or file, relative to `data_root`."""
    files: int
    sha256: str
    """Digest of the files' names and contents."""


class VideoAnnotation(_Frozen):
    """What is known about one video."""

    classes: tuple[str, ...] | None = None
    """Abnormal classes that occur; empty: the video is normal; None: not known."""
    intervals: tuple[tuple[Frame, Frame], ...] | None = None
    """Abnormal frames as half-open intervals, in order and apart; None: not annotated."""
    segments: tuple[tuple[str, Frame, Frame], ...] = ()
    """Abnormal frames by class, half-open; those of different classes may overlap."""
    boxes: tuple[tuple[Frame, float, float, float, float], ...] = ()
    """Frame, left, top, right, bottom of abnormal regions; pixels."""
    masks: Masks | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    """Published or otherwise known number of frames. Only decoding tells the real one."""

    @model_validator(mode="after")
    def _check_intervals(self) -> Self:
        last = -1
        for start, end in self.intervals or ():
            if not last < start < end:
                raise ValueError(f"interval [{start}, {end}) is empty, or begins before the last one is over")
            last = end
        return self


class Lists(_Frozen):
    """Ids of the videos of one split."""

    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


class SplitLists(Lists):
    """A split as the file holds it: two lists, or two for each draw."""

    supervision: Supervision
    draws: dict[str, Lists] | None = None
    """Lists by the number of the draw, for a split that is drawn; then its own are empty."""


class Split(NamedTuple):
    """The videos that a run trains on and is tested on."""

    supervision: Supervision
    train: tuple[str, ...]
    test: tuple[str, ...]


class Annotations(_Frozen):
    """The file `stores/<benchmark>/annotations.json`."""

    benchmark: str
    classes: tuple[str, ...]
    """`normal` first, then the abnormal classes."""
    notes: tuple[str, ...] = ()
    """How the lists differ from the published ones, for the tables."""
    splits: dict[str, SplitLists]
    videos: dict[str, VideoAnnotation]

    @model_validator(mode="after")
    def _check_lists(self) -> Self:
        for name, split in self.splits.items():
            for lists in (split, *(split.draws or {}).values()):
                if unknown := {*lists.train, *lists.test} - self.videos.keys():
                    raise ValueError(f"split {name} lists {min(unknown)}, which is no video of the benchmark")
                if both := set(lists.train) & set(lists.test):
                    raise ValueError(f"split {name} has {min(both)} both for training and for testing")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. Raises VadbenchError where it is missing or damaged."""
        return read_model(path, cls, "delete it and run `vadbench index`, which writes it")

    def save(self, path: Path) -> bool:
        """Write the file unless it stands there already; True where it was written."""
        return write_if_changed(path, json_text(self.model_dump(mode="json"), _LINES))

    def split(self, name: str, draw: int | None = None) -> Split:
        """A split; `draw` is its number in a split that is drawn, else None.

        Raises VadbenchError for a split or draw that the benchmark does not have.
        """
        if name not in self.splits:
            raise VadbenchError(f"{self.benchmark}: no split {name}; it has {_listed(self.splits)}")
        split = self.splits[name]
        if split.draws is None:
            if draw is not None:
                raise VadbenchError(f"{self.benchmark}: the split {name} has no draws; leave draw {draw} out")
            return Split(split.supervision, split.train, split.test)
        if str(draw) not in split.draws:
            has = f"the split {name} has the draws {_listed(split.draws)}"
            raise VadbenchError(f"{self.benchmark}: {has}; draw is {'not given' if draw is None else draw}")
        lists = split.draws[str(draw)]
        return Split(split.supervision, lists.train, lists.test)

    def test_videos(self, splits: Iterable[str], draws: Iterable[int]) -> frozenset[str]:
        """Ids of all videos that any of these splits tests; of a split that is drawn, in any of these draws.

        Raises VadbenchError for a split or draw that the benchmark does not have.
        """
        numbers = tuple(draws)
        return frozenset(id for name in splits for each in self._drawn(name, numbers) for id in each.test)

    def split_videos(self, name: str, draws: Iterable[int]) -> frozenset[str]:
        """Ids of all videos of a split; of one that is drawn, in any of these draws.

        Raises VadbenchError for a split or draw that the benchmark does not have.
        """
        return frozenset(id for each in self._drawn(name, draws) for id in (*each.train, *each.test))

    def _drawn(self, name: str, draws: Iterable[int]) -> list[Split]:
        """The split in each of these draws, or itself where it is not drawn."""
        is_drawn = name in self.splits and self.splits[name].draws is not None
        return [self.split(name, draw) for draw in (draws if is_drawn else (None,))]

    def is_abnormal(self, id: str) -> bool:
        """Whether something abnormal occurs in the video. Raises VadbenchError where that is not known."""
        classes = self._video(id).classes
        if classes is None:
            raise VadbenchError(f"{self.benchmark}: video {id} has no label")
        return bool(classes)

    def frame_labels(self, id: str, frames: int) -> NDArray[np.bool_]:
        """(frames,) true where the frame is abnormal; annotations beyond the last frame are cut.

        Raises VadbenchError for a video whose frames are not annotated.
        """
        intervals = self._video(id).intervals
        if intervals is None:
            raise VadbenchError(f"{self.benchmark}: the frames of video {id} are not annotated")
        labels = np.zeros(frames, dtype=np.bool_)
        for start, end in intervals:
            labels[start:end] = True
        return labels

    def _video(self, id: str) -> VideoAnnotation:
        if id not in self.videos:
            raise VadbenchError(f"{self.benchmark}: no video {id} in its annotations; run `vadbench index`")
        return self.videos[id]


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "none"
