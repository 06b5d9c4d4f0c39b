"""From heat of windows to heat maps and boxes of a video's rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from vadbench.config import BoxSettings, WindowScale
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import FRAME_SIZE, Features, part_of, single_precision
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.localisation.boxes import heat_boxes
from vadbench.methods.layers.localisation.heat import scale_weights, token_averages
from vadbench.models.window_tokens import window_places

_ROWS_PER_READ = 64
"""Windows of a row are 65 embeddings with the paper's scales: of an hour's rows a gigabyte."""

WindowHeat = Callable[[Floats], Floats]
"""From embeddings of windows (n, W, D) as stored to their heat (n, W) in [0, 1]."""


class _Scale(NamedTuple):
    """One scale of a set of windows."""

    group: str
    averages: Floats
    """(W, tokens) from windows to tokens."""
    box: Floats
    """(W, 4) left, top, right, bottom of each window as shares of the frame."""


class WindowMaps:
    """Draws the heat of windows on frames.

    Args:
        features: a set of windows.
        settings: how scales become one map, and a map boxes.

    Attributes:
        grid: rows and columns of the heat maps, those of the model's tokens.

    Raises:
        VadbenchError: the set keeps no windows.
    """

    def __init__(self, features: Features, settings: BoxSettings) -> None:
        if features.settings.get("keep") not in ("test", "all"):
            raise VadbenchError(
                "localisation needs the windows of the test videos, which this set does not keep; write "
                "keep: test below the feature set"
            )
        self._features = features
        self._settings = settings
        rows, columns = cast("list[int]", part_of(features).attributes["tokens"])
        self.grid = rows, columns
        names = cast("list[str]", features.settings["scales"])
        self._scales = [_scale(WindowScale.parse(name), self.grid) for name in names]
        self._weights = scale_weights(len(self._scales), settings.fusion)

    def rows(self, video: str, heat_of: WindowHeat) -> dict[str, Any]:
        """`heat` (T, h, w) float32, `frame_size` (T, 2) int32 and `boxes`, a mapping of arrays for each row.

        Raises VadbenchError for a video whose windows the set does not keep.
        """
        sizes = self._features.read(video, FRAME_SIZE)
        heat, boxes = [], []
        for shares in self._heat(video, heat_of):
            heat += list(self._fused(shares).reshape(-1, *self.grid))
            boxes += [self._hottest([share[row] for share in shares]) for row in range(len(shares[0]))]
        return {
            "heat": np.reshape(heat, (-1, *self.grid)).astype(np.float32),
            FRAME_SIZE: sizes,
            "boxes": [self._boxes(*row) for row in zip(heat, boxes, sizes, strict=True)],
        }

    def _heat(self, video: str, heat_of: WindowHeat) -> Iterator[list[Floats]]:
        """Heat of blocks of rows: an array (rows, W) of each scale."""
        for start in range(0, self._features.row_count(video), _ROWS_PER_READ):
            stop = start + _ROWS_PER_READ
            yield [
                heat_of(kept_windows(self._features, video, scale.group, start, stop))
                for scale in self._scales
            ]

    def _fused(self, shares: Sequence[Floats]) -> Floats:
        """(rows, tokens): every scale on the tokens, weighed and added up."""
        maps = [share @ scale.averages for share, scale in zip(shares, self._scales, strict=True)]
        fused: Floats = np.tensordot(self._weights, maps, axes=1)
        return fused

    def _hottest(self, shares: Sequence[Floats]) -> Floats:
        """(4,) the hottest window of all scales, as shares of the frame; of equal ones that of the first."""
        scale = int(np.argmax([share.max() for share in shares]))
        box: Floats = self._scales[scale].box[shares[scale].argmax()]
        return box

    def _boxes(self, heat: Floats, hottest: Floats, size: NDArray[np.int32]) -> dict[str, Floats]:
        width, height = size.tolist()
        found = heat_boxes(heat, (width, height), hottest * np.tile(size, 2), self._settings.threshold)
        sides = zip(("left", "top", "right", "bottom"), found.box.T, strict=True)
        return {**dict(sides), "score": found.score}


def kept_windows(
    features: Features, video: str, group: str, start: int = 0, stop: int | None = None
) -> Floats:
    """(n, W, D) float32 windows of some rows of a video, at one scale.

    Raises:
        VadbenchError: the set does not keep them.
    """
    rows = features.ragged_rows(video, group, "embedding", start, stop)
    if not len(rows[0]):
        raise VadbenchError(
            f"the set of windows keeps none of the video {video!r}, whose windows are needed; make the set "
            "again with keep: test, or all where windows of training videos are needed"
        )
    return single_precision(np.stack(rows))


def _scale(scale: WindowScale, grid: tuple[int, int]) -> _Scale:
    places = window_places(grid, scale)
    top, left = np.divmod(places[:, 0], grid[1])
    corners = np.stack([left, top, left + scale.size, top + scale.size], axis=1)
    shares = corners / np.array([grid[1], grid[0]] * 2)
    return _Scale(scale.group, token_averages(places, grid[0] * grid[1]), shares.astype(np.float32))
