"""STPrompt's objective (section 3.2.4)."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from vadbench.config import StPromptSettings
from vadbench.methods.layers.mil import mil_align, top_k_mil
from vadbench.methods.stprompt.model import Output


def contrast_loss(texts: Tensor, reduction: Literal["mean", "sum"]) -> Tensor:
    """Eq. 9: the positive cosines between prompts. texts: (1 + C, D), at least two.

    "sum" is the printed one, over all pairs i, j. **Reading**, "mean": over i != j, for a prompt's cosine
    with itself is a constant, and so that the weight does not grow with the square of the classes' number.
    """
    unit = functional.normalize(texts, dim=-1)
    cosines = (unit @ unit.mT).relu()
    if reduction == "sum":
        return cosines.sum()
    different = ~torch.eye(len(texts), dtype=torch.bool, device=texts.device)
    return cosines[different].mean()


def total_loss(
    output: Output, texts: Tensor | None, targets: Tensor, lengths: Tensor, settings: StPromptSettings
) -> Tensor:
    """Eq. 10: L_class + alpha L_align + beta L_const; a branch that is switched off takes its losses along.

    targets: (B, 1 + C), 1 for each class of a video; index 0 is `normal`. lengths: (B,) int64.
    """
    losses = []
    if output.logits is not None:
        losses.append(top_k_mil(output.logits, 1 - targets[:, 0], lengths))
    if output.similarities is not None and texts is not None:
        losses.append(settings.alpha * mil_align(output.similarities, targets, lengths, settings.tau))
        losses.append(settings.beta * contrast_loss(texts, settings.const_reduction))
    return torch.stack(losses).sum()
