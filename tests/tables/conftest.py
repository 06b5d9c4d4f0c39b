"""metrics.json files made by hand: a run per call, with figures that the test chooses."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from vadbench.config import EvaluationSettings
from vadbench.evaluation import DEFINITIONS, Metric, Record, RunLabel
from vadbench.evaluation.convention import describe
from vadbench.evaluation.coverage import Coverage
from vadbench.evaluation.record import Resampling, TestSet

SaveRun = Callable[..., Path]


def record_of(
    label: Mapping[str, object],
    values: Mapping[str, float],
    resampled: Mapping[str, Sequence[float]],
    reasons: Mapping[str, str],
    **changes: object,
) -> Record:
    """A record whose metrics are 0.5 unless `values` says otherwise; resamples spread evenly around."""
    spread = np.linspace(-0.1, 0.1, 41)
    metrics = {
        name: Metric(value=values.get(name, 0.5), ci_low=0, ci_high=1, reason=reasons.get(name, ""), videos=3)
        for name in DEFINITIONS
    }
    record = Record(
        run=RunLabel.model_validate(
            {"benchmark": "tiny", "split": "weak", "method": "sultani", "features": "clip", **label}
        ),
        supervision="weak",
        weights="demo",
        selection="last",
        settings={},
        convention=describe(EvaluationSettings(), 0),
        coverage=Coverage(videos_scored=3, videos_total=3, frames_scored=90, frames_total=90),
        test=TestSet(videos=3, abnormal_videos=1, frames=90, abnormal_frames=12),
        metrics=metrics,
        per_video_auc={},
        resampling=Resampling(resamples=41, seed=0, videos="abc"),
        resampled={
            name: list(resampled.get(name, metric.value + spread)) for name, metric in metrics.items()
        },
    )
    return record.model_copy(update=changes)


@pytest.fixture
def save_run(tmp_path: Path) -> SaveRun:
    """Write a run's metrics.json and give its path."""

    def save(
        *,
        values: Mapping[str, float] | None = None,
        resampled: Mapping[str, Sequence[float]] | None = None,
        reasons: Mapping[str, str] | None = None,
        changes: Mapping[str, object] | None = None,
        **label: object,
    ) -> Path:
        record = record_of(label, values or {}, resampled or {}, reasons or {}, **(changes or {}))
        run = record.run
        name = f"{run.split}-{run.draw}-{run.method}-{run.variant}-{run.features}-{run.seed}"
        path = tmp_path / run.benchmark / name / "metrics.json"
        record.save(path)
        return path

    return save
