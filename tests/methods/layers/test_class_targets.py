"""Class vectors of videos."""

import pytest

from vadbench.datasets import Annotations, VideoAnnotation
from vadbench.errors import VadbenchError
from vadbench.methods.layers.targets import class_targets

LABELS = {"calm": (), "one": ("fire",), "two": ("fall", "fire"), "odd": ("flood",), "unknown": None}
ANNOTATIONS = Annotations(
    benchmark="made",
    classes=("normal", "fall", "fire", "flood"),
    splits={},
    videos={name: VideoAnnotation(classes=classes) for name, classes in LABELS.items()},
)
CLASSES = ("normal", "fire", "fall")


def test_a_video_has_each_of_its_classes_or_is_normal() -> None:
    targets = class_targets(["two", "calm", "one"], ANNOTATIONS, CLASSES)
    assert targets.tolist() == [[0, 1, 1], [1, 0, 0], [0, 1, 0]]


def test_a_class_without_text_is_named() -> None:
    message = "made: the training video odd is of the class flood, which has no text; .* normal, fire, fall"
    with pytest.raises(VadbenchError, match=message):
        class_targets(["calm", "odd"], ANNOTATIONS, CLASSES)


def test_a_video_without_label_is_named() -> None:
    with pytest.raises(VadbenchError, match="video unknown has no label"):
        class_targets(["unknown"], ANNOTATIONS, CLASSES)
