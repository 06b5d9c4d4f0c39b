"""Multiple-instance losses: a video is judged by its k most telling rows.

Padded rows never take part: each video has its own true length and its own k.
"""

import torch
from torch import Tensor
from torch.nn import functional


def sixteenth(lengths: Tensor) -> Tensor:
    """k = floor(len / 16) + 1, at most len: (B,) int64 from true lengths (B,), which are at least 1."""
    return torch.minimum(lengths // 16 + 1, lengths)


def top_k_mean(values: Tensor, lengths: Tensor, k: Tensor) -> Tensor:
    """Mean over time of the k largest values of each video, each class by itself.

    values: (B, T) or (B, T, C). lengths, k: (B,) int64 with 1 <= k <= lengths <= T. Returns (B,) or (B, C).
    """
    largest = _masked(values, lengths, -torch.inf).topk(int(k.max()), dim=1).values
    return _masked(largest, k, 0.0).sum(dim=1) / k.view(-1, *(1,) * (values.dim() - 2))


def top_k_mil(logits: Tensor, labels: Tensor, lengths: Tensor) -> Tensor:
    """Binary cross-entropy of a video's probability, the mean of its rows' k largest, with its label.

    VadCLIP, equation 7; STPrompt, equation 6. logits: (B, T) of the rows' probabilities, before the sigmoid;
    labels: (B,), 1 abnormal; lengths: (B,); k by `sixteenth`. Mean over videos.

    Computed with logarithms throughout: a sigmoid in float32 is 1 from a logit of 17 on, and a network that
    the first steps drove there would have no gradient to come back by.
    """
    k = sixteenth(lengths)
    largest = _masked(logits, lengths, -torch.inf).topk(int(k.max()), dim=1).values
    abnormal = _masked(functional.logsigmoid(largest), k, -torch.inf).logsumexp(dim=1) - k.log()
    normal = _masked(functional.logsigmoid(-largest), k, -torch.inf).logsumexp(dim=1) - k.log()
    return -torch.where(labels.bool(), abnormal, normal).mean()


def mil_align(similarities: Tensor, targets: Tensor, lengths: Tensor, tau: float) -> Tensor:
    """MIL-Align: cross-entropy of a video's class similarities, each the mean of its k largest over time.

    VadCLIP, equation 9; STPrompt, equations 7 and 8. Every class picks its own rows. Mean over videos.

    Args:
        similarities: (B, T, 1 + C) of rows with classes.
        targets: (B, 1 + C), not negative, one or several classes per video; brought to sum 1.
        lengths: (B,); k by `sixteenth`.
        tau: temperature, what similarities are divided by before the softmax over classes.
    """
    video = top_k_mean(similarities, lengths, sixteenth(lengths))
    shares = targets / targets.sum(dim=1, keepdim=True)
    return -(shares * (video / tau).log_softmax(dim=1)).sum(dim=1).mean()


def _masked(values: Tensor, lengths: Tensor, fill: float) -> Tensor:
    """Values (B, T[, C]) with `fill` from each video's length on."""
    position = torch.arange(values.shape[1], device=values.device)
    behind = position >= lengths[:, None]
    return values.masked_fill(behind.view(*behind.shape, *(1,) * (values.dim() - 2)), fill)
