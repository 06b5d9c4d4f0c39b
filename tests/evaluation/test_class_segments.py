"""mAP of small stores of class scores whose figures are known by hand."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import DEFINITIONS, MAP_DEFINITIONS, Record, RunLabel, evaluate_run
from vadbench.evaluation.sources import StoredScores
from vadbench.metrics import draw_resamples
from vadbench.store import ArraySpec, PartWriter

FRAMES = 64
CLASSES = ("normal", "Fire", "Theft")
Segments = Sequence[tuple[str, int, int]]


def annotations_of(videos: Mapping[str, Segments | None], benchmark: str = "tiny") -> Annotations:
    """Test videos by their segments; None: abnormal in its first 16 frames, class unknown."""
    return Annotations.model_validate(
        {
            "benchmark": benchmark,
            "classes": CLASSES,
            "splits": {"weak": {"supervision": "weak", "draws": None, "train": [], "test": list(videos)}},
            "videos": {
                id: {
                    "intervals": [(0, 16)]
                    if segments is None
                    else [(min(s for _, s, _ in segments), max(e for *_, e in segments))]
                    if segments
                    else [],
                    "segments": segments or (),
                }
                for id, segments in videos.items()
            },
        }
    )


def write_class_scores(
    path: Path,
    videos: Mapping[str, Sequence[Sequence[float]]],
    *,
    classes: Sequence[str] = CLASSES,
    first: int = 0,
) -> Path:
    """A scores store of videos of `FRAMES` frames with a row of class scores every 16 frames."""
    arrays = {"score": ArraySpec("float32"), "class_scores": ArraySpec("float32", (len(classes),))}
    with PartWriter(
        path,
        stage="scores",
        settings={},
        revision=1,
        videos=list(videos),
        arrays=arrays,
        attributes={"selection": "none", "classes": list(classes)},
    ) as writer:
        for id, rows in videos.items():
            table = np.array(rows, dtype=np.float32)
            frame = first + 16 * np.arange(len(table))
            with writer.video(id) as video:
                video.append(
                    frame.astype(np.int32), frame / 25, score=table[:, 1:].sum(axis=1), class_scores=table
                )
                video.finish(frames=FRAMES)
        writer.complete()
    return path


def evaluate(
    scores: Path,
    annotations: Annotations,
    settings: EvaluationSettings | None = None,
    method: str = "by_hand",
) -> Record:
    label = RunLabel(benchmark=annotations.benchmark, split="weak", method=method)
    few = settings or EvaluationSettings(bootstrap_resamples=60)
    return evaluate_run(scores, annotations, label, few, scores.with_name("metrics.json"))


def values(record: Record, mode: str) -> list[float]:
    return [record.metrics[f"map_{mode}_{column}"].value for column in (0.1, 0.2, 0.3, 0.4, 0.5, "mean")]


TRUTH = {"fire": [("Fire", 16, 48)], "theft": [("Theft", 0, 32)], "calm": []}
NORMAL, FIRE, THEFT, NEITHER = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8), (0.1, 0.1, 0.1)
FOUND = {
    "fire": [NORMAL, FIRE, FIRE, NORMAL],
    "theft": [THEFT, THEFT, NORMAL, NORMAL],
    "calm": [NORMAL] * 4,
}


def test_segments_that_are_found_have_a_map_of_one(tmp_path: Path) -> None:
    record = evaluate(write_class_scores(tmp_path / "scores.h5", FOUND), annotations_of(TRUTH))
    assert values(record, "fixed") == [1.0] * 6
    # The normal class has no truth in the published evaluation.
    assert values(record, "legacy") == pytest.approx([2 / 3] * 6)
    assert list(record.metrics) == [*DEFINITIONS, *MAP_DEFINITIONS]
    assert list(record.convention.metrics) == list(record.metrics)
    assert record.metrics["map_fixed_mean"].videos == 3
    assert Record.load(tmp_path / "metrics.json").model_dump_json() == record.model_dump_json()


def test_normal_videos_are_truths_of_xd_violence_in_the_legacy_mode(tmp_path: Path) -> None:
    found = {**FOUND, "calm": [NORMAL, NORMAL, NORMAL, NEITHER]}
    scores = write_class_scores(tmp_path / "scores.h5", found)
    record = evaluate(scores, annotations_of(TRUTH, "xd_violence"))
    assert values(record, "fixed") == [1.0] * 6
    # `calm` is found with an IoU of 3/4 after two proposals of `fire` and one of `theft`, or between them:
    # all have equal scores and rank by video, `calm` first.
    assert values(record, "legacy") == pytest.approx([1.0] * 6)
    assert values(evaluate(scores, annotations_of(TRUTH)), "legacy") == pytest.approx([2 / 3] * 6)


def test_iou_decides_at_each_threshold(tmp_path: Path) -> None:
    # The proposal [16, 48) and the truth [32, 96), cut at 64, share 16 of 48 frames.
    truth = {**TRUTH, "fire": [("Fire", 32, 96)]}
    record = evaluate(write_class_scores(tmp_path / "scores.h5", FOUND), annotations_of(truth))
    assert values(record, "fixed")[:5] == [1.0, 1.0, 1.0, 0.5, 0.5]
    assert record.metrics["map_fixed_mean"].value == pytest.approx(0.8)
    # Uncut they share 16 of 80.
    assert values(record, "legacy")[:3] == pytest.approx([2 / 3, 2 / 3, 1 / 3])


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    turned = {id: [row[::-1] for row in rows] for id, rows in FOUND.items()}
    scores = write_class_scores(tmp_path / "scores.h5", turned, classes=CLASSES[::-1])
    assert values(evaluate(scores, annotations_of(TRUTH)), "fixed") == [1.0] * 6


def test_an_annotated_class_without_scores_is_not_found(tmp_path: Path) -> None:
    two = {id: [row[:2] for row in rows] for id, rows in FOUND.items()}
    scores = write_class_scores(tmp_path / "scores.h5", two, classes=CLASSES[:2])
    record = evaluate(scores, annotations_of(TRUTH))
    assert values(record, "fixed") == [0.5] * 6
    assert values(record, "legacy") == [0.0] * 6


def test_scores_of_other_classes_give_no_map(tmp_path: Path) -> None:
    scores = write_class_scores(tmp_path / "scores.h5", FOUND, classes=("normal", "abnormal", "strange"))
    record = evaluate(scores, annotations_of(TRUTH))
    assert all(math.isnan(value) for value in (*values(record, "fixed"), *values(record, "legacy")))
    assert record.metrics["map_fixed_0.1"].reason == "the method scores none of the annotated classes"


def test_without_a_segment_there_is_no_map(tmp_path: Path) -> None:
    scores = write_class_scores(tmp_path / "scores.h5", FOUND)
    record = evaluate(scores, annotations_of({"fire": None, "theft": [], "calm": []}))
    assert math.isnan(record.metrics["map_legacy_mean"].value)
    assert record.metrics["map_legacy_mean"].reason == "no test video has a segment with a class"
    assert not math.isnan(record.metrics["micro_auc"].value)


def test_abnormal_videos_whose_class_is_unknown_are_left_out(tmp_path: Path) -> None:
    # Of two videos with the same proposals, the first in order would be false, were it judged.
    found = {**FOUND, "another": FOUND["fire"]}
    scores = write_class_scores(tmp_path / "scores.h5", found)
    record = evaluate(scores, annotations_of({**TRUTH, "another": None}))
    assert values(record, "fixed") == [1.0] * 6
    assert record.metrics["map_fixed_mean"].videos == 3
    normal = evaluate(scores, annotations_of({**TRUTH, "another": []}))
    assert values(normal, "fixed") == pytest.approx([0.75] * 6)


@pytest.mark.parametrize(
    ("rule", "first", "truth"),
    [("hold", 0, (16, 33)), ("hold", 8, (39, 56)), ("repeat", 8, (16, 33)), ("interpolate", 0, (7, 25))],
)
def test_class_scores_become_frames_as_scores_do(
    tmp_path: Path, rule: str, first: int, truth: tuple[int, int]
) -> None:
    # The truth is just more than half of the proposal, at one of its ends: a shift would lose it. Between
    # rows of 0.1 and 0.8 the linear column rises above its cut, 0.38, 6.4 frames after the first.
    scores = write_class_scores(tmp_path / "scores.h5", {**FOUND, "calm": [NORMAL] * 3}, first=first)
    settings = EvaluationSettings.model_validate({"score_to_frame": rule, "bootstrap_resamples": 0})
    record = evaluate(scores, annotations_of({"fire": [("Fire", *truth)], "calm": []}), settings)
    assert values(record, "fixed") == [1.0] * 6


def test_smoothing_comes_before_the_proposals(tmp_path: Path) -> None:
    flicker = {"fire": [NORMAL, FIRE, NORMAL, FIRE], "calm": [NORMAL] * 4}
    scores = write_class_scores(tmp_path / "scores.h5", flicker)
    annotations = annotations_of({"fire": [("Fire", 16, 64)], "calm": []})
    # Two runs of a third of the truth each; the mean of three rows joins them.
    assert values(evaluate(scores, annotations), "fixed")[4] == 0
    smooth = evaluate(scores, annotations, EvaluationSettings(smoothing_rows=3, bootstrap_resamples=0))
    assert values(smooth, "fixed")[4] == 1


def test_intervals_rest_on_the_resamples_of_all_test_videos(tmp_path: Path) -> None:
    # The first five of ten events are found, and no false one: mAP is their share among the drawn ones.
    truth: dict[str, Segments | None] = {f"v{n}": [("Fire", 16, 48)] for n in range(10)}
    rows = {id: FOUND["fire" if n < 5 else "calm"] for n, id in enumerate(truth)}
    record = evaluate(
        write_class_scores(tmp_path / "scores.h5", {"class unknown": FOUND["fire"], **rows}),
        annotations_of({"class unknown": None, **truth}),
        EvaluationSettings(bootstrap_resamples=400, bootstrap_seed=3),
    )
    drawn = draw_resamples(11, 400, 3)[:, 1:]
    np.testing.assert_allclose(
        record.resampled["map_fixed_mean"], drawn[:, :5].sum(axis=1) / drawn.sum(axis=1), atol=1e-6
    )
    metric = record.metrics["map_fixed_mean"]
    assert metric.value == pytest.approx(0.5)
    assert metric.ci_low < 0.3 < 0.7 < metric.ci_high


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_class_scores_that_are_not_finite_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    # A store holds none: this is what a source of another kind may give.
    monkeypatch.setattr(StoredScores, "class_scores", lambda self, id: np.array([(bad, 0.5, 0.5)] * 4))
    scores = write_class_scores(tmp_path / "scores.h5", FOUND)
    with pytest.raises(VadbenchError, match="'calm': a class score is not finite"):
        evaluate(scores, annotations_of({"calm": [], "fire": [("Fire", 16, 48)]}))
