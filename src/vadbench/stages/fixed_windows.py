"""Fixed sliding windows of a frame, Local Patterns' baseline without a detector (its Table 4)."""

from itertools import product

import numpy as np
from numpy.typing import NDArray


def fixed_windows(width: int, height: int, side: int) -> NDArray[np.float32]:
    """Square windows that cover a frame, half a side apart as in the released code, row after row.

    The last of a row or column ends with the frame, so that it may overlap the one before by more; in a frame
    that is smaller than a window they are clipped to it.

    Args:
        width: of the frame, pixels.
        height: of the frame, pixels.
        side: of a window, pixels.

    Returns:
        (n, 4) float32 left, top, right, bottom in pixels.

    >>> fixed_windows(10, 4, 4)[:, [0, 2]].tolist()
    [[0.0, 4.0], [2.0, 6.0], [4.0, 8.0], [6.0, 10.0]]
    """
    lefts, tops = _starts(width, side), _starts(height, side)
    corners = np.array([(left, top) for top, left in product(tops, lefts)])
    return np.concatenate([corners, np.minimum(corners + side, (width, height))], axis=1).astype(np.float32)


def _starts(length: int, side: int) -> list[int]:
    last = max(0, length - side)
    return [*range(0, last, max(1, side // 2)), last]
