"""STPrompt's temporal adapter (section 3.2.2, Eq. 4), and what its Table 6 puts in its place."""

from typing import Literal

import torch
from torch import Tensor, nn

from vadbench.methods.layers.distance_attention import distance_attention
from vadbench.methods.layers.local_transformer import SelfAttention

EXPANSION = 4
HEADS = 1

Kind = Literal["none", "transformer", "transformer+distance", "distance"]


class DistanceLayer(nn.Module):
    """x_TM = LN(softmax(Ma) h), x_TA = LN(FFN(x_TM) + x_TM) with Ma[i, j] = -|i - j| / sigma.

    As printed: no residual around the first normalisation, no position encoding. **Reading**: FFN is
    D-4D-D with GELU.
    """

    def __init__(self, width: int, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma
        self.mixed_norm = nn.LayerNorm(width)
        self.feed_forward = _feed_forward(width)
        self.norm = nn.LayerNorm(width)

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        near = distance_attention(lengths, rows.shape[1], self.sigma).to(rows.dtype)
        mixed = self.mixed_norm(near @ rows)
        adapted: Tensor = self.norm(self.feed_forward(mixed) + mixed)
        return adapted


class TransformerLayer(nn.Module):
    """A vanilla encoder layer: LN(x + attention(x)), LN(x + FFN(x)), attention by similarity.

    **Reading**: one head, as in VadCLIP; no position encoding, as in the adapter; no dropout.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = SelfAttention(width, HEADS)
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = _feed_forward(width)
        self.norm = nn.LayerNorm(width)

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        position = torch.arange(rows.shape[1], device=rows.device)
        real = position < lengths[:, None]
        # Padded rows see themselves too, so that no softmax is over nothing.
        seen = real[:, None, :] | (position[:, None] == position)
        mixed = self.attention_norm(rows + self.attention(rows, seen))
        encoded: Tensor = self.norm(self.feed_forward(mixed) + mixed)
        return encoded


class TemporalAdapter(nn.Module):
    """`layers` times the layer, or the two layers one after the other, that `kind` names.

    `none` leaves rows as they are. Rows behind a video's length reach no row before it.
    """

    def __init__(self, width: int, kind: Kind, *, layers: int, sigma: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(layers):
            if kind.startswith("transformer"):
                self.layers.append(TransformerLayer(width))
            if kind.endswith("distance"):
                self.layers.append(DistanceLayer(width, sigma))

    def forward(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """Rows (B, T, D) and true lengths (B,) int64 to (B, T, D)."""
        for layer in self.layers:
            rows = layer(rows, lengths)
        return rows


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, EXPANSION * width), nn.GELU(), nn.Linear(EXPANSION * width, width))
