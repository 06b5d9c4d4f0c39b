"""Attention by distance in time alone."""

import torch
from torch import Tensor


def distance_attention(lengths: Tensor, rows: int, sigma: float) -> Tensor:
    """Weights that fall with the distance between rows: (B, T, T), each row's softmax over j of
    -|i - j| / sigma within the video's true length.

    STPrompt, equation 4. Rows and columns behind a video's end are zero.

    Args:
        lengths: (B,) int64 true lengths, at least 1.
        rows: T, to which videos are padded.
        sigma: width in rows, positive; below 0.1 the matrix is the identity in float32.
    """
    position = torch.arange(rows, device=lengths.device)
    logits = -(position[:, None] - position[None, :]).abs() / sigma
    real = position < lengths[:, None]
    weights = logits.masked_fill(~real[:, None, :], -torch.inf).softmax(dim=-1)
    return weights * real[:, :, None]
