"""Scores that another program made, evaluated like those of a run and kept for the tables."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.config.base import NAME_PATTERN
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation.axis import Axis
from vadbench.evaluation.benchmark import frame_counts
from vadbench.evaluation.convention import describe
from vadbench.evaluation.gather import gather
from vadbench.evaluation.lengths import Rows, Wanted, check_lengths, rows_of
from vadbench.evaluation.measure import measure
from vadbench.evaluation.names import match_names
from vadbench.evaluation.record import Record, RunLabel
from vadbench.evaluation.run import DATA_ROOT, evaluate_store, make_record
from vadbench.evaluation.score_files import VideoScores, read_score_file

EXTERNAL = "external"
"""What stands in the tables' column of features, and the folder below a benchmark's results."""

STORE_SUFFIX = ".h5"


class ForeignScores:
    """Scores from a file of others, by video id."""

    def __init__(
        self, name: str, scores: Mapping[str, VideoScores], stride: int, frames: Mapping[str, int]
    ) -> None:
        """`stride` is the number of frames per row, `frames` that of each video that is evaluated."""
        self.name = name
        self.videos: Sequence[str] = list(scores)
        self.skipped: Mapping[str, str] = {}
        self._scores = scores
        self._stride = stride
        self._frames = frames

    def frame_count(self, id: str) -> int:
        return self._frames[id]

    def frame(self, id: str) -> NDArray[np.int64]:
        frame = self._scores[id].frame
        return np.arange(len(self._scores[id].score)) * self._stride if frame is None else frame

    def score(self, id: str) -> NDArray[Any]:
        return self._scores[id].score


def evaluate_external(
    path: Path,
    annotations: Annotations,
    label: RunLabel,
    settings: EvaluationSettings,
    *,
    stride: int | None,
    frames_store: Path,
    data_root: Path = DATA_ROOT,
) -> Record:
    """Evaluate scores of others on the test videos of a split.

    Args:
        path: the scores, in one of the forms of `score_files.FORMS`.
        annotations: of the benchmark; `label` says which split and draw of it.
        label: whose scores these are.
        settings: of the evaluation.
        stride: frames per score in files that do not say which frames they hold; None: a score per frame.
        frames_store: folder of the benchmark's decoded frames, which need not be there.
        data_root: folder of the data sets, where the pixel masks are that boxes in a scores.h5 are held
            against.

    Raises:
        VadbenchError: the scores cannot be read, are called otherwise than the benchmark's videos, are much
            longer or shorter than those, hold NaN or infinity, or cover none of the test videos.
    """
    if path.suffix.lower() == STORE_SUFFIX:
        if stride is not None:
            raise VadbenchError(f"{path}: says itself which frames its scores are of; leave --stride out")
        return evaluate_store(path, annotations, label, settings, data_root)
    split = annotations.split(label.split, label.draw)
    scores = _by_id(read_score_file(path), annotations, split.test, path)
    with_frames = any(video.frame is not None for video in scores.values())
    if with_frames and stride is not None:
        raise VadbenchError(f"{path}: has a column of frames; leave --stride out")
    judged = [id for id in split.test if id in scores and annotations.videos[id].intervals is not None]
    axis = Axis(annotations, split.test, settings)
    counts = frame_counts(annotations, split.test, frames_store)
    frames = {id: _frames(id, counts.frames, axis, annotations.benchmark) for id in judged}
    source = ForeignScores(str(path), scores, stride or 1, frames)
    rows = _rows(source, judged, None if with_frames else stride or 1)
    wanted = {id: Wanted(frames[id], axis.length(id, frames[id])) for id in judged}
    short = check_lengths(rows, wanted, source.name, in_order=not with_frames)
    gathered = gather(source, annotations, split, settings)
    gathered.coverage.scores_short = short
    return make_record(
        gathered,
        measure(gathered, settings.bootstrap_resamples, settings.bootstrap_seed),
        annotations=annotations,
        label=label,
        settings=settings,
        convention=describe(
            settings, gathered.stride, rows=_what_rows_are(with_frames, stride), counted=counts.source
        ),
        method_settings={"scores": str(path)},
    )


def external_label(benchmark: str, split: str, draw: int | None, name: str) -> RunLabel:
    """How the tables call scores of others: `name` as the method, and `external` as the features."""
    return RunLabel(benchmark=benchmark, split=split, draw=draw, method=name, features=EXTERNAL)


def external_metrics(label: RunLabel, results: Path) -> Path:
    """The metrics.json of scores of others, below the folder of all results.

    Raises:
        VadbenchError: the name is none for a folder, or stands for another split or draw already.
    """
    if not re.fullmatch(NAME_PATTERN, label.method):
        raise VadbenchError(
            f"--as {label.method!r}: a name is made of letters and digits with single _ . + - between them, "
            f"such as VadCLIP-official"
        )
    path = results / label.benchmark / EXTERNAL / label.method / "metrics.json"
    there = _label_in(path)
    if there is not None and (there.split, there.draw) != (label.split, label.draw):
        raise VadbenchError(
            f"--as {label.method}: {path.parent} holds scores of {_which(there)}, these are of "
            f"{_which(label)}; take another name, such as {label.method}-{_which(label, '-')}, or delete the "
            f"folder"
        )
    return path


def _which(label: RunLabel, between: str = " ") -> str:
    return label.split if label.draw is None else f"{label.split}{between}draw{between}{label.draw}"


def _label_in(path: Path) -> RunLabel | None:
    """The label in a metrics.json, which another version may have written; None where there is none."""
    try:
        return RunLabel.model_validate(json.loads(path.read_bytes())["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # what cannot be read is written anew


def _by_id(
    scores: Mapping[str, VideoScores], annotations: Annotations, test: Sequence[str], path: Path
) -> dict[str, VideoScores]:
    ids = match_names(scores, annotations.videos, test, str(path), annotations.benchmark)
    return {ids[name]: video for name, video in scores.items()}


def _frames(id: str, known: Mapping[str, int], axis: Axis, benchmark: str) -> int:
    count = known.get(id, axis.known_length(id))
    if count is None:
        raise VadbenchError(
            f"{benchmark}: how many frames video {id!r} has is not published, and stores/{benchmark}/frames "
            f"does not hold it; decode the videos (snakemake --cores 8 stores/{benchmark}/frames/store.json) "
            f'or give a table video,frames: --settings \'{{"length_rule": "lengths.csv"}}\''
        )
    return count


def _rows(source: ForeignScores, ids: Sequence[str], stride: int | None) -> dict[str, Rows]:
    """Where the rows of each video stand; None: the file says it, and a lone row is as wide as others."""
    frames = {id: source.frame(id) for id in ids}
    if stride is not None:
        return {id: Rows(int(frame[-1]) if len(frame) else -1, stride) for id, frame in frames.items()}
    rows = {id: rows_of(frame) for id, frame in frames.items()}
    widest = max((row.step for row in rows.values()), default=1)
    return {id: row if len(frames[id]) > 1 else Rows(row.last, widest) for id, row in rows.items()}


def _what_rows_are(with_frames: bool, stride: int | None) -> str:
    if with_frames:
        return "scores of named frames"
    return "a score per frame" if stride in (None, 1) else f"a score per {stride} frames"
