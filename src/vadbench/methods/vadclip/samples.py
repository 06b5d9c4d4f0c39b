"""What VadCLIP's batches are drawn of: videos, or each of their crops by itself."""

import numpy as np

from vadbench.config import VadClipSettings
from vadbench.methods.layers.crops import crop_embeddings, crops_of
from vadbench.methods.layers.features import Features
from vadbench.methods.layers.lengths import Floats


class Samples:
    """Training samples by name.

    With several crops and `train_crops: samples` a video stands for as many samples as it has crops; else
    it is one sample, the mean over its crops.
    """

    def __init__(self, features: Features, settings: VadClipSettings) -> None:
        self._features = features
        crops = crops_of(features)
        self._apart = crops if settings.train_crops == "samples" and len(crops) > 1 else ()
        self._place: dict[str, tuple[str, int]] = {}

    def names(self, videos: tuple[str, ...]) -> tuple[str, ...]:
        """The samples of some videos, video by video."""
        if not self._apart:
            return videos
        places = {
            f"{video}, crop {crop}": (video, place)
            for video in videos
            for place, crop in enumerate(self._apart)
        }
        self._place.update(places)
        return tuple(places)

    def video(self, name: str) -> str:
        """The video that a sample was taken from."""
        return self._place[name][0] if self._apart else name

    def rows(self, name: str) -> Floats:
        """Embeddings (T, D) of a sample, not normalised."""
        crops = crop_embeddings(self._features, self.video(name))
        if self._apart:
            return np.ascontiguousarray(crops[:, self._place[name][1]])
        mean: Floats = crops.mean(axis=1)
        return mean
