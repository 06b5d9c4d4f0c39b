"""Frame difference against a plain loop over pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from feature_sets import read_scores, score_inputs, weak_split, write_frames_set
from vadbench.config import FrameDifferenceSettings
from vadbench.methods import METHODS
from vadbench.methods.frame_difference import differences, reduced


def grey(level: int, size: tuple[int, int] = (8, 6)) -> Image.Image:
    return Image.new("RGB", size, (level, level, level))


def test_small_frames_are_compared_pixel_by_pixel() -> None:
    draw = np.random.default_rng(0)
    frames = draw.integers(0, 256, size=(5, 6, 8)).astype(np.float32)
    expected = [
        sum(abs(frames[t, y, x] - frames[t - 1, y, x]) for y in range(6) for x in range(8)) / 48
        for t in range(1, 5)
    ]
    np.testing.assert_allclose(differences(iter(frames)), [expected[0], *expected], rtol=1e-5)


def test_both_directions_count() -> None:
    up_and_down = [np.full((2, 2), level, np.float32) for level in (10, 30, 5)]
    np.testing.assert_array_equal(differences(iter(up_and_down)), [20, 20, 25])


@pytest.mark.parametrize("rows", [0, 1])
def test_no_frame_before_means_no_difference(rows: int) -> None:
    assert differences(iter([np.ones((2, 2), np.float32)] * rows)).tolist() == [0.0] * rows


def test_frames_become_grey_and_small_by_averaging() -> None:
    colour = Image.new("RGB", (128, 128), (200, 100, 50))
    assert reduced(colour).shape == (64, 64)
    assert reduced(colour)[0, 0] == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50, abs=1)
    assert reduced(Image.new("L", (320, 240))).shape == (64, 85)
    assert reduced(Image.new("L", (40, 30))).shape == (30, 40)
    checks = Image.fromarray((np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8))
    np.testing.assert_allclose(reduced(checks), 127.5, atol=1)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_store_of_frames_is_scored(tmp_path: Path, form: str) -> None:
    levels = {"a": [0, 100, 100, 60], "one": [7], "long": [0, 50] * 70}
    store = write_frames_set(
        tmp_path / "frames", {id: [grey(v) for v in values] for id, values in levels.items()}, form
    )
    split = weak_split((), ("long", "one", "a"))
    METHODS["frame_difference"].score(score_inputs(store, split, FrameDifferenceSettings(), tmp_path / "run"))
    scores = read_scores(tmp_path / "run" / "scores.h5")
    assert list(scores) == ["long", "one", "a"]
    np.testing.assert_allclose(scores["a"], [100, 100, 0, 40], atol=2)
    np.testing.assert_array_equal(scores["one"], [0])
    np.testing.assert_allclose(scores["long"], 50, atol=2)
