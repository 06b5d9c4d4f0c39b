"""What STPrompt makes of the windows of frames: motion map and spatial aggregates (Eq. 1 to 3)."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")
Floats = NDArray[np.float32]


def with_neighbours(items: Iterator[Item]) -> Iterator[tuple[Item, Item, Item]]:
    """Each item with the one before and the one after; the first and the last are their own neighbours."""
    last: tuple[Item, Item] | None = None
    for item in items:
        if last is not None:
            yield *last, item
        last = (item if last is None else last[1], item)
    if last is not None:
        yield *last, last[1]


def motion_map(before: Floats, windows: Floats, after: Floats) -> Floats:
    """Eq. 1: `||2 x[i] - x[i-1] - x[i+1]||` over D of each window; three times (windows, D) -> (windows,).

    **Reading**: the text says "L2 normalization", but the stated size of Mo needs a norm.
    """
    norms: Floats = np.linalg.norm(2 * windows - before - after, axis=1)
    return norms


def spatial_aggregates(windows: Floats, motion: Floats, top: int) -> Mapping[str, Floats]:
    """Eq. 2 and 3, and the other aggregates of Table 5: windows (n, D) and their motion (n,) -> (D,) each.

    `average` and `attention` are over all windows, the two that select over the `top` ones of largest motion
    (of equal ones the first in raster order). `selection_attention` is SA2, the paper's. The fifth, `none`,
    has no array.
    """
    chosen = np.argsort(-motion, kind="stable")[:top]
    return {
        "average": windows.mean(0),
        "attention": _attended(windows, motion),
        "selection_average": windows[chosen].mean(0),
        "selection_attention": _attended(windows[chosen], motion[chosen]),
    }


def _attended(windows: Floats, motion: Floats) -> Floats:
    """Mean of windows (n, D), weighted by the softmax of their motion (n,)."""
    weights = np.exp(motion - motion.max())
    attended: Floats = weights / weights.sum() @ windows
    return attended
