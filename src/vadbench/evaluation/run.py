"""Evaluation of one run: scores and annotations in, metrics.json out. Knows nothing of methods."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations, Split
from vadbench.evaluation.class_segments import measure_map
from vadbench.evaluation.convention import describe
from vadbench.evaluation.gather import TestFrames, gather
from vadbench.evaluation.localisation import measure_tiou
from vadbench.evaluation.measure import DECIMALS, Measured, interval_of, measure, per_video_auc
from vadbench.evaluation.record import Convention, Metric, Record, Resampling, RunLabel, TestSet
from vadbench.evaluation.sources import RowScores, StoredScores
from vadbench.metrics import roc_auc
from vadbench.models.weights_files import shown_names
from vadbench.store import Part, Store

DATA_ROOT = Path("data")
"""Where the data sets are unless something else is said."""


def evaluate_run(
    scores: Path,
    annotations: Annotations,
    label: RunLabel,
    settings: EvaluationSettings,
    out: Path,
    data_root: Path = DATA_ROOT,
) -> Record:
    """Evaluate the scores of a run as `evaluate_store` does and write metrics.json.

    Args:
        out: the metrics.json to write; it appears when it is complete.

    Returns:
        What was written.
    """
    record = evaluate_store(scores, annotations, label, settings, data_root)
    record.save(out)
    return record


def evaluate_store(
    scores: Path,
    annotations: Annotations,
    label: RunLabel,
    settings: EvaluationSettings,
    data_root: Path = DATA_ROOT,
) -> Record:
    """Evaluate a store of scores on the test videos of a split.

    Args:
        scores: store with an array `score` (n,) per video, higher is more abnormal, and where the method
            scores classes an array `class_scores` (n, C), its columns named by the attribute `classes`, and
            where it localises a group `boxes` and an array `frame_size` (n, 2); its attribute `selection`
            says how the checkpoint was chosen.
        annotations: of the benchmark; `label` says which split and draw of it.
        label: whose scores these are.
        settings: of the evaluation.
        data_root: folder of the data sets; pixel masks are read there, for methods that localise.

    Raises:
        VadbenchError: the scores are damaged, hold NaN or infinity (named by video), or cover none of the
            labelled test videos; or masks are missing or damaged.
    """
    split = annotations.split(label.split, label.draw)
    with Part.open(scores) as part:
        source = StoredScores(part)
        frames = gather(source, annotations, split, settings)
        of_segments = measure_map(source, annotations, frames, settings) if source.classes else {}
        of_boxes = measure_tiou(source, annotations, frames, settings, data_root) if source.has_boxes else {}
        weights = ", ".join(shown_names(part.weights))
        selection = str(part.attributes.get("selection", ""))
        method_settings = dict(part.settings)
    return make_record(
        frames,
        measure(frames, settings.bootstrap_resamples, settings.bootstrap_seed) | of_segments | of_boxes,
        annotations=annotations,
        label=label,
        settings=settings,
        convention=describe(
            settings, frames.stride, with_classes=bool(of_segments), with_boxes=bool(of_boxes)
        ),
        method_settings=method_settings,
        weights=weights,
        selection=selection,
    )


def make_record(
    frames: TestFrames,
    measured: Mapping[str, Measured],
    *,
    annotations: Annotations,
    label: RunLabel,
    settings: EvaluationSettings,
    convention: Convention,
    method_settings: Mapping[str, object],
    weights: str = "",
    selection: str = "",
) -> Record:
    """All of metrics.json, from the frames that were evaluated and what was measured on them."""
    return Record(
        run=label,
        supervision=annotations.split(label.split, label.draw).supervision,
        weights=weights,
        selection=selection,
        settings=dict(method_settings),
        notes=annotations.notes,
        convention=convention,
        coverage=frames.coverage,
        test=_test_set(frames),
        metrics={name: _metric(one) for name, one in measured.items()},
        per_video_auc=per_video_auc(frames),
        resampling=Resampling(
            resamples=settings.bootstrap_resamples,
            seed=settings.bootstrap_seed,
            videos=hashlib.sha256("\n".join(frames.videos).encode()).hexdigest(),
        ),
        resampled={name: one.resampled.tolist() for name, one in measured.items()},
    )


def micro_auc_of_rows(
    features: Part | Store, annotations: Annotations, split: Split, settings: EvaluationSettings
) -> Callable[[Mapping[str, NDArray[Any]]], float]:
    """A function that gives the micro AUC of row scores (n,) by test video id.

    Looks at test labels: it exists for `selection: best_on_test` alone. Each video's scores belong to its
    rows in `features`; NaN where the test frames hold one class.
    """

    def micro_auc(rows: Mapping[str, NDArray[Any]]) -> float:
        frames = gather(RowScores(rows, features), annotations, split, settings)
        return roc_auc(frames.labels, frames.scores)

    return micro_auc


def _metric(measured: Measured) -> Metric:
    low, high, reason = interval_of(measured)
    return Metric(
        value=measured.value,
        ci_low=round(low, DECIMALS),
        ci_high=round(high, DECIMALS),
        reason=reason,
        videos=measured.videos,
    )


def _test_set(frames: TestFrames) -> TestSet:
    abnormal = np.add.reduceat(frames.labels, frames.starts[:-1]) if frames.videos else np.zeros(0)
    return TestSet(
        videos=len(frames.videos),
        abnormal_videos=int((abnormal > 0).sum()),
        frames=len(frames.labels),
        abnormal_frames=int(frames.labels.sum()),
    )
