"""The Reconstruction Module of Local Patterns (section 3.5): an autoencoder of fully connected layers.

Its input is what stands for a region: one part, or several, one behind the other, such as the paper's local
patterns and motion.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vadbench.methods.layers.rows import standardisation


class Standardise(nn.Module):
    """Rows (R, D) in units of a deviation from a mean, (D,) each; as they are until `fit` was called."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    def fit(self, rows: NDArray[Any]) -> None:
        """Take mean and deviation of training rows (R, D); a constant input has deviation 1."""
        fitted = standardisation(rows.astype(np.float64))
        self.mean.copy_(torch.from_numpy(fitted["mean"]))
        self.deviation.copy_(torch.from_numpy(fitted["deviation"]))

    def forward(self, rows: Tensor) -> Tensor:
        return (rows - self.mean) / self.deviation


class ReconstructionModule(nn.Module):
    """Parts of an input, each standardised by itself, to the error of their joint reconstruction.

    `depth` linear layers, of `hidden` numbers between input and output, with ReLU between them and a linear
    output; the paper's has seven of 512.

    Args:
        widths: numbers D_p of each part, by its name, in the order in which they are joined.
        depth: linear layers, at least two.
        hidden: width of what is between them.
    """

    def __init__(self, widths: Mapping[str, int], *, depth: int, hidden: int) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: Standardise(width) for name, width in widths.items()})
        width = sum(widths.values())
        layers: list[nn.Module] = []
        for into, out in pairwise([width, *[hidden] * (depth - 1), width]):
            layers += [nn.Linear(into, out), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def standardise_by(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Standardise each part by training rows (R, D_p)."""
        for name, part in self.parts.items():
            assert isinstance(part, Standardise)
            part.fit(rows[name])

    def forward(self, rows: Mapping[str, Tensor]) -> Tensor:
        """Errors (R,): mean over all inputs of the squared difference between a row and its reconstruction.

        rows: (R, D_p) of each part, by its name.
        """
        joined = torch.cat([part(rows[name]) for name, part in self.parts.items()], dim=-1)
        errors: Tensor = (self.layers(joined) - joined).square().mean(dim=-1)
        return errors
