"""VadCLIP's losses: the sum of `top_k_mil`, `mil_align` and a contrast between prompts."""

from torch import Tensor
from torch.nn import functional

from vadbench.methods.layers.mil import mil_align, top_k_mil
from vadbench.methods.vadclip.model import Output


def contrast_loss(texts: Tensor) -> Tensor:
    """Mean over abnormal classes of |cosine| between their prompt and that of `normal` (equation 10).

    texts: (1 + C, D) embeddings of the prompts before anything seen is added, `normal` first.
    """
    unit = functional.normalize(texts, dim=-1)
    return (unit[1:] @ unit[0]).abs().mean()


def total_loss(
    output: Output, texts: Tensor, targets: Tensor, lengths: Tensor, *, tau: float, contrast: float
) -> Tensor:
    """The three losses of a batch; the contrast is weighted.

    targets: (B, 1 + C), 1 for each class of a video; index 0 is `normal`. lengths: (B,) int64.
    """
    abnormal = 1 - targets[:, 0]
    coarse = top_k_mil(output.logits, abnormal, lengths)
    fine = mil_align(output.similarities, targets, lengths, tau)
    return coarse + fine + contrast * contrast_loss(texts)
