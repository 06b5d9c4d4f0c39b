"""Reading feature sets, and telling a split's videos apart."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets import Annotations, Split
from vadbench.errors import VadbenchError
from vadbench.methods.layers.lengths import Floats
from vadbench.store import Part, Store

Features: TypeAlias = Part | Store
"""A whole feature set, or one part as for a single video."""

FRAME_SIZE = "frame_size"
"""The array (T, 2) of width and height of the source frame, in sets that carry it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledVideos:
    """Training videos by their video-level label, in the split's order."""

    normal: tuple[str, ...]
    abnormal: tuple[str, ...]


def embeddings(features: Features, video: str) -> Floats:
    """Frame embeddings (T, D) float32 of a video, as projected by the model; of several crops the centre."""
    rows = single_precision(features.read(video, "embedding"))
    # The centre crop is the first in every order of crops that the clip stage knows.
    return rows[:, 0]


def single_precision(half: NDArray[np.float16]) -> Floats:
    """The same values as float32; by torch, which takes a tenth of the time that numpy takes."""
    # Here, for the table of methods is read without torch.
    import torch

    values: Floats = torch.from_numpy(half).float().numpy()
    return values


def width(features: Features) -> int:
    """D, the length of a frame embedding."""
    return features.arrays["embedding"].shape[-1]


def training_videos(features: Features, split: Split, annotations: Annotations) -> LabelledVideos:
    """The split's training videos that have rows, by label; those without are named in the log."""
    empty = [video for video in split.train if not features.row_count(video)]
    if empty:
        _log.warning("left out of training, for they have no features: %s", ", ".join(empty))
    usable = [video for video in split.train if video not in set(empty)]
    abnormal = {video for video in usable if annotations.is_abnormal(video)}
    return LabelledVideos(
        normal=tuple(video for video in usable if video not in abnormal),
        abnormal=tuple(video for video in usable if video in abnormal),
    )


def described(features: Features) -> Mapping[str, object]:
    """What makes a feature set comparable with another: its stage, settings, revision and weights.

    `reads` says the same of the set it was made from; None for a set made from videos. `motion` is there for
    a set that was also made from motion.
    """
    noted = part_of(features).attributes if features.videos else {}
    motion = {"motion": noted["motion"]} if "motion" in noted else {}
    return {
        "stage": features.stage,
        "settings": dict(features.settings),
        "revision": features.revision,
        "weights": dict(features.weights),
        "reads": noted.get("reads"),
        **motion,
    }


def part_of(features: Features) -> Part:
    """A part of the set, to read what all of them say alike.

    Raises VadbenchError for a set without videos.
    """
    if isinstance(features, Part):
        return features
    if not features.videos:
        raise VadbenchError(f"{features.folder}: holds no video")
    return features.part(features.videos[0])


def digest_of(features: Features, videos: Iterable[str]) -> str:
    """Digest over the parts that hold these videos: equal digests, equal features."""
    if isinstance(features, Part):
        return features.digest
    parts = {features.part(video).digest for video in videos}
    return hashlib.sha256("".join(sorted(parts)).encode()).hexdigest()


def check_described(features: Features, trained_on: Mapping[str, object], source: object) -> None:
    """Refuse features that a checkpoint was not trained on.

    Raises:
        VadbenchError: names what differs.
    """
    here = described(features)
    differing = [key for key in here if here[key] != trained_on.get(key)]
    if differing:
        raise VadbenchError(
            f"{source}: trained on features of another {', '.join(differing)}: "
            f"{ {key: trained_on.get(key) for key in differing} }, these have "
            f"{ {key: here[key] for key in differing} }; run `vadbench train` on these features"
        )
