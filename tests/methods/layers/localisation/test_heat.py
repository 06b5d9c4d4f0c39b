"""Heat maps against plain loops, and against maps known by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vadbench.config import WindowScale
from vadbench.methods.layers.localisation.heat import (
    abnormal_shares,
    resized,
    scale_weights,
    token_averages,
)
from vadbench.models.window_tokens import window_places

Floats = NDArray[np.float32]


def equation_11(window: Floats, queries: Floats, abnormal: list[bool], tau: float) -> float:
    """As printed, with embeddings of unit length."""

    def weight(query: Floats) -> float:
        norms = math.sqrt(sum(x * x for x in window)) * math.sqrt(sum(q * q for q in query))
        return math.exp(sum(x * q for x, q in zip(window, query, strict=True)) / norms / tau)

    above = sum(weight(query) for query, is_abnormal in zip(queries, abnormal, strict=True) if is_abnormal)
    return above / sum(weight(query) for query in queries)


@pytest.mark.parametrize("tau", [0.01, 0.07, 1.0])
def test_equation_11_is_that_of_a_plain_loop(tau: float) -> None:
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(3, 4, 6)).astype(np.float32) * 9
    queries = rng.normal(size=(5, 6)).astype(np.float32)
    abnormal = [False, True, False, True, True]
    found = abnormal_shares(windows, queries, np.array(abnormal), tau)
    expected = [[equation_11(window, queries, abnormal, tau) for window in row] for row in windows]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_lengths_of_embeddings_do_not_matter_and_no_exponent_overflows() -> None:
    queries = np.eye(3, dtype=np.float32)
    abnormal = np.array([False, True, False])
    windows = np.array([[[0, 1, 0], [0, 100, 0], [1, 0, 0]]], np.float32)
    for factor in (1, 1000):
        shares = abnormal_shares(windows, queries * factor, abnormal, 1e-4)
        np.testing.assert_allclose(shares, [[1, 1, 0]], atol=1e-6)


def averaged_by_hand(heat: Floats, tokens: tuple[int, int], size: int, stride: int) -> Floats:
    """The mean over the windows (H, W) that cover each token."""
    result = np.zeros(tokens, np.float32)
    for y in range(tokens[0]):
        for x in range(tokens[1]):
            covering = [
                heat[row, column]
                for row in range(heat.shape[0])
                for column in range(heat.shape[1])
                if row * stride <= y < row * stride + size and column * stride <= x < column * stride + size
            ]
            result[y, x] = sum(covering) / len(covering)
    return result


@pytest.mark.parametrize(
    ("tokens", "size", "stride"),
    [((14, 14), 2, 2), ((14, 14), 5, 3), ((8, 8), 5, 3), ((4, 7), 4, 3), ((5, 3), 3, 1)],
)
def test_a_token_has_the_mean_of_the_windows_that_cover_it(
    tokens: tuple[int, int], size: int, stride: int
) -> None:
    scale = WindowScale(size, stride)
    averages = token_averages(window_places(tokens, scale), tokens[0] * tokens[1])
    grid = [(side - size) // stride + 1 for side in tokens]
    heat = np.random.default_rng(1).random(grid).astype(np.float32)
    found = (heat.ravel() @ averages).reshape(tokens)
    np.testing.assert_allclose(found, averaged_by_hand(heat, tokens, size, stride), rtol=1e-5)


def test_weights_of_scales() -> None:
    assert scale_weights(1, 0.3).tolist() == [1]
    assert scale_weights(2, 0.25).tolist() == [0.25, 0.75]
    np.testing.assert_allclose(scale_weights(3, 0.5), [0.5, 0.25, 0.25])


def test_two_cells_on_eight_pixels() -> None:
    # Centres of the cells lie between pixels 1 and 2, and between 5 and 6.
    expected = np.array([0, 0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1, 1])
    heat = np.array([[0, 1]], np.float32)
    np.testing.assert_allclose(resized(heat, 8, 3), np.tile(expected, (3, 1)), atol=1e-6)
    np.testing.assert_allclose(resized(heat.T, 3, 8), np.tile(expected, (3, 1)).T, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 30), st.integers(1, 30), st.integers(0, 9))
def test_resizing_is_that_of_torch(h: int, w: int, height: int, width: int, seed: int) -> None:
    import torch

    heat = np.random.default_rng(seed).random((h, w)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(heat)[None, None], (height, width), mode="bilinear", align_corners=False
    )[0, 0].numpy()
    np.testing.assert_allclose(resized(heat, width, height), expected, atol=1e-5)
