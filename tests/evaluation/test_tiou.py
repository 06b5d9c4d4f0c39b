"""TIoU of small stores of boxes whose figures are known by hand."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import DEFINITIONS, TIOU_DEFINITIONS, Record, RunLabel, evaluate_run
from vadbench.metrics import draw_resamples
from vadbench.store import ArraySpec, PartWriter

FRAMES, STRIDE = 40, 10
Box = tuple[float, float, float, float]
SIDES = ("left", "top", "right", "bottom")
WHOLE: Box = (0, 0, 100, 60)
QUARTER: Box = (0, 0, 50, 30)


def write_boxes(
    path: Path, videos: Mapping[str, tuple[Sequence[float], Sequence[Sequence[Box]]]], first: int = 0
) -> Path:
    """A scores store of videos of 40 frames of 100 x 60 pixels: row scores, and boxes of each row."""
    with PartWriter(
        path,
        stage="scores",
        settings={},
        revision=1,
        videos=list(videos),
        arrays={"score": ArraySpec("float32"), "frame_size": ArraySpec("int32", (2,))},
        ragged={"boxes": {name: ArraySpec("float32") for name in (*SIDES, "score")}},
        attributes={"selection": "none"},
    ) as writer:
        for id, (scores, boxes) in videos.items():
            frame = first + STRIDE * np.arange(len(scores))
            rows = [np.array(row, dtype=np.float32).reshape(-1, 4) for row in boxes]
            groups = [{**dict(zip(SIDES, row.T, strict=True)), "score": np.ones(len(row))} for row in rows]
            with writer.video(id) as video:
                video.append(
                    frame, frame / 25, score=scores, frame_size=[(100, 60)] * len(scores), boxes=groups
                )
                video.finish(frames=FRAMES)
        writer.complete()
    return path


def annotations_of(videos: Mapping[str, Mapping[str, Any]]) -> Annotations:
    intervals = [(0, FRAMES - 1)]
    return Annotations.model_validate(
        {
            "benchmark": "tiny",
            "classes": ("normal", "abnormal"),
            "splits": {"weak": {"supervision": "weak", "test": list(videos)}},
            "videos": {
                id: {"intervals": intervals if known else [], **known} for id, known in videos.items()
            },
        }
    )


def evaluate(scores: Path, annotations: Annotations, **settings: Any) -> Record:
    label = RunLabel(benchmark="tiny", split="weak", method="by_hand")
    few = EvaluationSettings(**{"bootstrap_resamples": 60, **settings})
    out = scores.with_name("metrics.json")
    return evaluate_run(scores, annotations, label, few, out, data_root=scores.parent)


def value(record: Record, name: str) -> float:
    return record.metrics[name].value


TRUTH = {
    # The truth of frame 5 is one box of two that cover the left half together.
    "a": {"boxes": [(5, 0, 0, 50, 30), (5, 0, 30, 50, 60), (25, 0, 0, 50, 30)]},
    "b": {"boxes": [(39, 50, 30, 100, 60)]},
    "calm": {},
}
ROWS = {
    "a": ((0.9, 0.1, 0.4, 0.1), ([QUARTER, WHOLE], [], [QUARTER], [])),
    "b": ((0.1, 0.1, 0.1, 0.5), ([], [], [WHOLE], [(50, 15, 100, 60)])),
    "calm": ((0.1,) * 4, ([WHOLE],) * 4),
}
# Frame 5 has row 0: a quarter against a half. Frame 25 has row 2, below the gate. Frame 39 has row 3.
IOUS = {"a": (1 / 2, 1), "b": (2 / 3,)}


def test_predicted_and_trivial_boxes_by_hand(tmp_path: Path) -> None:
    record = evaluate(write_boxes(tmp_path / "scores.h5", ROWS), annotations_of(TRUTH))
    assert list(record.metrics) == [*DEFINITIONS, *TIOU_DEFINITIONS]
    assert list(record.convention.metrics) == list(record.metrics)
    assert value(record, "tiou") == pytest.approx((1 / 2 + 0 + 2 / 3) / 3)
    assert value(record, "tiou_macro") == pytest.approx((1 / 4 + 2 / 3) / 2)
    assert value(record, "tiou_ungated") == pytest.approx((1 / 2 + 1 + 2 / 3) / 3)
    assert value(record, "tiou_ungated_macro") == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert value(record, "tiou_whole_frame") == pytest.approx((1 / 2 + 0 + 1 / 4) / 3)
    assert value(record, "tiou_whole_frame_ungated_macro") == pytest.approx((3 / 8 + 1 / 4) / 2)
    # The centred box, 50 x 30, shares 25 x 30 pixels with the left half and 25 x 15 with a corner.
    half, corner = 750 / (3000 + 1500 - 750), 375 / (1500 + 1500 - 375)
    assert value(record, "tiou_centred_half_ungated") == pytest.approx((half + 2 * corner) / 3)
    assert 0 < value(record, "tiou_random_ungated") < value(record, "tiou_ungated")
    assert record.metrics["tiou"].videos == 2
    assert Record.load(tmp_path / "metrics.json").model_dump_json() == record.model_dump_json()


def test_the_random_box_is_as_large_as_the_predicted_one(tmp_path: Path) -> None:
    # As large as the frame it can only be the frame; as small as nothing it meets nothing.
    whole = {id: (scores, [[WHOLE]] * 4) for id, (scores, _) in ROWS.items()}
    record = evaluate(write_boxes(tmp_path / "whole.h5", whole), annotations_of(TRUTH))
    assert value(record, "tiou_random") == value(record, "tiou_whole_frame") == value(record, "tiou")
    nothing: dict[str, Any] = {id: (scores, [[]] * 4) for id, (scores, _) in ROWS.items()}
    record = evaluate(write_boxes(tmp_path / "nothing.h5", nothing), annotations_of(TRUTH))
    assert value(record, "tiou_random_ungated") == value(record, "tiou_ungated") == 0


def test_only_the_first_box_counts(tmp_path: Path) -> None:
    both = {id: (scores, [[WHOLE, QUARTER]] * 4) for id, (scores, _) in ROWS.items()}
    record = evaluate(write_boxes(tmp_path / "scores.h5", both), annotations_of(TRUTH))
    assert value(record, "tiou_ungated") == value(record, "tiou_whole_frame_ungated")


@pytest.mark.parametrize(
    ("rule", "row"), [("hold", [0, 0, 1]), ("interpolate", [0, 0, 1]), ("repeat", [0, 1, 2])]
)
def test_rows_are_mapped_by_the_rule_of_the_scores(tmp_path: Path, rule: str, row: list[int]) -> None:
    # Rows stand at frames 5, 15, 25; only the first row's box is right, on frames 7, 12 and 22.
    truth = {"a": {"boxes": [(frame, *QUARTER) for frame in (2, 7, 12, 22)]}, "calm": {}}
    rows = {"a": ((0.9,) * 3, ([QUARTER], [], [])), "calm": ((0.1,) * 3, ([],) * 3)}
    scores = write_boxes(tmp_path / "scores.h5", rows, first=5)
    record = evaluate(scores, annotations_of(truth), score_to_frame=rule)
    # Under `repeat` the first row covers frame 2 too; under the others no row does.
    expected = [1.0] * (rule == "repeat") + [float(number == 0) for number in row]
    assert value(record, "tiou") == pytest.approx(np.mean(expected))


def test_the_gate_sees_the_smoothed_score(tmp_path: Path) -> None:
    truth = {"a": {"boxes": [(15, *QUARTER)]}, "calm": {}}
    rows = {"a": ((0.9, 0.3, 0.9), ([QUARTER],) * 3), "calm": ((0.1,) * 3, ([],) * 3)}
    scores = write_boxes(tmp_path / "scores.h5", rows)
    assert value(evaluate(scores, annotations_of(truth)), "tiou") == 0
    assert value(evaluate(scores, annotations_of(truth), smoothing_rows=3), "tiou") == 1


def write_masks(folder: Path, masks: Mapping[int, Sequence[Box]], size: tuple[int, int] = (60, 100)) -> None:
    """40 bitmaps: boxes of abnormal pixels by frame."""
    folder.mkdir()
    for frame in range(FRAMES):
        image = np.zeros(size, np.uint8)
        for left, top, right, bottom in masks.get(frame, ()):
            image[int(top) : int(bottom), int(left) : int(right)] = 255
        Image.fromarray(image).save(folder / f"{frame + 1:03d}.bmp")


def with_masks(folder: str) -> dict[str, Any]:
    return {"masks": {"path": folder, "files": FRAMES, "sha256": ""}, "intervals": [(20, 30)]}


def test_masks_are_regions_within_the_intervals(tmp_path: Path) -> None:
    # Frame 5 is normal by its intervals; frame 21 has no abnormal pixel.
    write_masks(tmp_path / "gt", {5: [WHOLE], 20: [QUARTER, (50, 30, 100, 60)], 22: [QUARTER]})
    rows = {"a": ((0.9,) * 4, ([QUARTER],) * 4), "calm": ((0.1,) * 4, ([],) * 4)}
    scores = write_boxes(tmp_path / "scores.h5", rows)
    record = evaluate(scores, annotations_of({"a": with_masks("gt"), "calm": {}}))
    assert value(record, "tiou") == pytest.approx((1 / 2 + 1) / 2)
    assert value(record, "tiou_whole_frame") == pytest.approx((1 / 2 + 1 / 4) / 2)


def test_masks_of_another_size_are_refused(tmp_path: Path) -> None:
    write_masks(tmp_path / "gt", {20: [QUARTER]}, (30, 50))
    scores = write_boxes(tmp_path / "scores.h5", ROWS)
    with pytest.raises(VadbenchError, match="'a': frame 20: its mask is 50 x 30 pixels, the frame 100 x 60"):
        evaluate(scores, annotations_of({**TRUTH, "a": with_masks("gt")}))
    with pytest.raises(VadbenchError, match="missing"):
        evaluate(scores, annotations_of({**TRUTH, "a": with_masks("missing")}))


def test_without_regions_there_is_no_tiou_and_without_annotated_frames_a_reason(tmp_path: Path) -> None:
    scores = write_boxes(tmp_path / "scores.h5", ROWS)
    plain: dict[str, dict[str, Any]] = {"a": {"intervals": [(0, 10)]}, "b": {}, "calm": {}}
    assert list(evaluate(scores, annotations_of(plain)).metrics) == list(DEFINITIONS)
    late = {**TRUTH, "a": {"boxes": [(FRAMES, *QUARTER)]}, "b": {}}
    record = evaluate(scores, annotations_of(late))
    assert all(math.isnan(value(record, name)) for name in TIOU_DEFINITIONS)
    assert record.metrics["tiou"].reason == "no evaluated frame has a true region"


def test_intervals_rest_on_the_resamples_of_all_test_videos(tmp_path: Path) -> None:
    record = evaluate(
        write_boxes(tmp_path / "scores.h5", ROWS),
        annotations_of(TRUTH),
        bootstrap_resamples=200,
        bootstrap_seed=3,
    )
    a, b = draw_resamples(3, 200, 3)[:, :2].T
    sums, counts = sum(IOUS["a"]) * a + sum(IOUS["b"]) * b, 2 * a + b
    with np.errstate(invalid="ignore"):
        micro, macro = sums / counts, (np.mean(IOUS["a"]) * a + IOUS["b"][0] * b) / (a + b)
    np.testing.assert_allclose(record.resampled["tiou_ungated"], micro, atol=1e-6)
    np.testing.assert_allclose(record.resampled["tiou_ungated_macro"], macro, atol=1e-6)


def test_boxes_beyond_the_frame_are_refused(tmp_path: Path) -> None:
    rows = {id: (scores, [[(0, 0, 200, 60)]] * 4) for id, (scores, _) in ROWS.items()}
    with pytest.raises(VadbenchError, match="video 'a': areas: 12000"):
        evaluate(write_boxes(tmp_path / "scores.h5", rows), annotations_of(TRUTH))
