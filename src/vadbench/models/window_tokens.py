"""Embeddings of sliding windows of an image by the image tower of a CLIP model.

A window is a square of the tower's tokens. It goes through the frozen tower by itself: the class token and
the tokens of its patches, each with its own position embedding; the class token is projected. All windows of
one size of a batch of images are one forward pass (as in WinCLIP, Jeong et al., CVPR 2023). STPrompt, section
3.3, speaks of image patches that are encoded, which `mode: crop` does literally.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vadbench.config import WindowScale
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import ClipModel
from vadbench.models.open_clip_import import import_open_clip

Grid = tuple[int, int]
"""Rows and columns."""


class WindowEncoder:
    """Encodes the windows of whole images at several scales.

    Attributes:
        preprocess: frame (H, W, 3) uint8 RGB -> whole image (1, height, width, 3) uint8, without a crop.
        tokens: rows and columns of the tower's grid of tokens.
        grids: rows and columns of the windows, by scale.
    """

    def __init__(
        self,
        model: ClipModel,
        scales: Sequence[WindowScale],
        mode: Literal["tokens", "crop"] = "tokens",
        batch_size: int = 8,
    ) -> None:
        """`batch_size`: crops per forward pass, for `mode: crop`.

        Raises:
            VadbenchError: where the tower is not of CLIP's own form (a ViT, and for `tokens` one that is read
                at its class token), and for a scale that does not fit its grid.
        """
        self.tokens = _token_grid(model, mode)
        self.grids = tuple(window_grid(self.tokens, scale) for scale in scales)
        self.preprocess = model.preprocess.of_whole_frames()
        self._model = model
        self._scales = tuple(scales)
        self._mode = mode
        self._batch_size = batch_size
        self._places = [
            torch.tensor(window_places(self.tokens, scale), device=model.device) for scale in scales
        ]

    def encode(self, scale: int, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (n, height, width, 3) uint8 from `preprocess` -> (n, windows, D) float32, in raster order.

        `scale`: its place among the scales given. Embeddings are projected, not normalised.
        """
        if self._mode == "tokens":
            return self._model.compute(partial(self.embed_tokens, scale), pixels)
        crops = self._crops(self._scales[scale], pixels)
        encoded = []
        while batch := list(islice(crops, self._batch_size)):
            encoded.append(self._model.encode_images(np.concatenate(batch)))
        return np.concatenate(encoded).reshape(len(pixels), -1, self._model.dimension)

    def embed_tokens(self, scale: int, images: Tensor) -> Tensor:
        """Normalised images (n, 3, height, width) -> (n, windows, D), for `mode: tokens`."""
        return _encode_tokens(self._model.image_tower, self._places[scale], images)

    def _crops(self, scale: WindowScale, pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """The pixels of every window, resized to the model's input, (1, height, width, 3) each."""
        height, width = (side // tokens for side, tokens in zip(pixels.shape[1:3], self.tokens, strict=True))
        rows, columns = window_grid(self.tokens, scale)
        for image in pixels:
            for row in range(rows):
                for column in range(columns):
                    top, left = row * scale.stride * height, column * scale.stride * width
                    crop = image[top : top + scale.size * height, left : left + scale.size * width]
                    yield self.preprocess(crop)


def window_grid(tokens: Grid, scale: WindowScale) -> Grid:
    """Rows and columns of the windows of one scale on a grid of tokens.

    Raises:
        VadbenchError: where a window is larger than the grid, or windows do not reach its last row or column.
    """
    if any(side < scale.size or (side - scale.size) % scale.stride for side in tokens):
        problem = "larger than" if min(tokens) < scale.size else "not reaching all edges of"
        raise VadbenchError(
            f"scales: {scale}, windows of {scale.size} x {scale.size} tokens at a stride of {scale.stride}, "
            f"is {problem} the model's grid of {tokens[0]} x {tokens[1]} tokens; on it, these fit: "
            f"{', '.join(map(str, _fitting(tokens)))}"
        )
    return (tokens[0] - scale.size) // scale.stride + 1, (tokens[1] - scale.size) // scale.stride + 1


def window_places(tokens: Grid, scale: WindowScale) -> NDArray[np.int64]:
    """(windows, size * size) places of each window's tokens on the grid; both axes in raster order."""
    grid = np.arange(tokens[0] * tokens[1], dtype=np.int64).reshape(tokens)
    windows = np.lib.stride_tricks.sliding_window_view(grid, (scale.size, scale.size))
    kept = windows[:: scale.stride, :: scale.stride]
    return kept.reshape(-1, scale.size * scale.size)


def _fitting(tokens: Grid) -> list[WindowScale]:
    """For small windows the largest stride that fits, to name in a message."""
    fitting = []
    for size in range(2, min(*tokens, 6) + 1):
        strides = [n for n in range(1, size + 1) if all((side - size) % n == 0 for side in tokens)]
        fitting.append(WindowScale(size, strides[-1]))
    return fitting


def _encode_tokens(tower: Any, places: Tensor, pixels: Tensor) -> Tensor:
    """Normalised pixels (n, 3, height, width) -> (n, windows, D). `places`: (windows, tokens of each)."""
    patches = tower.conv1(pixels).flatten(2).transpose(1, 2)
    first = tower.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
    # Layer normalisation sees one token at a time, so that it may come before the windows are cut out.
    tokens = tower.ln_pre(torch.cat([first, patches], 1) + tower.positional_embedding.to(patches.dtype))
    with_first = torch.cat([places.new_zeros(len(places), 1), places + 1], 1)
    windows = tokens[:, with_first].flatten(0, 1)
    seen = tower.ln_post(tower.transformer(windows)[:, 0])
    embedded: Tensor = (seen @ tower.proj).unflatten(0, (len(pixels), len(places)))
    return embedded


def _token_grid(model: ClipModel, mode: str) -> Grid:
    tower: Any = model.image_tower
    if not isinstance(tower, import_open_clip().transformer.VisionTransformer):
        raise VadbenchError(
            f"model: windows are made of the tokens of CLIP's own vision transformer, not of "
            f"{type(tower).__name__}; use a model such as ViT-B-16-quickgelu"
        )
    if mode == "tokens" and (tower.pool_type != "tok" or tower.attn_pool is not None):
        raise VadbenchError(
            "model: its image tower is not read at the class token, which mode: tokens needs; use mode: "
            "crop, or a model such as ViT-B-16-quickgelu"
        )
    rows, columns = tower.grid_size
    return rows, columns
