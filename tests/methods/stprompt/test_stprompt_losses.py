"""Equations 6 to 10 against loops written from the paper."""

import math

import pytest
import torch
from torch import Tensor

from vadbench.config import StPromptSettings
from vadbench.methods.stprompt.losses import contrast_loss, total_loss
from vadbench.methods.stprompt.model import Output

LENGTHS = torch.tensor([1, 16, 40, 31])
CLASSES = 4


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


TEXTS = drawn(CLASSES, 5)
LOGITS = drawn(4, 40, seed=1)
SIMILARITIES = drawn(4, 40, CLASSES, seed=2).tanh()
# The third video shows two classes.
TARGETS = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]], dtype=torch.float64)


def cosine(one: list[float], other: list[float]) -> float:
    norms = math.sqrt(sum(a * a for a in one)) * math.sqrt(sum(b * b for b in other))
    return sum(a * b for a, b in zip(one, other, strict=True)) / norms


def loop_contrast(texts: list[list[float]], *, diagonal: bool) -> list[float]:
    """The terms of equation 9."""
    return [
        max(0.0, cosine(texts[i], texts[j]))
        for i in range(len(texts))
        for j in range(len(texts))
        if diagonal or i != j
    ]


def best(values: list[float]) -> float:
    """Mean of the k largest, k = floor(T / 16) + 1, at most T."""
    k = min(len(values) // 16 + 1, len(values))
    return sum(sorted(values, reverse=True)[:k]) / k


def loop_class() -> float:
    """Equation 6, mean over videos."""
    losses = []
    for video, length in enumerate(LENGTHS.tolist()):
        p = best(LOGITS[video, :length].sigmoid().tolist())
        losses.append(-math.log(1 - p) if TARGETS[video, 0] else -math.log(p))
    return sum(losses) / len(losses)


def loop_align(tau: float) -> float:
    """Equations 7 and 8, mean over videos."""
    losses = []
    for video, length in enumerate(LENGTHS.tolist()):
        s = [best(SIMILARITIES[video, :length, c].tolist()) for c in range(CLASSES)]
        powers = [math.exp(each / tau) for each in s]
        y = [each / sum(TARGETS[video].tolist()) for each in TARGETS[video].tolist()]
        losses.append(-sum(y[c] * math.log(powers[c] / sum(powers)) for c in range(CLASSES)))
    return sum(losses) / len(losses)


def test_contrast_is_the_loop() -> None:
    terms = loop_contrast(TEXTS.tolist(), diagonal=False)
    assert any(terms)
    assert not all(terms)
    assert float(contrast_loss(TEXTS, "mean")) == pytest.approx(sum(terms) / (CLASSES * (CLASSES - 1)))
    printed = loop_contrast(TEXTS.tolist(), diagonal=True)
    assert float(contrast_loss(TEXTS, "sum")) == pytest.approx(sum(printed))
    assert float(contrast_loss(TEXTS, "sum")) == pytest.approx(sum(terms) + CLASSES)


def test_contrast_knows_of_directions_alone() -> None:
    assert float(contrast_loss(torch.eye(3), "mean")) == 0
    assert float(contrast_loss(torch.ones(3, 4), "mean")) == pytest.approx(1)
    scaled = TEXTS * torch.tensor([[1.0], [20.0], [0.1], [3.0]])
    for reduction in ("mean", "sum"):
        assert float(contrast_loss(scaled, reduction)) == pytest.approx(
            float(contrast_loss(TEXTS, reduction))
        )


def test_the_published_weight_is_182_times_ours_for_14_classes() -> None:
    texts = drawn(14, 8)
    ratio = (contrast_loss(texts, "sum") - 14) / contrast_loss(texts, "mean")
    assert float(ratio) == pytest.approx(182)


def test_contrast_pushes_all_prompts_apart() -> None:
    texts = torch.tensor([[1.0, 0.2], [1.0, -0.2], [0.9, 0.1]], requires_grad=True)
    contrast_loss(texts, "mean").backward()
    assert texts.grad is not None
    assert (texts.grad.abs().amax(dim=1) > 0).all()


@pytest.mark.parametrize("weights", [{}, {"alpha": 0.3, "beta": 5.0, "tau": 0.5}, {"const_reduction": "sum"}])
def test_the_objective_is_the_loop(weights: dict[str, object]) -> None:
    """Equation 10."""
    settings = StPromptSettings(**weights)
    terms = loop_contrast(TEXTS.tolist(), diagonal=settings.const_reduction == "sum")
    contrast = sum(terms) if settings.const_reduction == "sum" else sum(terms) / len(terms)
    expected = loop_class() + settings.alpha * loop_align(settings.tau) + settings.beta * contrast
    output = Output(LOGITS, SIMILARITIES)
    assert float(total_loss(output, TEXTS, TARGETS, LENGTHS, settings)) == pytest.approx(expected)


def test_a_branch_takes_its_losses_along() -> None:
    settings = StPromptSettings(a_branch=False, score="c_branch")
    alone = total_loss(Output(LOGITS, None), None, TARGETS, LENGTHS, settings)
    assert float(alone) == pytest.approx(loop_class())
    settings = StPromptSettings(c_branch=False)
    alone = total_loss(Output(None, SIMILARITIES), TEXTS, TARGETS, LENGTHS, settings)
    terms = loop_contrast(TEXTS.tolist(), diagonal=False)
    assert float(alone) == pytest.approx(0.9 * loop_align(0.07) + 2 * sum(terms) / len(terms))


def test_rows_behind_the_end_do_not_count() -> None:
    settings = StPromptSettings()
    plain = total_loss(Output(LOGITS, SIMILARITIES), TEXTS, TARGETS, LENGTHS, settings)
    logits, similarities = LOGITS.clone(), SIMILARITIES.clone()
    for video, length in enumerate(LENGTHS.tolist()):
        logits[video, length:], similarities[video, length:] = 9, 1
    assert float(total_loss(Output(logits, similarities), TEXTS, TARGETS, LENGTHS, settings)) == float(plain)
