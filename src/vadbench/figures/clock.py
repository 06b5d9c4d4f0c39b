"""Frame numbers to seconds and back, from the times that the sampled rows recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Clock:
    """Turns frame numbers into the seconds at which they are shown.

    `frame` (n,) and `time` (n,) are known, increasing pairs. Between them time runs evenly; before and behind
    them at the pace of the nearest two. With fewer than two pairs, or where time does not increase, `unit` is
    "frames" and numbers stay as they are.

    >>> Clock(np.array([0, 10, 20]), np.array([0.0, 1.0, 1.5])).at([5, 30]).tolist()
    [0.5, 2.0]
    """

    frame: NDArray[np.int32]
    time: NDArray[np.float64]

    @property
    def unit(self) -> str:
        """What `at` gives: "seconds" or "frames"."""
        increases = len(self.frame) > 1 and bool(np.all(np.diff(self.time) > 0))
        return "seconds" if increases else "frames"

    def at(self, frames: NDArray[np.float64] | Sequence[float]) -> NDArray[np.float64]:
        """Seconds of (fractional) frame numbers, of the same length."""
        wanted = np.asarray(frames, np.float64)
        if self.unit == "frames":
            return wanted
        return _interpolate(wanted, self.frame.astype(np.float64), self.time)

    def frame_at(self, times: NDArray[np.float64] | Sequence[float]) -> NDArray[np.float64]:
        """The inverse of `at`: fractional frame numbers."""
        wanted = np.asarray(times, np.float64)
        if self.unit == "frames":
            return wanted
        return _interpolate(wanted, self.time, self.frame.astype(np.float64))


def _interpolate(
    x: NDArray[np.float64], known_x: NDArray[np.float64], known_y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear between the known points and, unlike `numpy.interp`, beyond them as well."""
    right = np.clip(np.searchsorted(known_x, x), 1, len(known_x) - 1)
    left = right - 1
    slope = (known_y[right] - known_y[left]) / (known_x[right] - known_x[left])
    result: NDArray[np.float64] = known_y[left] + (x - known_x[left]) * slope
    return result
