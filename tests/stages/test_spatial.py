"""Motion map and aggregates against loops written from Eq. 1 to 3 of STPrompt."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vadbench.stages.spatial import motion_map, spatial_aggregates, with_neighbours


def _motion(x: NDArray[np.float32]) -> list[list[float]]:
    """Mo of windows (T, n, D): the norm over D of 2 x[i] - x[i-1] - x[i+1], the edge rows repeated."""
    rows, windows, width = x.shape
    return [
        [
            math.sqrt(
                sum(
                    (
                        2 * float(x[i, j, d])
                        - float(x[max(i - 1, 0), j, d])
                        - float(x[min(i + 1, rows - 1), j, d])
                    )
                    ** 2
                    for d in range(width)
                )
            )
            for j in range(windows)
        ]
        for i in range(rows)
    ]


def _weighted(x: NDArray[np.float32], motion: list[float], chosen: list[int]) -> list[float]:
    """Softmax over the chosen windows of one row, then the weighted sum of these."""
    exponentials = [math.exp(motion[j] - max(motion)) for j in chosen]
    total = sum(exponentials)
    return [
        sum(e / total * float(x[j, d]) for j, e in zip(chosen, exponentials, strict=True))
        for d in range(x.shape[1])
    ]


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=50, deadline=None)
def test_equations_one_to_three(rows: int, windows: int, width: int, seed: int, data: st.DataObject) -> None:
    top = data.draw(st.integers(1, windows))
    x = np.random.default_rng(seed).normal(size=(rows, windows, width)).astype(np.float32)
    motion = _motion(x)
    for i, (before, own, after) in enumerate(with_neighbours(iter(x))):
        ours = motion_map(before, own, after)
        assert np.allclose(ours, motion[i], rtol=1e-5, atol=1e-6)
        # Chosen by our motion: the loop's may order two windows of one row of a static scene another way.
        ranked = sorted(range(windows), key=lambda j, ours=ours: (-ours[j], j))  # type: ignore[misc]
        everyone, chosen = list(range(windows)), ranked[:top]
        mean = {
            "average": [sum(float(own[j, d]) for j in everyone) / windows for d in range(width)],
            "selection_average": [sum(float(own[j, d]) for j in chosen) / top for d in range(width)],
        }
        attended = {
            "attention": _weighted(own, motion[i], everyone),
            "selection_attention": _weighted(own, motion[i], chosen),
        }
        found = spatial_aggregates(own, ours, top)
        assert set(found) == {*mean, *attended}
        for name, expected in {**mean, **attended}.items():
            assert np.allclose(found[name], expected, rtol=1e-4, atol=1e-5), name


def test_neighbours_at_the_ends_are_the_row_itself() -> None:
    assert list(with_neighbours(iter([]))) == []
    assert list(with_neighbours(iter([7]))) == [(7, 7, 7)]
    assert list(with_neighbours(iter([1, 2]))) == [(1, 1, 2), (1, 2, 2)]
    assert list(with_neighbours(iter([1, 2, 3, 4]))) == [(1, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 4)]


def test_only_one_row_ahead_is_asked_for() -> None:
    asked = []

    def rows() -> Iterator[int]:
        for number in range(5):
            asked.append(number)
            yield number

    next(with_neighbours(rows()))
    assert asked == [0, 1]


def test_a_still_scene_has_no_motion_and_equal_weights() -> None:
    windows = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    motion = motion_map(windows, windows, windows)
    assert not motion.any()
    aggregates = spatial_aggregates(windows, motion, 2)
    assert np.allclose(aggregates["attention"], windows.mean(0), atol=1e-6)
    # Of equal ones the first.
    assert np.allclose(aggregates["selection_attention"], windows[:2].mean(0), atol=1e-6)


def test_what_moves_is_what_is_seen() -> None:
    windows = np.eye(4, dtype=np.float32)
    moved = windows.copy()
    moved[2] *= 40
    motion = motion_map(windows, moved, windows)
    assert motion.tolist() == [0, 0, 78, 0]
    aggregates = spatial_aggregates(moved, motion, 1)
    for name in ("attention", "selection_average", "selection_attention"):
        assert aggregates[name] == pytest.approx([0, 0, 40, 0])
    assert aggregates["average"] == pytest.approx([0.25, 0.25, 10, 0.25])


def test_steady_change_is_no_motion_within_a_video() -> None:
    """The second difference: what changes at one rate has none, but at the ends."""
    x = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((1, 2, 4), np.float32)
    maps = [motion_map(*rows).tolist() for rows in with_neighbours(iter(x))]
    assert maps == [[2, 2], [0, 0], [0, 0], [2, 2]]


def test_large_motion_does_not_overflow() -> None:
    windows = np.ones((3, 2), np.float32)
    aggregates = spatial_aggregates(windows, np.array([5000, 1, 4000], np.float32), 2)
    assert np.allclose(aggregates["selection_attention"], 1)
