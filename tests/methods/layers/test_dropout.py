"""Dropout: the share dropped, the scale of what is kept, and nothing in evaluation."""

import pytest
import torch

from vadbench.methods.layers.dropout import Dropout


@pytest.mark.parametrize("p", [0.0, 0.1, 0.6])
def test_the_share_is_dropped_and_the_mean_stays(p: float) -> None:
    torch.manual_seed(0)
    values = Dropout(p)(torch.full((400, 1000), 2.0))
    assert (values == 0).float().mean().item() == pytest.approx(p, abs=0.003)
    torch.testing.assert_close(values[values != 0].unique(), torch.tensor([2 / (1 - p)]))


def test_evaluation_changes_nothing() -> None:
    values = torch.randn(5, 6)
    assert torch.equal(Dropout(0.6).eval()(values), values)


def test_gradients_reach_what_is_kept() -> None:
    torch.manual_seed(0)
    values = torch.randn(100, requires_grad=True)
    dropped = Dropout(0.5)(values)
    dropped.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad, (dropped != 0).float() * 2)
    assert not torch.equal(Dropout(0.5)(values), Dropout(0.5)(values))
