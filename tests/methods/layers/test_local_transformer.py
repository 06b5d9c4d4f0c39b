"""The local transformer against plain loops; windows; padding that is never seen."""

import math

import pytest
import torch
from torch.nn import functional

from vadbench.methods.layers.local_transformer import (
    Block,
    LocalTransformer,
    QuickGELU,
    SelfAttention,
    band_window,
    block_window,
)

WIDTH, TIME = 8, 11


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def bent(module: torch.nn.Module) -> torch.nn.Module:
    """Away from the initialisation, where biases are zero and layer norms do nothing."""
    with torch.no_grad():
        for number, value in enumerate(module.parameters()):
            value.add_(0.3 * drawn(*value.shape, seed=number))
    return module.eval().requires_grad_(False)


def loop_attention(attention: SelfAttention, rows: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """One video (T, D), row by row and head by head."""
    joined, size = attention.joined(rows), rows.shape[1] // attention.heads
    out = torch.zeros_like(rows)
    for head in range(attention.heads):
        q, k, v = (joined[:, n * WIDTH + head * size :][:, :size] for n in range(3))
        for i in range(len(rows)):
            others = [j for j in range(len(rows)) if seen[i, j]]
            powers = [math.exp(float(q[i] @ k[j]) / math.sqrt(size)) for j in others]
            for power, j in zip(powers, others, strict=True):
                out[i, head * size : (head + 1) * size] += power / sum(powers) * v[j]
    return attention.out(out)


def test_quick_gelu() -> None:
    values = torch.tensor([-2.0, 0.0, 0.5])
    expected = [v / (1 + math.exp(-1.702 * v)) for v in values.tolist()]
    torch.testing.assert_close(QuickGELU()(values), torch.tensor(expected))


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_is_the_loop(heads: int) -> None:
    attention = bent(SelfAttention(WIDTH, heads))
    rows = drawn(2, TIME, WIDTH)
    seen = drawn(2, TIME, TIME, seed=1) > 0
    seen |= torch.eye(TIME, dtype=torch.bool)
    result = attention(rows, seen)
    for video in range(2):
        torch.testing.assert_close(result[video], loop_attention(attention, rows[video], seen[video]))


def test_a_block_is_two_residuals_on_normalised_rows() -> None:
    block = bent(Block(WIDTH, 1))
    rows, seen = drawn(1, TIME, WIDTH), block_window(TIME, 4, TIME)[None]

    def norm(x: torch.Tensor, layer: torch.nn.LayerNorm) -> torch.Tensor:
        spread = (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        return spread * layer.weight + layer.bias

    x = rows + loop_attention(block.attention, norm(rows, block.before_attention)[0], seen[0])
    first, _, second = block.feed_forward
    hidden = functional.linear(norm(x, block.before_feed_forward), first.weight, first.bias)
    x = x + functional.linear(hidden * torch.sigmoid(1.702 * hidden), second.weight, second.bias)
    torch.testing.assert_close(block(rows, seen), x)


@pytest.mark.parametrize(
    ("rows", "window", "most"), [(11, 4, 11), (8, 4, 8), (3, 4, 3), (9, 4, 16), (7, 3, 8)]
)
def test_blocks_do_not_overlap_and_the_last_takes_the_rest(rows: int, window: int, most: int) -> None:
    """As the public code fills its mask, block by block over `most` rows."""
    expected = torch.zeros(most, most, dtype=torch.bool)
    for i in range(most // window):
        end = (i + 1) * window if (i + 2) * window <= most else most
        expected[i * window : end, i * window : end] = True
    if most < window:
        expected[:] = True
    assert torch.equal(block_window(rows, window, most), expected[:rows, :rows])


def test_bands_overlap() -> None:
    band = band_window(TIME, 4)
    for i in range(TIME):
        for j in range(TIME):
            assert bool(band[i, j]) == (abs(i - j) <= 2)
    assert not torch.equal(band, block_window(TIME, 4, TIME))


def test_padding_is_never_seen() -> None:
    local = bent(LocalTransformer(WIDTH, 2))
    rows, real = drawn(2, TIME, WIDTH), torch.arange(TIME) < torch.tensor([[6], [TIME]])
    window = block_window(TIME, 4, TIME)
    result = local(rows, window, real)
    assert result.isfinite().all()
    # Alone and without padding, and with other values behind its end.
    alone = local(rows[:1, :6], block_window(6, 4, TIME), real[:1, :6])
    torch.testing.assert_close(result[:1, :6], alone)
    rows[0, 6:] = 1e3
    torch.testing.assert_close(local(rows, window, real)[:, :6], result[:, :6])


def test_rows_see_their_own_window_only() -> None:
    local = bent(LocalTransformer(WIDTH, 2))
    rows = drawn(1, TIME, WIDTH)
    window, real = block_window(TIME, 4, TIME), torch.ones(1, TIME, dtype=torch.bool)
    before = local(rows, window, real)
    rows[0, 5] += drawn(WIDTH, seed=3)
    moved = (local(rows, window, real) - before).abs().amax(dim=(0, 2)) > 1e-4
    assert moved.tolist() == [t in range(4, 11) for t in range(TIME)]  # the last block takes 4 to 10


def test_gradients_reach_every_parameter() -> None:
    local = LocalTransformer(WIDTH, 2)
    out = local(drawn(1, TIME, WIDTH), block_window(TIME, 4, TIME), torch.ones(1, TIME, dtype=torch.bool))
    (out * drawn(1, TIME, WIDTH, seed=2)).sum().backward()
    for name, value in local.named_parameters():
        assert value.grad is not None, name
        assert value.grad.any(), name
