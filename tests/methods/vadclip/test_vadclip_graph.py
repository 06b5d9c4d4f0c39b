"""VadCLIP's graphs against plain loops written from its public form."""

import math

import pytest
import torch

from vadbench.methods.vadclip.graph import (
    GraphLayer,
    GraphStream,
    exponential_adjacency,
    similarity_adjacency,
)

LENGTHS, TIME, WIDTH = (3, 9, 6), 9, 6
REAL = torch.arange(TIME) < torch.tensor(LENGTHS)[:, None]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def alike(seed: int = 0) -> torch.Tensor:
    """Videos (3, T, D) whose cosines lie on either side of 0.7."""
    return drawn(3, 1, WIDTH, seed=9) + 0.6 * drawn(3, TIME, WIDTH, seed=seed)


def test_similar_rows_are_the_loop() -> None:
    rows = alike()
    expected = torch.zeros(3, TIME, TIME)
    cut = kept = 0
    for video, length in enumerate(LENGTHS):
        for i in range(length):
            values = []
            for j in range(length):
                a, b = rows[video, i], rows[video, j]
                cosine = float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))
                kept, cut = kept + (0.7 < cosine < 0.999), cut + (0.1 < cosine <= 0.7)
                values.append(cosine if cosine > 0.7 else 0.0)
            total = sum(math.exp(value) for value in values)
            for j, value in enumerate(values):
                expected[video, i, j] = math.exp(value) / total
    assert kept > 5
    assert cut > 5
    torch.testing.assert_close(similarity_adjacency(rows, REAL), expected)


def test_a_cosine_of_the_least_similarity_counts_as_none() -> None:
    rows = torch.tensor([[[1.0, 0.0], [0.7, math.sqrt(1 - 0.49)], [0.8, 0.6]]])
    weights = similarity_adjacency(rows, torch.ones(1, 3, dtype=torch.bool))[0, 0]
    assert float(weights[2] / weights[0]) == pytest.approx(math.exp(0.8 - 1), rel=1e-5)
    assert float(weights[1] / weights[0]) < math.exp(0.7 - 1) * 0.9
    assert float(weights[1] / weights[0]) == pytest.approx(math.exp(-1), rel=1e-4)


def test_near_rows_are_the_loop_and_are_not_brought_to_sum_one() -> None:
    result = exponential_adjacency(REAL)
    for video, length in enumerate(LENGTHS):
        for i in range(TIME):
            for j in range(TIME):
                real = i < length and j < length
                expected = math.exp(-abs(i - j) / math.e) if real else 0.0
                assert float(result[video, i, j]) == pytest.approx(expected, rel=1e-5)
    whole = exponential_adjacency(torch.ones(1, 101, dtype=torch.bool))[0].sum(dim=1)
    assert float(whole[50]) == pytest.approx(5.50, abs=0.01)
    assert float(whole[0]) == pytest.approx(3.25, abs=0.01)


@pytest.mark.parametrize("out", [WIDTH, WIDTH // 2])
def test_a_layer_is_the_loop(out: int) -> None:
    torch.manual_seed(0)
    layer = GraphLayer(WIDTH, out).requires_grad_(False)
    rows, adjacency = drawn(1, TIME, WIDTH), drawn(1, TIME, TIME, seed=1)
    result = layer(rows, adjacency)
    weight = layer.weight.weight
    for i in range(TIME):
        value = sum(adjacency[0, i, j] * (weight @ rows[0, j]) for j in range(TIME))
        if out == WIDTH:
            value = value + rows[0, i]
        else:
            kernel, bias = layer.residual.weight, layer.residual.bias
            value = value + bias
            for offset in range(-2, 3):
                if 0 <= i + offset < TIME:
                    value = value + kernel[:, :, offset + 2] @ rows[0, i + offset]
        torch.testing.assert_close(result[0, i], value * torch.sigmoid(1.702 * value), rtol=1e-4, atol=1e-5)
    assert layer.weight.bias is None


def test_a_stream_is_two_layers_of_half_the_width() -> None:
    stream = GraphStream(WIDTH).requires_grad_(False)
    rows, adjacency = drawn(2, TIME, WIDTH), drawn(2, TIME, TIME, seed=1).softmax(dim=-1)
    assert stream(rows, adjacency).shape == (2, TIME, WIDTH // 2)
    torch.testing.assert_close(
        stream(rows, adjacency), stream.second(stream.first(rows, adjacency), adjacency)
    )
    assert isinstance(stream.first.residual, torch.nn.Conv1d)
    assert isinstance(stream.second.residual, torch.nn.Identity)


def test_gradients_reach_rows_through_their_similarity() -> None:
    rows = alike().requires_grad_()
    (similarity_adjacency(rows, REAL) * drawn(3, TIME, TIME, seed=4)).sum().backward()
    assert rows.grad is not None
    assert rows.grad[REAL].abs().sum() > 0
    assert not rows.grad[~REAL].any()
