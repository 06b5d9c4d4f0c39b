"""Heat maps of windows: how much each looks like an abnormal query (STPrompt, section 3.3, equation 11)."""

import numpy as np
from numpy.typing import NDArray

from vadbench.methods.layers.lengths import Floats, normalised


def abnormal_shares(windows: Floats, queries: Floats, abnormal: NDArray[np.bool_], tau: float) -> Floats:
    """Equation 11: the abnormal queries' part of a softmax over all queries, in [0, 1], for each window.

    Args:
        windows: (n, W, D) embeddings; they and the queries are brought to unit length.
        queries: (Q, D) embeddings of texts.
        abnormal: (Q,) which of them describe an anomaly.
        tau: temperature, what cosines are divided by.

    Returns:
        (n, W) float32.
    """
    unit = normalised(windows.reshape(-1, windows.shape[-1]).astype(np.float32))
    logits = unit.astype(np.float64) @ normalised(queries).astype(np.float64).T / tau
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = (weights[:, abnormal].sum(axis=1) / weights.sum(axis=1)).astype(np.float32)
    return shares.reshape(windows.shape[:2])


def token_averages(places: NDArray[np.int64], tokens: int) -> Floats:
    """(W, tokens): what each window adds to each token, the mean over the windows that cover the token.

    places: (W, size * size) tokens of each window, as `window_places` gives them; every token is covered.
    """
    covers = np.zeros((len(places), tokens), np.float32)
    np.put_along_axis(covers, places, 1, axis=1)
    averages: Floats = covers / covers.sum(axis=0)
    return averages


def scale_weights(scales: int, fusion: float) -> Floats:
    """(scales,) weights of the heat maps, together 1: `fusion` for the first, the others share the rest."""
    if scales == 1:
        return np.ones(1, np.float32)
    return np.array([fusion, *[(1 - fusion) / (scales - 1)] * (scales - 1)], np.float32)


def resized(heat: Floats, width: int, height: int) -> Floats:
    """A heat map (h, w) on the pixels of a frame, (height, width), bilinearly.

    Cells and pixels stand for their centres; towards an edge the outermost cell's heat goes on.
    """
    rows, columns = _bilinear(heat.shape[0], height), _bilinear(heat.shape[1], width)
    pixels: Floats = rows @ heat.astype(np.float32) @ columns.T
    return pixels


def _bilinear(cells: int, pixels: int) -> Floats:
    """(pixels, cells) weights of the two nearest cells of each pixel of one axis."""
    centre = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    distance = np.abs(centre[:, None] - np.arange(cells))
    weights: Floats = np.maximum(1 - distance, 0).astype(np.float32)
    return weights
