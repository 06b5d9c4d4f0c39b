"""Rows of training videos: samples of them, and standardisation by them."""

import numpy as np
import pytest

from vadbench.methods.layers.rows import sampled_rows, standardisation, standardised

VIDEOS = {
    name: np.arange(count)[:, None] + offset
    for name, count, offset in (("a", 5, 0), ("empty", 0, 0), ("b", 20, 100), ("c", 75, 200))
}
COUNTS = {name: len(rows) for name, rows in VIDEOS.items()}


def test_few_rows_are_all_taken_in_order() -> None:
    rows = sampled_rows(COUNTS, VIDEOS.__getitem__, most=100, seed=0)
    np.testing.assert_array_equal(rows, np.concatenate(list(VIDEOS.values())))


def test_of_many_rows_as_many_as_allowed_are_drawn_once_each() -> None:
    rows = sampled_rows(COUNTS, VIDEOS.__getitem__, most=40, seed=0)[:, 0]
    assert len(np.unique(rows)) == len(rows) == 40
    assert set(rows) <= set(np.concatenate(list(VIDEOS.values()))[:, 0])
    np.testing.assert_array_equal(rows, sampled_rows(COUNTS, VIDEOS.__getitem__, most=40, seed=0)[:, 0])
    assert not np.array_equal(rows, sampled_rows(COUNTS, VIDEOS.__getitem__, most=40, seed=1)[:, 0])


def test_each_row_is_as_likely_as_another() -> None:
    drawn = np.concatenate(
        [sampled_rows(COUNTS, VIDEOS.__getitem__, most=40, seed=s)[:, 0] for s in range(60)]
    )
    counts = [np.sum(drawn == row) for rows in VIDEOS.values() for row in rows[:, 0]]
    assert np.mean(counts) == pytest.approx(24)
    assert min(counts) > 9
    assert max(counts) < 40


def test_standardised_rows_have_mean_zero_and_deviation_one() -> None:
    rows = np.random.default_rng(0).normal(3, 5, size=(50, 4))
    rows[:, 2] = 7
    done = standardised(rows, standardisation(rows))
    np.testing.assert_allclose(done.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(done.std(axis=0), [1, 1, 0, 1], atol=1e-12)
