"""Multiple-instance losses against plain loops; padding that changes nothing."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.methods.layers.mil import mil_align, sixteenth, top_k_mean, top_k_mil

LENGTHS = torch.tensor([1, 7, 15, 16, 40])
LABELS = torch.tensor([0, 1, 0, 1, 1])


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def loop_mean(values: list[float], k: int) -> float:
    return sum(sorted(values, reverse=True)[:k]) / k


def test_k_is_a_sixteenth_and_one() -> None:
    lengths = [1, 2, 15, 16, 31, 32, 255, 256]
    assert sixteenth(torch.tensor(lengths)).tolist() == [1, 1, 1, 2, 2, 3, 16, 17]
    # "At most len" only matters for a length of 0, which no video has.
    assert sixteenth(torch.tensor([0])).tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 40), padding=st.integers(0, 9), data=st.data())
def test_the_mean_of_the_largest_is_the_loop(rows: int, padding: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, rows))
    values = drawn(2, rows + padding, 3, seed=rows)
    values[0, rows:] = 100  # padding larger than any value must not be picked
    lengths, ks = torch.tensor([rows, rows + padding]), torch.tensor([k, 1])
    result = top_k_mean(values, lengths, ks)
    for video in range(2):
        for c in range(3):
            real = values[video, : lengths[video], c].tolist()
            assert float(result[video, c]) == pytest.approx(
                loop_mean(real, int(ks[video])), rel=1e-5, abs=1e-6
            )
    torch.testing.assert_close(top_k_mean(values[..., 1], lengths, ks), result[:, 1])


def test_gradients_reach_the_largest_rows_alone() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0, 9.0]], requires_grad=True)
    top_k_mean(values, torch.tensor([3]), torch.tensor([2])).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[0.5, 0, 0.5, 0]]


def test_top_k_mil_is_the_loop() -> None:
    values = drawn(5, 40)
    total = 0.0
    for video, length in enumerate(LENGTHS.tolist()):
        rows = [1 / (1 + math.exp(-logit)) for logit in values[video, :length].tolist()]
        p = loop_mean(rows, length // 16 + 1)
        total -= math.log(p) if LABELS[video] else math.log(1 - p)
    assert float(top_k_mil(values, LABELS, LENGTHS)) == pytest.approx(total / 5, rel=1e-5)


def test_mil_align_is_the_loop() -> None:
    values = drawn(5, 40, 4)
    # Video 4 has two classes: half of it is expected of each.
    targets = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0]])
    total = 0.0
    for video, length in enumerate(LENGTHS.tolist()):
        s = [loop_mean(values[video, :length, c].tolist(), length // 16 + 1) / 0.07 for c in range(4)]
        peak = max(s)
        norm = peak + math.log(sum(math.exp(x - peak) for x in s))
        wanted = targets[video].tolist()
        total -= sum(y / sum(wanted) * (x - norm) for x, y in zip(s, wanted, strict=True))
    loss = mil_align(values, targets, LENGTHS, 0.07)
    assert float(loss) == pytest.approx(total / 5, rel=1e-5)
    assert float(mil_align(values / 0.07, targets, LENGTHS, 1.0)) == pytest.approx(total / 5, rel=1e-5)


def test_padding_changes_neither_loss_nor_gradient() -> None:
    values = drawn(5, 40, 4)
    targets = torch.eye(4)[[0, 1, 2, 3, 0]]
    for loss in (
        lambda v: mil_align(v, targets, LENGTHS, 0.07),
        lambda v: top_k_mil(v[..., 0], LABELS, LENGTHS),
    ):
        plain = values.clone().requires_grad_()
        wider = torch.cat([values, torch.full((5, 8, 4), 50.0)], dim=1)
        for video, length in enumerate(LENGTHS):
            wider[video, length:] = 50.0
        wider.requires_grad_()
        one, other = loss(plain), loss(wider)
        one.backward()
        other.backward()
        assert float(one.detach()) == float(other.detach())
        assert plain.grad is not None
        assert wider.grad is not None
        torch.testing.assert_close(wider.grad[:, :40], plain.grad, rtol=0, atol=0)
        assert not wider.grad[:, 40:].any()


def test_a_certain_network_can_still_learn() -> None:
    """Logits at which a sigmoid in float32 is exactly 0 or 1."""
    certain = torch.tensor([[200.0, 200.0], [-200.0, -200.0]], requires_grad=True)
    wrong = top_k_mil(certain, torch.tensor([0, 1]), torch.tensor([2, 2]))
    wrong.backward()
    assert float(wrong.detach()) == pytest.approx(200)
    assert certain.grad is not None
    # By how much the loss falls per video and logit: 1 / (2 videos), of the first alone of equal logits.
    assert certain.grad.tolist() == [[0.5, 0.0], [-0.5, 0.0]]
    assert float(top_k_mil(certain, torch.tensor([1, 0]), torch.tensor([2, 2])).detach()) == 0
