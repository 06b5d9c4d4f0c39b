"""Counting what networks cost, by torch's own counter, on shapes without numbers (torch's meta device).

The counter knows matrix products, convolutions and attention, which is nearly all that such networks do; it
counts a multiply-add as 2 FLOPs and leaves out normalisations, activations and softmaxes. On the meta device
torch takes none of the fused paths that the counter does not know, and a count takes no time worth naming.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, kw_only=True)
class Network:
    """What a stage or a method runs for its frames, ready to be counted.

    All tensors and modules are on the meta device, such as those that `unfilled_clip` makes.
    """

    parts: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    """By name what runs for `frames` frames; empty: nothing that torch could count."""
    frames: int = 1
    modules: Sequence[nn.Module] = ()
    """What holds its parameters; frozen towers that it only reads are not among them."""
    coefficients: int | None = 0
    """Fitted numbers that no module holds; None: how many shows after the fit."""
    texts: Callable[[], object] | None = None
    """What runs once, before any frame: texts through the text tower. None: it reads no text."""
    text_tower: bool = False
    """Whether it needs the text tower of the model that made its features."""
    note: str = ""
    """What the counts leave out or suppose."""

    @property
    def parameters(self) -> int | None:
        """Numbers that were learned or fitted, without those of towers that it only reads."""
        return self._sum(parameter.numel() for parameter in self._parameters())

    @property
    def trainable(self) -> int | None:
        """Those of `parameters` that its own training fits."""
        return self._sum(parameter.numel() for parameter in self._parameters() if parameter.requires_grad)

    def flops_per_frame(self) -> dict[str, float]:
        """FLOPs of each part for one frame."""
        return {name: flops_of(run) / self.frames for name, run in self.parts.items()}

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for module in self.modules for parameter in module.parameters()]

    def _sum(self, numbers: Iterable[int]) -> int | None:
        return None if self.coefficients is None else sum(numbers) + self.coefficients


def flops_of(run: Callable[[], object]) -> int:
    """FLOPs of what is called."""
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())
