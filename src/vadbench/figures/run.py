"""A finished run opened for drawing: its scores, its metrics, the truth and the frames."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import Record
from vadbench.evaluation.alignment import smooth_rows
from vadbench.figures.curve import CurvePicture
from vadbench.figures.localised import LocalisedFrame, localised_frames
from vadbench.figures.names import nearest_names
from vadbench.figures.stored_frames import near_thumbnails, nearest_rows, spread_thumbnails
from vadbench.figures.strip import Thumbnail
from vadbench.figures.truth import named_spans
from vadbench.methods.protocol import SCORES
from vadbench.store import Part, Store

METRICS = "metrics.json"


class RunPictures:
    """The pictures of one run, made video by video; a context manager that keeps its files open.

    Args:
        run: the run's folder, with scores.h5 and metrics.json.
        annotations: the benchmark's annotations.json.
        frames: folder of the set of frames, or None for pictures without thumbnails.
        data_root: folder of the data sets, where pixel masks are read for pictures of localised frames.

    Attributes:
        test: ids of the split's test videos.
        localises: whether its scores hold heat maps and boxes.

    Raises:
        VadbenchError: if a file is missing or damaged.
    """

    def __init__(
        self, run: Path, annotations: Path, frames: Path | None, data_root: Path = Path("data")
    ) -> None:
        self._name = run_name(run)
        self._run = run
        self._data_root = data_root
        self._record = Record.load(run / METRICS)
        self._annotations = Annotations.load(annotations)
        label = self._record.run
        self.test: Sequence[str] = self._annotations.split(label.split, label.draw).test
        with ExitStack() as files:
            self._scores = files.enter_context(Part.open(run / SCORES))
            self._frames = None if frames is None else files.enter_context(Store.open(frames))
            self._files = files.pop_all()
        self.localises = "boxes" in self._scores.groups

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def check_test_video(self, id: str) -> None:
        """Raises VadbenchError, naming the nearest ids, for what is no test video of the run."""
        if id not in self.test:
            raise VadbenchError(
                f"{self._run}: no test video {id!r}; the nearest of {len(self.test)} are "
                f"{nearest_names(id, self.test)}"
            )

    def row_count(self, id: str) -> int:
        """Scored rows of a video."""
        return self._scores.row_count(id) if id in self._scores.videos else 0

    def rows_near(self, id: str, frames: Sequence[int]) -> list[int]:
        """The scored rows closest to some source frames, each once, in order; the video must have rows."""
        near = nearest_rows(self._scores.frame(id), np.array(frames, np.int64))
        return [int(row) for row in np.unique(near)]

    def rows_around_peak(self, id: str, count: int) -> list[int]:
        """Up to `count` scored rows around the highest score; the video must have rows."""
        rows = self.row_count(id)
        first = min(max(int(self._score(id).argmax()) - count // 2, 0), max(rows - count, 0))
        return list(range(first, min(first + count, rows)))

    def has_frames(self, id: str) -> bool:
        """Whether frames of the video are stored."""
        return self._frames is not None and id in self._frames.videos and bool(self._frames.row_count(id))

    def localised(self, id: str, rows: Sequence[int]) -> Iterator[LocalisedFrame]:
        """Rows with what was localised in them; none where no frames of the video are stored."""
        if self._frames is None or not self.has_frames(id):
            return iter(())
        annotation = self._annotations.videos[id]
        return localised_frames(self._scores, self._frames, id, rows, annotation, self._data_root)

    def score_range(self) -> tuple[float, float]:
        """The lowest and the highest score of all videos of the run, as evaluated."""
        return score_range(self._scores, self._record.convention.smoothing_rows)

    def peak(self, id: str) -> int | None:
        """The source frame of the highest score, the first of several; None for a video without scores."""
        score = self._score(id)
        return int(self._scores.frame(id)[score.argmax()]) if len(score) else None

    def picture(self, id: str, score_range: tuple[float, float]) -> CurvePicture:
        """What the picture of one test video shows, without thumbnails."""
        listed = id in self._scores.videos
        frames = self._scores.frame_count(id) if listed else 0
        truth = self.truth(id)
        video = self._annotations.videos[id]
        return CurvePicture(
            title=id,
            subtitle=self._subtitle(id),
            frame=self._scores.frame(id) if listed else np.zeros(0, np.int32),
            time=self._scores.time(id) if listed else np.zeros(0),
            score=self._score(id),
            frames=frames,
            spans=None if truth is None else named_spans(truth, video.segments, video.classes or ()),
            score_range=score_range,
            steps=not self._record.convention.score_to_frame.startswith("interpolate"),
            unscored=self._why_unscored(id),
        )

    def truth(self, id: str) -> NDArray[np.bool_] | None:
        """(frames,) true where abnormal; None where the frames are not annotated or not known."""
        if id not in self._scores.videos or self._annotations.videos[id].intervals is None:
            return None
        return self._annotations.frame_labels(id, self._scores.frame_count(id))

    def overview(self, id: str) -> tuple[Thumbnail, ...]:
        """Frames spread over the video; none where no frames of it are stored."""
        return () if self._frames is None else spread_thumbnails(self._frames, id, self.truth(id))

    def close_up(self, id: str) -> tuple[Thumbnail, ...]:
        """Frames around the highest score; none where there are no scores or no frames of the video."""
        peak = self.peak(id)
        if self._frames is None or peak is None:
            return ()
        return near_thumbnails(self._frames, id, peak, self.truth(id))

    def _score(self, id: str) -> NDArray[np.float64]:
        """(n,) row scores as they were evaluated: smoothed where the convention says so."""
        if id not in self._scores.videos:
            return np.zeros(0)
        return _row_scores(self._scores, id, self._record.convention.smoothing_rows)

    def _why_unscored(self, id: str) -> str:
        if id not in self._scores.videos:
            return "the video is not in scores.h5"
        if self._scores.row_count(id):
            return ""
        return self._scores.skipped.get(id, "no frame of the video was sampled")

    def _subtitle(self, id: str) -> str:
        label, auc = self._record.run, self._record.per_video_auc.get(id)
        method = f"{label.method} ({label.variant})" if label.variant else label.method
        facts = [method, f"run {self._name}"]
        if auc is not None:
            facts.append(f"AUC of this video {auc:.3f}")
        elif (truth := self.truth(id)) is None:
            facts.append("no frame-level truth")
        elif len(truth):
            facts.append(f"no AUC, every frame is {'abnormal' if truth.all() else 'normal'}")
        if self._record.convention.smoothing_rows > 1:
            facts.append(f"mean of {self._record.convention.smoothing_rows} rows")
        return "   ·   ".join(facts)


def score_range(scores: Part, smoothing_rows: int = 0) -> tuple[float, float]:
    """The lowest and the highest score of all videos of a part; 0 and 1 where it has none."""
    rows = (_row_scores(scores, id, smoothing_rows) for id in scores.videos)
    ends = [(float(score.min()), float(score.max())) for score in rows if len(score)]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else (0.0, 1.0)


def _row_scores(scores: Part, id: str, smoothing_rows: int) -> NDArray[np.float64]:
    return smooth_rows(scores.read(id, "score"), smoothing_rows).astype(np.float64)


def run_name(run: Path) -> str:
    """A run's path behind its `results` folder, or its last part where there is none.

    >>> run_name(Path("results/demo/weak/sultani/seed-0"))
    'demo/weak/sultani/seed-0'
    """
    parts = run.absolute().parts
    behind = [number for number, part in enumerate(parts) if part == "results"]
    return "/".join(parts[behind[-1] + 1 :] if behind else parts[-1:])
