"""Heat maps and boxes of a video's rows, from its stored windows and the benchmark's text queries."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from vadbench.config import NORMAL, LocalisationSettings, QuerySettings, TextSettings, WindowScale
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import FRAME_SIZE, Features, part_of
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.localisation.boxes import heat_boxes
from vadbench.methods.layers.localisation.heat import abnormal_shares, scale_weights, token_averages
from vadbench.methods.layers.mil import sixteenth, top_k_mean
from vadbench.models.clip_tower import ClipModel
from vadbench.models.window_tokens import window_places

_ROWS_PER_READ = 64
"""Windows of a row are 65 embeddings with the paper's scales: of an hour's rows a gigabyte."""


class _Scale(NamedTuple):
    """One scale of a set of windows."""

    group: str
    averages: Floats
    """(W, tokens) from windows to tokens."""
    box: Floats
    """(W, 4) left, top, right, bottom of each window as shares of the frame."""


class Localiser:
    """Localises anomalies in the frames of a set of windows.

    Args:
        features: the set.
        queries: the benchmark's queries.
        texts: its texts, for classes without queries of their own.
        clip: the model that made the set.
        settings: of the localisation.

    Attributes:
        grid: rows and columns of the heat maps, those of the model's tokens.

    Raises:
        VadbenchError: the set keeps no windows.
    """

    def __init__(
        self,
        features: Features,
        queries: QuerySettings,
        texts: TextSettings,
        clip: ClipModel,
        settings: LocalisationSettings,
    ) -> None:
        if features.settings.get("keep") not in ("test", "all"):
            raise VadbenchError(
                "localisation needs the windows of the test videos, which this set does not keep; write "
                "keep: test below the feature set"
            )
        self._features = features
        self._settings = settings
        asked = region_queries(queries, texts)
        self._owners = np.array([owner for owner, _ in asked])
        self._embedded = clip.encode_texts([text for _, text in asked])
        rows, columns = cast("list[int]", part_of(features).attributes["tokens"])
        self.grid = rows, columns
        names = cast("list[str]", features.settings["scales"])
        self._scales = [_scale(WindowScale.parse(name), self.grid) for name in names]
        self._weights = scale_weights(len(self._scales), settings.fusion)

    def rows(self, video: str, found: str = "") -> dict[str, Any]:
        """`heat` (T, h, w) float32, `frame_size` (T, 2) int32 and `boxes`, a mapping of arrays for each row.

        Args:
            video: id; its windows must be kept.
            found: the class that the method finds in it, for `queries: video_class`.

        Raises:
            VadbenchError: the set keeps no windows of this video.
        """
        used = np.ones(len(self._owners), bool)
        if self._settings.queries == "video_class":
            used = np.isin(self._owners, [NORMAL, found])
        sizes = self._features.read(video, FRAME_SIZE)
        heat, boxes = [], []
        for shares in self._shares(video, used):
            heat += list(self._fused(shares).reshape(-1, *self.grid))
            boxes += [self._hottest([share[row] for share in shares]) for row in range(len(shares[0]))]
        return {
            "heat": np.reshape(heat, (-1, *self.grid)).astype(np.float32),
            FRAME_SIZE: sizes,
            "boxes": [self._boxes(*row) for row in zip(heat, boxes, sizes, strict=True)],
        }

    def _shares(self, video: str, used: NDArray[np.bool_]) -> Iterator[list[Floats]]:
        """Equation 11 of blocks of rows: an array (rows, W) of each scale."""
        queries, abnormal = self._embedded[used], self._owners[used] != NORMAL
        for start in range(0, self._features.row_count(video), _ROWS_PER_READ):
            blocks = [
                self._features.ragged_rows(video, scale.group, "embedding", start, start + _ROWS_PER_READ)
                for scale in self._scales
            ]
            if not len(blocks[0][0]):
                raise VadbenchError(
                    f"the set of windows keeps none of the video {video!r}, which is to be localised; make "
                    "the set again with keep: test or all"
                )
            yield [abnormal_shares(np.stack(rows), queries, abnormal, self._settings.tau) for rows in blocks]

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


def region_queries(queries: QuerySettings, texts: TextSettings) -> list[tuple[str, str]]:
    """Every query with the class it asks for, `normal` for background: first the background, then the
    abnormal classes in the order of the texts."""
    own = {name: list(queries.abnormal[name]) for name in queries.abnormal}
    for name, prompt in texts.prompts():
        if name not in queries.abnormal:
            own.setdefault(name, []).append(prompt)
    return [
        *((NORMAL, text) for text in queries.background),
        *((name, text) for name in texts.classes[1:] for text in own[name]),
    ]


def video_class(class_scores: Floats, classes: Sequence[str]) -> str:
    """The abnormal class of a video: the largest mean of a class's floor(T / 16) + 1 highest rows.

    class_scores: (T, 1 + C) with T >= 1, `normal` first.
    """
    lengths = torch.tensor([len(class_scores)])
    means = top_k_mean(torch.from_numpy(class_scores)[None], lengths, sixteenth(lengths))[0]
    return classes[1 + int(means[1:].argmax())]


def _scale(scale: WindowScale, grid: tuple[int, int]) -> _Scale:
    places = window_places(grid, scale)
    top, left = np.divmod(places[:, 0], grid[1])
    corners = np.stack([left, top, left + scale.size, top + scale.size], axis=1)
    shares = corners / np.array([grid[1], grid[0]] * 2)
    return _Scale(scale.group, token_averages(places, grid[0] * grid[1]), shares.astype(np.float32))
