"""Video-level class labels as vectors."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError


def class_targets(videos: Iterable[str], annotations: Annotations, classes: Sequence[str]) -> Tensor:
    """(B, 1 + C) float32: 1 for each class of a video, several where it has several; a normal video's is
    index 0.

    classes: `normal` first, as the benchmark's texts name them.

    Raises:
        VadbenchError: a training video has no label, or one of a class without text.
    """
    return torch.tensor([_target(video, annotations, classes) for video in videos])


def _target(video: str, annotations: Annotations, classes: Sequence[str]) -> list[float]:
    abnormal = annotations.is_abnormal(video)
    occurring = set(annotations.videos[video].classes or ()) if abnormal else {classes[0]}
    if unknown := occurring - set(classes):
        raise VadbenchError(
            f"{annotations.benchmark}: the training video {video} is of the class {min(unknown)}, which has "
            f"no text; texts.labels has {', '.join(classes)}: add a text for it"
        )
    return [float(name in occurring) for name in classes]
