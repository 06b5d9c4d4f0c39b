"""Which training step counts: the videos it is chosen on, and what is compared there."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import LabelledVideos
from vadbench.methods.layers.seeds import stream_generator
from vadbench.methods.layers.training import Moment
from vadbench.metrics import roc_auc

RowScores = Callable[[str], NDArray[np.float32]]
"""Row scores (T,) of a video id."""


def held_out(videos: LabelledVideos, share: float, seed: int) -> tuple[LabelledVideos, LabelledVideos]:
    """Split training videos into those that stay and those held out, each label by itself.

    round(share x n) videos of a label are held out, at least one, and at least one stays. Drawn by the seed.
    """
    normal_kept, normal_out = _drawn(videos.normal, share, seed, "normal", 0)
    abnormal_kept, abnormal_out = _drawn(videos.abnormal, share, seed, "abnormal", 1)
    return LabelledVideos(normal_kept, abnormal_kept), LabelledVideos(normal_out, abnormal_out)


def video_auc(videos: LabelledVideos, score: RowScores) -> float:
    """ROC AUC of telling abnormal from normal videos by the largest row score of each."""
    ids = [*videos.normal, *videos.abnormal]
    labels = np.repeat([False, True], [len(videos.normal), len(videos.abnormal)])
    return float(roc_auc(labels, np.array([score(video).max() for video in ids])))


def best_step(history: Sequence[Moment]) -> int:
    """Steps done at the moment whose watched value is largest; of equal ones the earliest."""
    watched = [(moment.watched, -moment.step) for moment in history if moment.watched is not None]
    return -max(watched)[1]


def _drawn(
    videos: tuple[str, ...], share: float, seed: int, kind: str, stratum: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if len(videos) < 2:
        raise VadbenchError(
            f"selection: held_out needs two {kind} training videos or more, here are {len(videos)}; "
            "write selection: last"
        )
    count = min(max(round(share * len(videos)), 1), len(videos) - 1)
    order = stream_generator(seed, "held_out", stratum).permutation(len(videos))
    out = {int(index) for index in order[:count]}
    return (
        tuple(video for index, video in enumerate(videos) if index not in out),
        tuple(video for index, video in enumerate(videos) if index in out),
    )
