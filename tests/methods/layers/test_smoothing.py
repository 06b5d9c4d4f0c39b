"""Smoothing over time: against a plain loop, and what must not change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.methods.layers.smoothing import smoothed

Scores = st.lists(st.floats(-100, 100), min_size=1, max_size=40).map(np.array)


def scores(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def loop_smoothed(values: np.ndarray, sigma: float) -> list[float]:
    """Weights of a Gaussian up to four deviations; beyond the ends d c b a | a b c d | d c b a."""
    count, radius = len(values), int(4 * sigma + 0.5)
    found = []
    for place in range(count):
        total = weights = 0.0
        for offset in range(-radius, radius + 1):
            mirrored = (place + offset) % (2 * count)
            mirrored = min(mirrored, 2 * count - 1 - mirrored)
            weight = np.exp(-(offset**2) / (2 * sigma**2))
            total += weight * values[mirrored]
            weights += weight
        found.append(total / weights)
    return found


@pytest.mark.parametrize("count", [2, 5, 30])
@pytest.mark.parametrize("sigma", [0.7, 3.0, 9.5])
def test_it_is_the_loop(count: int, sigma: float) -> None:
    values = scores(count)
    np.testing.assert_allclose(smoothed(values, np.arange(count), sigma), loop_smoothed(values, sigma))


@pytest.mark.parametrize("stride", [2, 5])
def test_sigma_counts_source_frames_not_rows(stride: int) -> None:
    values = scores(40)
    found = smoothed(values, 7 + np.arange(40) * stride, 10.0)
    np.testing.assert_allclose(found, loop_smoothed(values, 10 / stride))


def test_uneven_rows_are_drawn_as_a_line_over_the_frames() -> None:
    frames = np.array([3, 4, 6, 11, 12, 30])
    values = scores(6)
    line = []
    for frame in range(3, 31):
        after = next(i for i in range(6) if frames[i] >= frame)
        if frames[after] == frame:
            line.append(values[after])
        else:
            share = (frame - frames[after - 1]) / (frames[after] - frames[after - 1])
            line.append(values[after - 1] * (1 - share) + values[after] * share)
    expected = np.array(loop_smoothed(np.array(line), 2.5))[frames - 3]
    np.testing.assert_allclose(smoothed(values, frames, 2.5), expected)


@pytest.mark.parametrize("count", [0, 1])
def test_what_has_no_neighbours_stays(count: int) -> None:
    values = scores(count)
    np.testing.assert_array_equal(smoothed(values, np.arange(count), 9.5), values)


def test_sigma_zero_changes_nothing() -> None:
    np.testing.assert_array_equal(smoothed(scores(20), np.arange(20), 0.0), scores(20))
    assert not np.allclose(smoothed(scores(20), np.arange(20), 0.5), scores(20))


def test_the_default_is_as_wide_as_six_passes_one_after_another() -> None:
    """Variances of Gaussians add up: 1 + 4 + 9 + 16 + 25 + 36 = 91."""
    impulse = np.zeros(201)
    impulse[100] = 1
    cascade = impulse
    for sigma in range(1, 7):
        cascade = smoothed(cascade, np.arange(201), sigma)
    np.testing.assert_allclose(smoothed(impulse, np.arange(201), 9.5), cascade, atol=2e-4)
    assert np.sum(cascade * (np.arange(201) - 100) ** 2) == pytest.approx(9.5**2, rel=0.02)


@settings(max_examples=60)
@given(values=Scores, sigma=st.floats(0.1, 30), stride=st.integers(1, 9))
def test_a_mean_of_what_is_there(values: np.ndarray, sigma: float, stride: int) -> None:
    frames = np.arange(len(values)) * stride
    found = smoothed(values, frames, sigma)
    assert values.min() - 1e-9 <= found.min()
    assert found.max() <= values.max() + 1e-9
    # Mirrored ends: what leaves on one side comes back.
    assert found.sum() == pytest.approx(values.sum(), abs=1e-6)
    np.testing.assert_allclose(smoothed(values[::-1], frames, sigma), found[::-1], atol=1e-9)
    np.testing.assert_allclose(smoothed(2 * values + 1, frames, sigma), 2 * found + 1, atol=1e-9)
