"""The objects that a render shows, with their boxes: what the demo's detector has to find."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from vadbench.demo.cameras import HEIGHT, WIDTH
from vadbench.demo.figures import Box, Kind
from vadbench.demo.painting import SceneRenderer

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Classes of the demo's detector. As those of real detectors they are ordinary things: no fire, no debris."""

LEAST_SHOWN = 0.3
"""An object counts where so much of its box lies in the frame, and so much of that is not covered."""
_LEAST_SIDE = 6.0  # pixels


@dataclass(frozen=True)
class LabelledFrame:
    """A frame and its objects.

    Attributes:
        pixels: (240, 320, 3) uint8 RGB.
        boxes: (n, 4) float32 left, top, right, bottom in pixels, clipped to the frame.
        kinds: (n,) int64, indices into KINDS.
    """

    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]


def labelled_frame(renderer: SceneRenderer, index: int) -> LabelledFrame:
    """Frame `index` of a scene with the objects in it that can be seen well enough."""
    pixels, numbers, drawn = renderer.frame_with_figures(index)
    left = np.bincount(numbers.ravel(), minlength=len(drawn) + 1)[1:]
    boxes, kinds = [], []
    for (_, figure), visible, whole in zip(renderer.scene.figures(index), left, drawn, strict=True):
        if figure.kind is None or visible < LEAST_SHOWN * whole:
            continue
        box = _clipped(figure.box())
        if box is not None:
            boxes.append(box)
            kinds.append(KINDS.index(figure.kind))
    return LabelledFrame(pixels, np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds, np.int64))


def _clipped(box: Box) -> Box | None:
    """The part of a box that lies in the frame; None where that is too little."""
    left, top, right, bottom = box
    inside = max(left, 0.0), max(top, 0.0), min(right, float(WIDTH)), min(bottom, float(HEIGHT))
    width, height = inside[2] - inside[0], inside[3] - inside[1]
    if min(width, height) < _LEAST_SIDE or width * height < LEAST_SHOWN * (right - left) * (bottom - top):
        return None
    return inside
