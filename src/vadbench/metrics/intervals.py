"""Percentile intervals of resampled metrics."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from vadbench.errors import VadbenchError

LEVEL = 95.0
"""Per cent of the resamples inside an interval."""

_MOST_UNDEFINED = 0.05


class Interval(NamedTuple):
    """Ends of an interval, or NaN and the reason why there is none."""

    low: float
    high: float
    reason: str = ""


def percentile_interval(values: ArrayLike) -> Interval:
    """The middle 95 % of a metric's resamples.

    Args:
        values: (R,) the metric of each resample, NaN where it is undefined.

    Returns:
        The interval over the defined resamples. Where more than one in twenty is undefined, those left no
        longer stand for the videos, and there is no interval.
    """
    resampled = np.asarray(values, dtype=np.float64)
    defined = resampled[~np.isnan(resampled)]
    if not len(resampled):
        return Interval(math.nan, math.nan, "no resamples were drawn")
    if len(defined) < (1 - _MOST_UNDEFINED) * len(resampled):
        reason = f"undefined in {len(resampled) - len(defined)} of {len(resampled)} resamples"
        return Interval(math.nan, math.nan, reason)
    low, high = np.percentile(defined, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Interval(float(low), float(high))


def difference_interval(values: ArrayLike, reference: ArrayLike) -> Interval:
    """Interval of `values - reference`, paired: both hold a metric of the same resamples."""
    ours, theirs = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if ours.shape != theirs.shape:
        raise VadbenchError(
            f"{ours.shape} and {theirs.shape} resamples cannot be paired: draw the same for both"
        )
    return percentile_interval(ours - theirs)
