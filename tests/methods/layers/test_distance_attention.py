"""Distance attention against a plain loop."""

import math

import pytest
import torch

from vadbench.methods.layers.distance_attention import distance_attention

LENGTHS = torch.tensor([1, 5, 9])


def loop(length: int, rows: int, sigma: float) -> list[list[float]]:
    result = [[0.0] * rows for _ in range(rows)]
    for i in range(length):
        powers = [math.exp(-abs(i - j) / sigma) for j in range(length)]
        for j in range(length):
            result[i][j] = powers[j] / sum(powers)
    return result


@pytest.mark.parametrize("sigma", [0.5, math.e, 10.0])
def test_it_is_the_loop(sigma: float) -> None:
    expected = torch.tensor([loop(int(length), 9, sigma) for length in LENGTHS])
    torch.testing.assert_close(distance_attention(LENGTHS, 9, sigma), expected)


def test_padding_changes_nothing_and_is_zero() -> None:
    short, long = distance_attention(LENGTHS, 9, 2.0), distance_attention(LENGTHS, 14, 2.0)
    torch.testing.assert_close(long[:, :9, :9], short, rtol=0, atol=0)
    assert not long[:, 9:].any()
    assert not long[:, :, 9:].any()


def test_rows_sum_to_one_and_a_small_sigma_is_the_identity() -> None:
    weights = distance_attention(LENGTHS, 9, math.e)
    for video, length in enumerate(LENGTHS):
        torch.testing.assert_close(weights[video, :length].sum(dim=1), torch.ones(int(length)))
    assert torch.equal(distance_attention(LENGTHS[2:], 9, 0.005)[0], torch.eye(9))


def test_the_widths_of_method_facts() -> None:
    """Weight of a row itself, of its neighbour, and the effective number of rows, for an inner row."""
    for sigma, own, beside, effective in (
        (1.0, 0.46, 0.17, 3.6),
        (math.e, 0.18, 0.13, 10.6),
        (5, 0.10, 0.08, 19.9),
    ):
        row = distance_attention(torch.tensor([257]), 257, sigma)[0, 128]
        assert float(row[128]) == pytest.approx(own, abs=0.006)
        assert float(row[129]) == pytest.approx(beside, abs=0.006)
        assert float(1 / row.square().sum()) == pytest.approx(effective, rel=0.02)
