"""VadCLIP's losses against a plain loop."""

import math

import pytest
import torch

from vadbench.methods.vadclip.losses import contrast_loss, total_loss
from vadbench.methods.vadclip.model import Output


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


TEXTS = drawn(4, 5, seed=7)


def loop_contrast(texts: torch.Tensor) -> float:
    total = 0.0
    for j in range(1, len(texts)):
        norms = float(texts[0].norm() * texts[j].norm())
        total += abs(float(texts[0] @ texts[j])) / norms
    return total / (len(texts) - 1)


def test_the_contrast_is_the_loop() -> None:
    cosines = torch.cosine_similarity(TEXTS[0], TEXTS[1:])
    assert cosines.min() < -0.1  # else the absolute value would not show
    assert cosines.max() > 0.1
    assert float(contrast_loss(TEXTS)) == pytest.approx(loop_contrast(TEXTS), rel=1e-5)
    # Abnormal classes may be alike; only `normal` is kept apart.
    assert float(contrast_loss(torch.tensor([[1.0, 0], [0, 1], [0, 2]]))) == 0


def test_the_total_is_the_loop() -> None:
    lengths = [1, 9, 20]
    logits, cosines = drawn(3, 20), drawn(3, 20, 4, seed=1).tanh()
    targets = torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
    coarse = fine = 0.0
    for video, length in enumerate(lengths):
        k = int(length / 16 + 1)
        row = sorted(logits[video, :length].sigmoid().tolist(), reverse=True)[:k]
        p = sum(row) / k
        coarse -= math.log(1 - p) if video == 0 else math.log(p)
        s = [sum(sorted(cosines[video, :length, c].tolist())[-k:]) / k / 0.07 for c in range(4)]
        norm = math.log(sum(math.exp(x) for x in s))
        wanted = targets[video] / targets[video].sum()
        fine -= sum(float(y) * (x - norm) for x, y in zip(s, wanted, strict=True))
    expected = coarse / 3 + fine / 3 + 0.3 * loop_contrast(TEXTS)
    loss = total_loss(Output(logits, cosines), TEXTS, targets, torch.tensor(lengths), tau=0.07, contrast=0.3)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_each_loss_reaches_what_it_judges() -> None:
    logits, cosines, texts = (drawn(2, 6), drawn(2, 6, 4, seed=1), TEXTS.clone())
    for value in (logits, cosines, texts):
        value.requires_grad_()
    targets = torch.eye(4)[[0, 2]]
    total_loss(
        Output(logits, cosines), texts, targets, torch.tensor([6, 4]), tau=0.07, contrast=0.1
    ).backward()
    for value in (logits, cosines, texts):
        assert value.grad is not None
        assert value.grad.any()
