"""One row of the table of costs."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a feature set or a method costs. A frame is a sampled one, a row of a set.

    None stands for what is not known or not counted; `notes` say why.
    """

    benchmark: str
    kind: Literal["features", "method"]
    name: str
    """The set or the method."""
    variant: str = ""
    reads: str = ""
    """The sets it reads; empty: videos."""
    model: str = ""
    """The model of the set, or of the set that a method reads; empty: none."""
    weights: str = ""
    parameters: int | None
    """Its own: of a set those of its image tower or detector, of a method those of its network."""
    parameters_with_towers: int | None
    """With those of the frozen towers and detectors that it needs, features included."""
    trainable: int | None
    flops: float | None
    """Of its own model or network, per frame. A multiply-add counts 2."""
    flops_total: float | None
    """Per frame, those of the sets below included: what is counted of it. Where a method's own are None, they
    are those of the sets; None itself where a set's are."""
    flops_once: float | None = None
    """Before the first frame, once for all videos: reading the texts of classes, not queries."""
    frames_counted: int | None = None
    """Frames that went through the network at once when it was counted."""
    frames_per_second: float | None = None
    measured_on: str = ""
    """Device and threads of what was measured."""
    notes: tuple[str, ...] = ()
