"""Scores that no store of ours would hold, but a training or somebody else's file may."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import micro_auc_of_rows
from vadbench.evaluation.gather import gather

Load = Callable[..., Annotations]


@dataclass
class Rows:
    """Scores in memory: source frames and scores by video, all of ten frames."""

    rows: Mapping[str, tuple[list[int], list[float]]]
    skipped: Mapping[str, str] = field(default_factory=dict)
    name: str = "by hand"

    @property
    def videos(self) -> list[str]:
        return list(self.rows)

    def frame_count(self, id: str) -> int:
        return 10

    def frame(self, id: str) -> np.ndarray:
        return np.array(self.rows[id][0])

    def score(self, id: str) -> np.ndarray:
        return np.array(self.rows[id][1])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_finite_number_names_video_and_row(load_annotations: Load, bad: float) -> None:
    annotations = load_annotations({"a": [], "b": [[0, 2]]})
    scores = Rows({"a": ([0], [0.0]), "b": ([0, 2], [0.0, bad])})
    with pytest.raises(VadbenchError, match=r"by hand: video 'b': score -?(nan|inf) in row 1"):
        gather(scores, annotations, annotations.split("weak", None), EvaluationSettings())


def test_rows_beyond_the_last_frame_are_left_out_and_counted(load_annotations: Load) -> None:
    annotations = load_annotations({"a": [[5, 10]]})
    frames = gather(
        Rows({"a": ([0, 5, 10, 15], [0.0, 1.0, 7.0, 7.0])}),
        annotations,
        annotations.split("weak", None),
        EvaluationSettings(),
    )
    assert frames.scores.tolist() == [0.0] * 5 + [1.0] * 5
    assert frames.coverage.rows_beyond_end == {"a": 2}


@pytest.mark.parametrize(
    ("rule", "frames", "rows", "annotated"),
    [
        ("true", [0.0] * 5 + [1.0] * 5, {"a": 2}, {"a": [(5, 14)]}),
        ("ceil16", [0.0] * 5 + [1.0] * 5 + [7.0] * 5 + [8.0], {}, {}),
    ],
)
def test_a_length_rule_moves_the_end_behind_which_rows_and_annotations_are_too_many(
    load_annotations: Load,
    rule: str,
    frames: list[float],
    rows: dict[str, int],
    annotated: dict[str, list[tuple[int, int]]],
) -> None:
    annotations = load_annotations({"a": [[5, 14]], "b": []})
    scores = Rows({"a": ([0, 5, 10, 15], [0.0, 1.0, 7.0, 8.0]), "b": ([0], [0.0])})
    settings = EvaluationSettings.model_validate({"length_rule": rule})
    found = gather(scores, annotations, annotations.split("weak", None), settings)
    assert found.scores[: len(frames)].tolist() == frames
    assert found.coverage.rows_beyond_end == rows
    assert found.coverage.annotations_beyond_end == annotated


def test_what_a_table_cuts_off_is_not_too_much(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations({"a": [[5, 9]]})
    (tmp_path / "lengths.csv").write_text("video,frames\na,7\n")
    settings = EvaluationSettings(length_rule=str(tmp_path / "lengths.csv"))
    scores = Rows({"a": ([0, 5, 8, 12], [0.0, 1.0, 7.0, 8.0])})
    found = gather(scores, annotations, annotations.split("weak", None), settings)
    assert found.labels.tolist() == [False] * 5 + [True] * 2
    assert found.coverage.rows_beyond_end == {"a": 1}
    assert found.coverage.annotations_beyond_end == {}
    assert found.coverage.frames_total == 7


def test_rows_out_of_order_name_the_video(load_annotations: Load) -> None:
    annotations = load_annotations({"a": [[5, 10]]})
    with pytest.raises(VadbenchError, match=r"video 'a': frame indices"):
        gather(
            Rows({"a": ([5, 0], [0.0, 1.0])}),
            annotations,
            annotations.split("weak", None),
            EvaluationSettings(),
        )


def test_a_training_can_ask_for_its_micro_auc(load_annotations: Load) -> None:
    annotations = load_annotations({"a": [[5, 10]], "b": []})
    features = Rows({"a": ([0, 5], []), "b": ([0], [])})
    judge = micro_auc_of_rows(features, annotations, annotations.split("weak", None), EvaluationSettings())
    assert judge({"a": np.array([0.0, 1.0]), "b": np.array([0.0])}) == 1
    assert judge({"a": np.array([0.0, 1.0]), "b": np.array([2.0])}) == pytest.approx(1 / 3)
