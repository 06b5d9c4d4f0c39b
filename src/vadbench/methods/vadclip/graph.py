"""The two graph convolutions of VadCLIP: rows that look alike, and rows that lie close in time."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vadbench.methods.layers.local_transformer import QuickGELU

LEAST_SIMILARITY = 0.7
"""Cosines up to this count as 0."""

KERNEL = 5


def similarity_adjacency(rows: Tensor, real: Tensor) -> Tensor:
    """Row-softmax of the cosines between a video's rows, of which those up to 0.7 are set to 0 before.

    rows: (B, T, D); real: (B, T) bool. Returns (B, T, T), 0 in the rows and columns of padding. A pair that
    was set to 0 keeps a weight, that of exp(0), as in the public code.
    """
    unit = functional.normalize(rows, dim=-1)
    cosines = unit @ unit.transpose(1, 2)
    kept = cosines.where(cosines > LEAST_SIMILARITY, 0.0)
    weights = kept.masked_fill(~real[:, None, :], -torch.inf).softmax(dim=-1)
    return weights * real[:, :, None]


def exponential_adjacency(real: Tensor) -> Tensor:
    """exp(-|i - j| / e) as it is, rows not brought to sum 1: the public code's distance graph.

    real: (B, T) bool. Returns (B, T, T), 0 in the rows and columns of padding.
    """
    position = torch.arange(real.shape[1], device=real.device)
    weights = torch.exp(-(position[:, None] - position).abs() / math.e)
    return weights * real[:, :, None] * real[:, None, :]


class GraphLayer(nn.Module):
    """QuickGELU(A x W + residual), W without bias.

    The residual is the input where the width stays, else a convolution over five rows.
    """

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Linear(width, out, bias=False)
        nn.init.xavier_uniform_(self.weight.weight)
        self.residual: nn.Module = nn.Identity()
        if width != out:
            self.residual = nn.Conv1d(width, out, KERNEL, padding=KERNEL // 2)
        self.activation = QuickGELU()

    def forward(self, rows: Tensor, adjacency: Tensor) -> Tensor:
        """Rows (B, T, D) and an adjacency (B, T, T) to (B, T, out)."""
        residual = self.residual(rows.transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = self.activation(adjacency @ self.weight(rows) + residual)
        return mixed


class GraphStream(nn.Module):
    """Two layers on one graph, D to D / 2 to D / 2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = GraphLayer(width, width // 2)
        self.second = GraphLayer(width // 2, width // 2)

    def forward(self, rows: Tensor, adjacency: Tensor) -> Tensor:
        """Rows (B, T, D) and an adjacency (B, T, T) to (B, T, D / 2)."""
        mixed: Tensor = self.second(self.first(rows, adjacency), adjacency)
        return mixed
