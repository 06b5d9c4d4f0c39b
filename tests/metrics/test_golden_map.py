"""mAP of the published VadCLIP evaluation, to 1e-4 per cent, on the real annotation of two benchmarks."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vadbench.metrics import Proposals, Truths, map_fixed, map_legacy, threshold_proposals

# fmt: off
CLASSES = {
    "ucf_crime": [
        "Normal", "Abuse", "Arrest", "Arson", "Assault", "Burglary", "Explosion", "Fighting", "RoadAccidents",
        "Robbery", "Shooting", "Shoplifting", "Stealing", "Vandalism",
    ],
    "xd_violence": ["A", "B1", "B2", "B4", "B5", "B6", "G"],
}
# fmt: on
ABNORMAL = {"ucf_crime": 140, "xd_violence": 500}
"""Videos with an event; they come first."""
BEYOND = 10**7
"""The golden values of the fixed mode were made without clipping."""

pytestmark = [pytest.mark.real, pytest.mark.parametrize("benchmark", list(CLASSES))]


def annotation(folder: Path) -> list[dict[str, Any]]:
    """Per video its name, segments and their labels, in the order of the published evaluation."""
    return json.loads((folder / "vadclip_gt_segment_label.json").read_text())


def rows_per_video(folder: Path) -> dict[str, int]:
    with (folder / "test_videos.tsv").open() as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    if folder.name == "ucf_crime":
        return {line["video"]: -(-int(line["frames"]) // 16) for line in lines}
    return {line["video"]: int(line["gt_len"]) // 16 for line in lines}


def truths(videos: Iterable[dict[str, Any]], classes: list[str]) -> Truths:
    """UCF-Crime's normal segments carry a label that is no class, so they are no truths."""
    found = [
        (index, classes.index(label), start, end)
        for index, video in enumerate(videos)
        for (start, end), label in zip(video["segments"], video["labels"], strict=True)
        if label in classes
    ]
    return Truths(*(np.array(column) for column in zip(*found, strict=True)))


def synthetic(folder: Path, seed: int) -> Iterable[np.ndarray]:
    """Predictions by the recipe in the README beside the golden values."""
    rng = np.random.default_rng(seed)
    rows, classes = rows_per_video(folder), CLASSES[folder.name]
    for video in annotation(folder):
        logits = rng.standard_normal((rows[video["video"]], len(classes)))
        logits[:, 0] += 1
        begin = 16 * np.arange(len(logits))
        for (start, end), label in zip(video["segments"], video["labels"], strict=True):
            if label in classes[1:]:
                logits[(begin + 16 > start) & (begin < end), classes.index(label)] += 3
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        yield (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


def frames(rows: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    return (np.repeat(one, 16, axis=0) for one in rows)


def assert_golden(found: np.ndarray, expected: list[float]) -> None:
    np.testing.assert_allclose(100 * found, expected, rtol=0, atol=1e-4)


def test_all_test_videos(real_data: Path, benchmark: str) -> None:
    golden = json.loads((real_data / benchmark / "golden_map_synthetic.json").read_text())
    videos, classes = annotation(real_data / benchmark), CLASSES[benchmark]
    proposals = threshold_proposals(frames(synthetic(real_data / benchmark, golden["seed"])))
    true = truths(videos, classes)
    legacy = map_legacy(proposals, true, len(classes))
    assert_golden(legacy.by_iou, golden["full"])
    assert 100 * legacy.mean == pytest.approx(golden["avg"], abs=1e-4)
    fixed = map_fixed(proposals, true, [BEYOND] * len(videos))
    assert_golden(fixed.by_iou, golden["full_fixed_interp_no_normal"])
    # What the published code calls "without normal" leaves normal videos out and keeps the normal class.
    without = proposals.at(proposals.video < ABNORMAL[benchmark])
    assert_golden(map_legacy(without, true, len(classes)).by_iou, golden["excludeNormal"])


def test_a_subset_with_given_predictions(real_data: Path, benchmark: str) -> None:
    folder, classes = real_data / benchmark, CLASSES[benchmark]
    golden = json.loads((folder / "golden_map_synthetic.json").read_text())
    every = annotation(folder)
    with np.load(folder / "golden_map_subset_pred.npz", allow_pickle=False) as given:
        rows = np.split(given["pred"], np.cumsum(given["T"])[:-1])
        videos = [every[index] for index in given["index"]]
    proposals, true = threshold_proposals(frames(rows)), truths(videos, classes)
    assert_golden(map_legacy(proposals, true, len(classes)).by_iou, golden["subset"])
    fixed = map_fixed(proposals, true, [BEYOND] * len(videos))
    assert_golden(fixed.by_iou, golden["subset_fixed_interp_no_normal_present_classes"])


def one_hot(folder: Path) -> Iterable[np.ndarray]:
    """The annotation as predictions: 1 in a class's events, class 0 where there is none."""
    rows, classes = rows_per_video(folder), CLASSES[folder.name]
    for video in annotation(folder):
        frame = np.zeros((16 * rows[video["video"]], len(classes)), dtype=np.float32)
        for (start, end), label in zip(video["segments"], video["labels"], strict=True):
            if label in classes[1:]:
                frame[start:end, classes.index(label)] = 1
        frame[:, 0] = ~frame.any(axis=1)
        yield frame


def test_perfect_predictions_do_not_reach_one(real_data: Path, benchmark: str) -> None:
    folder, classes = real_data / benchmark, CLASSES[benchmark]
    golden = json.loads((folder / "golden_map_synthetic.json").read_text())
    proposals: Proposals = threshold_proposals(one_hot(folder))
    found = map_legacy(proposals, truths(annotation(folder), classes), len(classes))
    # Scores tie all over; the published code leaves the order of equal ones to an unstable sort.
    np.testing.assert_allclose(100 * found.by_iou, golden["oracle_onehot"], rtol=0, atol=0.01)
