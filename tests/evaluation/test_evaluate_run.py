"""metrics.json of small scores stores whose figures are known by hand."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import DEFINITIONS, Record, RunLabel, evaluate_run
from vadbench.metrics import average_precision, macro_auc, roc_auc

LABEL = RunLabel(benchmark="tiny", split="weak", method="by_hand", features="clip", seed=0)
FEW = EvaluationSettings(bootstrap_resamples=50)

Load = Callable[..., Annotations]
Write = Callable[..., Path]


def evaluate(
    scores: Path, annotations: Annotations, settings: EvaluationSettings = FEW, label: RunLabel = LABEL
) -> Record:
    return evaluate_run(scores, annotations, label, settings, scores.with_name("metrics.json"))


def test_figures_equal_the_metrics_of_the_concatenated_frames(
    load_annotations: Load, write_scores: Write
) -> None:
    rng = np.random.default_rng(0)
    intervals = {"a": [[3, 7]], "b": [], "c": [[0, 5], [20, 30]]}
    frames = {"a": 10, "b": 13, "c": 30}
    rows = {id: (range(0, n, 4), rng.random(-(-n // 4)), n) for id, n in frames.items()}
    record = evaluate(write_scores(rows), load_annotations(intervals))

    truth = {id: np.zeros(n, dtype=bool) for id, n in frames.items()}
    for id, spans in intervals.items():
        for start, end in spans:
            truth[id][start:end] = True
    labels = np.concatenate([truth[id] for id in "abc"])
    held = {id: np.repeat(np.float32(score), 4)[:n] for id, (_, score, n) in rows.items()}
    scores = np.concatenate([held[id] for id in "abc"])
    abnormal = np.r_[0:10, 23:53]

    value = {name: metric.value for name, metric in record.metrics.items()}
    assert list(value) == list(DEFINITIONS)
    assert value["micro_auc"] == roc_auc(labels, scores)
    assert value["micro_ap"] == average_precision(labels, scores)
    assert value["macro_auc"] == macro_auc(labels, scores, [0, 10, 23, 53])
    assert value["abnormal_videos_auc"] == roc_auc(labels[abnormal], scores[abnormal])
    assert record.metrics["macro_auc"].videos == 2
    assert record.per_video_auc["b"] is None
    assert record.per_video_auc["a"] == roc_auc(truth["a"], held["a"])
    assert record.coverage.share == 1
    assert record.test.model_dump() == {
        "videos": 3,
        "abnormal_videos": 2,
        "frames": 53,
        "abnormal_frames": 19,
    }


def test_what_is_written_is_what_is_read(load_annotations: Load, write_scores: Write, tmp_path: Path) -> None:
    scores = write_scores({"a": ([0, 5], [0, 1], 10), "b": ([0], [0.5], 4)}, weights={"demo": "00ff"})
    record = evaluate(scores, load_annotations({"a": [[5, 10]], "b": []}))
    again = Record.load(tmp_path / "metrics.json")
    assert again.model_dump_json() == record.model_dump_json()
    assert (again.weights, again.selection, again.supervision) == ("demo", "last", "weak")
    assert again.settings == {"method": "by hand"}
    text = (tmp_path / "metrics.json").read_text()
    assert len(max(text.split('"resampled"')[0].splitlines(), key=len)) < 300
    assert "NaN" not in text
    evaluate(scores, load_annotations({"a": [[5, 10]], "b": []}))
    assert (tmp_path / "metrics.json").read_text() == text


def test_a_detector_of_two_files_is_named_once(load_annotations: Load, write_scores: Write) -> None:
    weights = {"mine.safetensors": "00ff", "mine.yaml": "ff00"}
    scores = write_scores({"a": ([0, 5], [0, 1], 10), "b": ([0], [0.5], 4)}, weights=weights)
    assert evaluate(scores, load_annotations({"a": [[5, 10]], "b": []})).weights == "mine.safetensors"


def test_a_skipped_and_a_missing_video_lower_the_coverage(
    load_annotations: Load, write_scores: Write
) -> None:
    scores = write_scores(
        {
            "good": ([0, 5], [0, 1], 10),
            "bad": "bad.mp4: frame 3: broken",
            "empty": ([], [], 20),
            "other": ([0], [0], 9),
        }
    )
    annotations = load_annotations(
        {"good": [[5, 10]], "bad": [[0, 9]], "empty": [], "gone": []},
        frames={"good": 10, "bad": 30, "gone": 40},
    )
    # A video that the features never held is a missing one, `other` is one of another split.
    coverage = evaluate(scores, annotations).coverage
    assert coverage.skipped == {"bad": "bad.mp4: frame 3: broken"}
    assert coverage.missing == ["empty", "gone"]
    assert coverage.not_in_split == ["other"]
    assert (coverage.videos_scored, coverage.videos_total) == (1, 4)
    assert (coverage.frames_scored, coverage.frames_total) == (10, 100)
    assert coverage.share == 0.1


def test_videos_without_frame_truth_are_left_out_and_said(
    load_annotations: Load, write_scores: Write
) -> None:
    scores = write_scores({"a": ([0, 5], [0, 1], 10), "b": ([0], [9], 4)})
    record = evaluate(scores, load_annotations({"a": [[5, 10]], "b": None}))
    assert record.coverage.unlabelled == ["b"]
    assert record.coverage.share == 1
    assert record.metrics["micro_auc"].value == 1


def test_a_benchmark_without_any_truth_has_undefined_metrics(
    load_annotations: Load, write_scores: Write
) -> None:
    record = evaluate(write_scores({"a": ([0], [0], 4)}), load_annotations({"a": None}))
    assert {metric.reason for metric in record.metrics.values()} >= {"no test video has frame truth"}
    assert all(math.isnan(metric.value) for metric in record.metrics.values())


def test_where_no_video_can_be_read_the_metrics_are_undefined_and_nothing_is_covered(
    load_annotations: Load, write_scores: Write
) -> None:
    record = evaluate(write_scores({"a": "a.mp4: broken"}), load_annotations({"a": [[5, 10]]}))
    assert record.coverage.share == 0
    assert record.coverage.skipped == {"a": "a.mp4: broken"}
    assert record.metrics["micro_auc"].reason == "no test video with frame truth can be read"


def test_one_class_only_is_undefined_with_the_reason(load_annotations: Load, write_scores: Write) -> None:
    record = evaluate(
        write_scores({"a": ([0], [0], 4), "b": ([0], [1], 4)}), load_annotations({"a": [], "b": []})
    )
    reasons = {name: metric.reason for name, metric in record.metrics.items()}
    assert reasons["micro_auc"] == reasons["abnormal_videos_ap"] == "no test frame is abnormal"
    assert reasons["macro_auc"] == "no test video holds both classes"
    assert math.isnan(record.metrics["micro_ap"].value)
    assert record.metrics["macro_auc_sentinel"].value == 1


def test_annotations_that_overrun_are_clipped_and_named(load_annotations: Load, write_scores: Write) -> None:
    scores = write_scores({"a": ([0, 4, 8], [0, 1, 1], 10), "b": ([0], [0], 5)})
    record = evaluate(scores, load_annotations({"a": [[4, 12]], "b": []}, frames={"a": 12, "b": 5}))
    assert record.coverage.annotations_beyond_end == {"a": [(4, 12)]}
    assert record.coverage.frames_differ == {"a": (10, 12)}
    assert record.coverage.remarks() == [
        "Videos with annotations beyond the last frame, cut there: a ([4, 12))",
        "Videos with another number of frames than published: a (10, published 12)",
    ]
    assert record.test.abnormal_frames == 6
    assert record.metrics["micro_auc"].value == 1


def test_frames_before_the_first_row_are_left_out_and_counted(
    load_annotations: Load, write_scores: Write
) -> None:
    scores = write_scores({"a": ([3, 6], [0, 1], 10), "b": ([0], [0], 10)})
    coverage = evaluate(scores, load_annotations({"a": [[6, 10]], "b": []})).coverage
    assert coverage.frames_unscored == {"a": 3}
    assert coverage.share == 17 / 20


def test_one_video_has_no_interval(load_annotations: Load, write_scores: Write) -> None:
    record = evaluate(write_scores({"a": ([0, 5], [0, 1], 10)}), load_annotations({"a": [[5, 10]]}))
    assert record.metrics["micro_auc"].value == 1
    assert math.isnan(record.metrics["micro_auc"].ci_low)
    assert record.metrics["micro_auc"].reason == "an interval over videos needs two videos"


def test_scores_of_another_split_are_refused(load_annotations: Load, write_scores: Write) -> None:
    with pytest.raises(VadbenchError, match="labelled test videos"):
        evaluate(write_scores({"z": ([0], [0], 4)}), load_annotations({"a": [[0, 2]]}))


def test_every_choice_stands_in_the_convention(load_annotations: Load, write_scores: Write) -> None:
    scores = write_scores({"a": ([0, 4, 8], [0, 1, 0], 12), "b": ([0], [0], 4)})
    annotations = load_annotations({"a": [[4, 8]], "b": []})
    settings = EvaluationSettings(score_to_frame="repeat", smoothing_rows=3, bootstrap_resamples=20)
    convention = evaluate(scores, annotations, settings).convention
    assert "each row in turn covers 4 frames" in convention.score_to_frame
    assert convention.text.startswith("repeat 4 frames; true length; end exclusive; mean of 3 rows; 95 %")
    assert set(convention.metrics) == set(DEFINITIONS)
    none = evaluate(scores, annotations, EvaluationSettings(bootstrap_resamples=0))
    assert none.convention.interval == "no intervals"
    assert none.metrics["micro_auc"].reason == "no resamples were drawn"


def test_a_metrics_file_that_is_damaged_says_what_to_type(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    with pytest.raises(VadbenchError, match="vadbench evaluate"):
        Record.load(path)
    path.write_text('{"run": {')
    with pytest.raises(VadbenchError, match="vadbench evaluate"):
        Record.load(path)
    path.write_text(json.dumps({"run": {"benchmark": "tiny"}}))
    with pytest.raises(VadbenchError, match=r"run\.split"):
        Record.load(path)
