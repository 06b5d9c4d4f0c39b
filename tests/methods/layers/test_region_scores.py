"""From scores of regions to scores of frames, row by row as a plain loop does it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_clip_set
from feature_sets import write_histograms_set as write
from vadbench.config import MotionMagnitudeSettings, RegionKnnSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers import regions
from vadbench.methods.layers.regions import (
    frame_scores,
    histograms,
    lowest_frame_score,
    training_histograms,
    write_region_scores,
)

Video = list[np.ndarray]


def video(*counts: int, seed: int = 0) -> Video:
    draw = np.random.default_rng(seed)
    return [draw.random((count, 8)).astype(np.float32) for count in counts]


def weighted(rows: np.ndarray) -> np.ndarray:
    """A score in which every bin counts differently, and that may be negative."""
    return rows @ np.arange(-3, 5)


def loop_scores(rows: Video, without: float) -> list[float]:
    return [max((float(weighted(region)) for region in row), default=without) for row in rows]


def test_a_frame_takes_its_highest_region(tmp_path: Path) -> None:
    videos = {"a": video(2, 0, 3, 1), "b": video(0, 0, 4, 0), "none": video(0, 0), "rowless": []}
    store = write(tmp_path, videos)
    for name, rows in videos.items():
        found = frame_scores(store, name, weighted, without=-99.0)
        np.testing.assert_allclose(found, loop_scores(rows, -99.0), rtol=1e-6)
        np.testing.assert_array_equal(histograms(store, name), np.concatenate([np.zeros((0, 8)), *rows]))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(0, 4), max_size=12), piece=st.integers(1, 5))
def test_pieces_of_any_length_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, counts: list[int], piece: int
) -> None:
    monkeypatch.setattr(regions, "_ROWS_PER_READ", piece)
    rows = video(*counts)
    seen: list[int] = []

    def watched(given: np.ndarray) -> np.ndarray:
        seen.append(len(given))
        return weighted(given)

    store = write(tmp_path_factory.mktemp("set"), {"a": rows})
    found = frame_scores(store, "a", watched, without=1.0)
    np.testing.assert_allclose(found, loop_scores(rows, 1.0), rtol=1e-6)
    np.testing.assert_array_equal(histograms(store, "a"), np.concatenate([np.zeros((0, 8)), *rows]))
    # No more than a piece is in memory at once, and what is empty is not scored.
    assert max(seen, default=0) <= 4 * piece
    assert 0 not in seen


def test_the_order_of_regions_and_other_rows_do_not_matter(tmp_path: Path) -> None:
    rows = video(3, 1, 0, 5)
    turned = write(tmp_path / "turned", {"a": [row[::-1] for row in rows]})
    alone = write(tmp_path / "alone", {"a": rows[3:]})
    whole = frame_scores(write(tmp_path / "whole", {"a": rows}), "a", weighted, without=0.0)
    np.testing.assert_allclose(frame_scores(turned, "a", weighted, without=0.0), whole, rtol=1e-6)
    np.testing.assert_allclose(frame_scores(alone, "a", weighted, without=0.0), whole[3:], rtol=1e-6)


def test_the_lowest_score_is_that_of_a_frame_not_of_a_region(tmp_path: Path) -> None:
    rows = [np.zeros((2, 8), np.float32) for _ in range(3)]
    rows[0][:, 0], rows[1][:, 0], rows[2][:, 0] = (1, 7), (2, 5), (3, 8)
    store = write(tmp_path, {"a": rows, "empty": video(0, 0), "b": video(0, 2)})
    first = regions.lowest_frame_score(store, ["a", "empty"], lambda given: given[:, 0])
    assert first == 5
    assert lowest_frame_score(store, ["a", "b"], lambda given: given[:, 0]) < 1


def test_training_regions_are_those_of_normal_videos_in_the_splits_order(tmp_path: Path) -> None:
    videos = {"c": video(2), "abnormal-0": video(3), "a": video(1, 0, 4), "empty": video(0)}
    store = write(tmp_path, videos, parts=2, skipped={"broken": "no frame"})
    split = weak_split(("empty", "a", "broken", "abnormal-0", "c"))
    found = training_histograms(train_inputs(store, split, RegionKnnSettings(), tmp_path))
    assert list(found) == ["empty", "a", "c"]
    for name, rows in found.items():
        np.testing.assert_array_equal(rows, np.concatenate(videos[name]))


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (("abnormal-0",), "region_knn: the split has no normal training video with features"),
        (
            ("empty", "none"),
            "region_knn: no region was found in the 2 normal training videos; lower the conf",
        ),
    ],
)
def test_training_without_regions_says_what_to_do(
    tmp_path: Path, train: tuple[str, ...], message: str
) -> None:
    store = write(tmp_path, {"abnormal-0": video(3), "empty": video(0, 0), "none": video(0)})
    with pytest.raises(VadbenchError, match=message) as error:
        training_histograms(train_inputs(store, weak_split(train), RegionKnnSettings(), tmp_path))
    assert "\n" not in str(error.value)


def test_scores_are_smoothed_in_source_frames_as_the_settings_say(tmp_path: Path) -> None:
    rows = [np.full((1, 8), value, np.float32) for value in (0, 0, 8, 0, 0, 0)] + video(0)
    store = write(tmp_path / "set", {"a": rows, "one": rows[2:3]}, stride=4)
    split = weak_split((), ("a", "one"))
    found = {}
    for sigma in (0.0, 4.0):
        inputs = score_inputs(store, split, MotionMagnitudeSettings(smooth_sigma=sigma), tmp_path)
        write_region_scores(inputs, lambda given: given[:, 0], without=0.5)
        found[sigma] = read_scores(inputs.out)
        inputs.out.unlink()
    np.testing.assert_array_equal(found[0.0]["a"], [0, 0, 8, 0, 0, 0, 0.5])
    kernel = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    assert found[4.0]["a"][2] == pytest.approx(8 / kernel.sum(), rel=1e-3)
    assert found[4.0]["a"][1] == pytest.approx(8 / kernel.sum() * np.exp(-0.5), rel=1e-2)
    assert found[0.0]["one"] == found[4.0]["one"] == 8


def test_a_set_without_histograms_is_refused(tmp_path: Path) -> None:
    store = write_clip_set(tmp_path, {"a": np.zeros((3, 4))})
    with pytest.raises(VadbenchError, match="no 'regions'; it holds"):
        histograms(store, "a")
