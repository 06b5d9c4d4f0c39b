"""Length fitting: against plain loops, and padding that changes nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadbench.methods.layers.lengths import bin_means, fitted, normalised, padded, picked_rows, scored


def video(rows: int, width: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


@given(rows=st.integers(1, 600), bins=st.integers(1, 300))
def test_bin_means_are_the_loop_of_the_public_code(rows: int, bins: int) -> None:
    x = video(rows)
    edges = np.linspace(0, rows, bins + 1, dtype=int)
    expected = [
        x[edges[i] : edges[i + 1]].mean(axis=0) if edges[i] != edges[i + 1] else x[edges[i]]
        for i in range(bins)
    ]
    np.testing.assert_allclose(bin_means(x, bins), expected, rtol=1e-5, atol=1e-6)


def test_bins_of_a_known_video() -> None:
    x = np.arange(5, dtype=np.float32)[:, None]
    # Edges int(linspace(0, 5, 4)) = 0, 1, 3, 5.
    np.testing.assert_array_equal(bin_means(x, 3)[:, 0], [0.0, 1.5, 3.5])
    # Edges 0, 0, 1, 2: the first bin is empty and takes its left row.
    np.testing.assert_array_equal(bin_means(x[:2], 3)[:, 0], [0.0, 0.0, 1.0])


def test_picked_rows_reach_both_ends() -> None:
    x = np.arange(11, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(picked_rows(x, 4)[:, 0], [0, 3, 6, 10])


@pytest.mark.parametrize("resample", ["mean", "pick"])
def test_only_longer_videos_are_reduced(resample: str) -> None:
    for rows in (1, 7, 255, 256):
        np.testing.assert_array_equal(fitted(video(rows), 256, resample), video(rows))
    assert fitted(video(257), 256, resample).shape == (256, 3)


def test_the_two_ways_of_reducing_differ() -> None:
    np.testing.assert_array_equal(fitted(video(600), 256, "mean"), bin_means(video(600), 256))
    np.testing.assert_array_equal(fitted(video(600), 256, "pick"), picked_rows(video(600), 256))
    assert not np.allclose(fitted(video(600), 256, "mean"), fitted(video(600), 256, "pick"))


def test_padding_is_behind_zero_and_masked() -> None:
    batch, mask = padded([video(2), video(4, seed=1)], 5)
    np.testing.assert_array_equal(mask, [[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]])
    np.testing.assert_array_equal(batch[0, :2], video(2))
    np.testing.assert_array_equal(batch[1, :4], video(4, seed=1))
    assert not batch[~mask].any()


def test_normalised_rows_have_length_one_and_zeros_stay() -> None:
    x = np.array([[3, 4], [0, 0], [1e-4, 0]], np.float32)
    np.testing.assert_allclose(normalised(x), [[0.6, 0.8], [0, 0], [1, 0]], rtol=1e-6)


def masked_mean_difference(rows: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A score that depends on all real rows of a piece, as an attention would."""
    real = mask[..., None]
    mean = (rows * real).sum(axis=1, keepdims=True) / real.sum(axis=1, keepdims=True)
    return (rows - mean).sum(axis=-1).astype(np.float32)


@given(rows=st.integers(1, 40), length=st.integers(1, 20))
def test_chunks_are_scored_piece_by_piece(rows: int, length: int) -> None:
    x = video(rows)
    expected = np.concatenate(
        [
            (x[start : start + length] - x[start : start + length].mean(axis=0)).sum(axis=1)
            for start in range(0, rows, length)
        ]
    )
    result = scored(x, masked_mean_difference, mode="chunk", max_length=length)
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_whole_scores_the_video_at_once() -> None:
    x = video(11)
    result = scored(x, masked_mean_difference, mode="whole", max_length=4)
    np.testing.assert_allclose(result, (x - x.mean(axis=0)).sum(axis=1), atol=1e-5)


def test_a_multiple_of_the_length_makes_no_empty_piece() -> None:
    seen = []

    def forward(rows: np.ndarray, mask: np.ndarray) -> np.ndarray:
        seen.append(int(mask.sum()))
        return rows[..., 0]

    scored(video(8), forward, mode="chunk", max_length=4)
    assert seen == [4, 4]
    assert scored(video(0), forward, mode="chunk", max_length=4).shape == (0,)
