"""Training-free localisation: windows against the benchmark's text queries (STPrompt, section 3.3)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from vadbench.config import NORMAL, LocalisationSettings, QuerySettings, TextSettings
from vadbench.methods.layers.features import Features
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.localisation.heat import abnormal_shares
from vadbench.methods.layers.localisation.window_maps import WindowMaps
from vadbench.methods.layers.mil import sixteenth, top_k_mean
from vadbench.models.clip_tower import ClipModel


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
        self._maps = WindowMaps(features, settings)
        self._settings = settings
        asked = region_queries(queries, texts)
        self._owners = np.array([owner for owner, _ in asked])
        self._embedded = clip.encode_texts([text for _, text in asked])
        self.grid = self._maps.grid

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
        queries, abnormal = self._embedded[used], self._owners[used] != NORMAL
        return self._maps.rows(
            video, lambda windows: abnormal_shares(windows, queries, abnormal, self._settings.tau)
        )


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
