"""Brings scores and frame truth of a split's test videos together on one axis of frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations, Split
from vadbench.errors import VadbenchError
from vadbench.evaluation.alignment import Scores, frame_scores, row_stride
from vadbench.evaluation.axis import Axis
from vadbench.evaluation.coverage import Coverage
from vadbench.evaluation.sources import ScoreSource


@dataclass(frozen=True)
class TestFrames:
    """The frames that are evaluated, video after video."""

    videos: tuple[str, ...]
    """Test videos with at least one scored frame, sorted."""
    labels: NDArray[np.bool_]
    """(N,) true where the frame is abnormal."""
    scores: Scores
    """(N,) finite, higher is more abnormal."""
    starts: NDArray[np.int64]
    """(V + 1,) video v holds the frames starts[v] to starts[v + 1]."""
    stride: int
    """Frames a row covers under `repeat`; 0 under the other rules."""
    coverage: Coverage


def gather(
    scores: ScoreSource, annotations: Annotations, split: Split, settings: EvaluationSettings
) -> TestFrames:
    """Frame labels and frame scores of the split's test videos.

    Videos without frame truth are left out; frames without a score are left out and lower the coverage.

    Raises:
        VadbenchError: a score is NaN or infinite, rows do not rise, a table of lengths is damaged, or no
            labelled test video is scored though not all are known to be unreadable.
    """
    axis = Axis(annotations, split.test, settings)
    coverage = Coverage(not_in_split=sorted(set(scores.videos) - set(split.test)))
    present = [id for id in sorted(split.test) if id in scores.videos and id not in scores.skipped]
    repeats = settings.score_to_frame == "repeat"
    stride = row_stride(scores.frame(id) for id in present) if repeats and present else 0
    kept: dict[str, tuple[NDArray[np.bool_], Scores]] = {}
    for id in sorted(split.test):
        if annotations.videos[id].intervals is None:
            coverage.unlabelled.append(id)
        elif id not in present or not scores.frame_count(id):
            _count_absent(id, scores, annotations.videos[id].frames, axis, coverage)
        else:
            labels = axis.labels(id, scores.frame_count(id))
            values = _scores_of(scores, id, len(labels), settings, stride)
            _note_deviations(id, scores, annotations, len(labels), coverage)
            kept |= _count_present(id, labels, values, coverage)
    if coverage.missing and not kept:
        raise VadbenchError(
            f"{scores.name}: no score for any of the {coverage.videos_total} labelled test videos, "
            f"the first of which is {next(iter(sorted(split.test)))!r}; score this split first"
        )
    return _join(kept, stride, coverage)


def _scores_of(
    scores: ScoreSource, id: str, length: int, settings: EvaluationSettings, stride: int
) -> Scores:
    rows = scores.score(id)
    bad = np.flatnonzero(~np.isfinite(rows))
    if len(bad):
        raise VadbenchError(
            f"{scores.name}: video {id!r}: score {rows[bad[0]]} in row {bad[0]}, allowed are finite numbers"
        )
    try:
        return frame_scores(scores.frame(id), rows, length, settings, stride)
    except VadbenchError as error:
        raise VadbenchError(f"{scores.name}: video {id!r}: {error}") from None


def _count_absent(
    id: str, scores: ScoreSource, published: int | None, axis: Axis, coverage: Coverage
) -> None:
    if id in scores.skipped:
        coverage.skipped[id] = scores.skipped[id]
    else:
        coverage.missing.append(id)
    coverage.videos_total += 1
    coverage.frames_total += 0 if published is None else axis.length(id, published)


def _count_present(
    id: str, labels: NDArray[np.bool_], values: Scores, coverage: Coverage
) -> dict[str, tuple[NDArray[np.bool_], Scores]]:
    scored = ~np.isnan(values)
    coverage.videos_total += 1
    coverage.frames_total += len(values)
    if not scored.any():
        coverage.missing.append(id)
        return {}
    coverage.videos_scored += 1
    coverage.frames_scored += int(scored.sum())
    if not scored.all():
        coverage.frames_unscored[id] = int((~scored).sum())
    return {id: (labels[scored], values[scored])}


def _note_deviations(
    id: str, scores: ScoreSource, annotations: Annotations, length: int, coverage: Coverage
) -> None:
    """What a length rule cuts off is no deviation: the convention says it."""
    frames, video = scores.frame_count(id), annotations.videos[id]
    last = max(frames, length)
    beyond = int((scores.frame(id) >= last).sum())
    if beyond:
        coverage.rows_beyond_end[id] = beyond
    overruns = [(start, end) for start, end in video.intervals or () if end > last]
    if overruns:
        coverage.annotations_beyond_end[id] = overruns
    if video.frames is not None and video.frames != frames:
        coverage.frames_differ[id] = (frames, video.frames)


def _join(kept: dict[str, tuple[NDArray[np.bool_], Scores]], stride: int, coverage: Coverage) -> TestFrames:
    labels = [labels for labels, _ in kept.values()]
    return TestFrames(
        videos=tuple(kept),
        labels=np.concatenate([np.zeros(0, dtype=np.bool_), *labels]),
        scores=np.concatenate([values for _, values in kept.values()]) if kept else np.zeros(0),
        starts=np.cumsum([0, *map(len, labels)]),
        stride=stride,
        coverage=coverage,
    )
