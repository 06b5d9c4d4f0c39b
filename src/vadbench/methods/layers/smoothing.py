"""Smoothing of a video's scores over time."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from vadbench.methods.layers.rows import Doubles

_MODE = "reflect"
"""What lies beyond a video's ends: its mirror image, its last score doubled (scipy's default, which the
released code of Local Patterns takes)."""


def smoothed(scores: Doubles, frames: NDArray[np.int32], sigma: float) -> Doubles:
    """Scores (T,) smoothed by a Gaussian of standard deviation `sigma` in source frames; 0 leaves them.

    frames: (T,) source frame of each score, rising. Evenly spaced ones are filtered as they stand, with sigma
    in rows; others are first drawn as a line over all frames from the first to the last.
    """
    if sigma == 0 or len(scores) < 2:
        return scores
    steps = np.diff(frames)
    if (steps == steps[0]).all():
        return _filtered(scores, sigma / float(steps[0]))
    every = np.arange(frames[0], frames[-1] + 1)
    values: Doubles = _filtered(np.interp(every, frames, scores), sigma)[frames - frames[0]]
    return values


def _filtered(scores: Doubles, sigma: float) -> Doubles:
    values: Doubles = gaussian_filter1d(scores, sigma, mode=_MODE)
    return values
