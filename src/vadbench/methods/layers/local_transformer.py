"""A transformer over time whose rows see their own stretch of the video only."""

import torch
from torch import Tensor, nn
from torch.nn import functional

EXPANSION = 4


class QuickGELU(nn.Module):
    """u * sigmoid(1.702 u), the activation that OpenAI's CLIP was trained with."""

    def forward(self, values: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return values * torch.sigmoid(1.702 * values)


def feed_forward(width: int) -> nn.Sequential:
    """D-4D-D with QuickGELU between, as a block of CLIP has it."""
    return nn.Sequential(
        nn.Linear(width, EXPANSION * width), QuickGELU(), nn.Linear(EXPANSION * width, width)
    )


def block_window(rows: int, window: int, most: int) -> Tensor:
    """(rows, rows) bool, true where two rows lie in the same block of `window` rows.

    Blocks do not overlap and are counted from the first of `most` rows, the length that videos are fitted
    to; the last block takes what is left over, as in the public code of VadCLIP.
    """
    block = (torch.arange(rows) // window).clamp_max(max(most // window, 1) - 1)
    return block[:, None] == block


def band_window(rows: int, window: int) -> Tensor:
    """(rows, rows) bool, true where two rows are at most window / 2 apart: windows that overlap."""
    position = torch.arange(rows)
    return (position[:, None] - position).abs() <= window / 2


class SelfAttention(nn.Module):
    """Multi-head self-attention with a mask of what each row sees; initialised as torch's own."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.joined = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.joined.weight)
        nn.init.zeros_(self.joined.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, rows: Tensor, seen: Tensor) -> Tensor:
        """rows: (B, T, D); seen: (B, T, T) bool, [b, i, j] true where row i sees row j; every row must see
        at least one. Returns (B, T, D)."""
        batch, time, width = rows.shape
        parts = self.joined(rows).view(batch, time, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen[:, None])
        out: Tensor = self.out(attended.transpose(1, 2).reshape(batch, time, width))
        return out


class Block(nn.Module):
    """x + attention(LN x), then x + feed-forward(LN x)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.before_feed_forward = nn.LayerNorm(width)
        self.feed_forward = feed_forward(width)

    def forward(self, rows: Tensor, seen: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D); `seen` as in `SelfAttention`."""
        rows = rows + self.attention(self.before_attention(rows), seen)
        mixed: Tensor = rows + self.feed_forward(self.before_feed_forward(rows))
        return mixed


class LocalTransformer(nn.Module):
    """Pre-LN blocks with one window of time (VadCLIP, section 3.2: LGT-Adapter's local module)."""

    def __init__(self, width: int, layers: int, heads: int = 1) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))

    def forward(self, rows: Tensor, window: Tensor, real: Tensor) -> Tensor:
        """Rows (B, T, D) to (B, T, D).

        window: (T, T) bool, which rows may see each other. real: (B, T) bool, which rows may be seen; the
        others see themselves, so that no softmax is over nothing.
        """
        itself = torch.eye(rows.shape[1], dtype=torch.bool, device=rows.device)
        seen = (window.to(rows.device) & real[:, None, :]) | itself
        for block in self.blocks:
            rows = block(rows, seen)
        return rows
