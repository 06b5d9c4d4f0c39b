"""How often the demo's CLIP finds the right caption for renders of cameras it never saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.demo.actors import NORMAL_ACTIVITIES
from vadbench.demo.backgrounds import background
from vadbench.demo.events import EVENT_CLASSES
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.scenes import build_scene
from vadbench.demo.texts import LABEL_TEXTS, PHRASES
from vadbench.demo.towers import image_embeddings, load_towers, text_embeddings
from vadbench.demo.training_images import (
    CENTRE,
    HELD_OUT_CAMERAS,
    SCENE_FRAMES,
    cut_out,
    visible_activities,
)

_HELD_OUT_STREAM = 57
_NORMAL_FOCUSES = (*NORMAL_ACTIVITIES, "cars", "crowd", "bin")
_EVENT = (45, 135)  # first frame of the event and first frame after it


@dataclass(frozen=True)
class HeldOutImages:
    """Held-out renders: pixels (n, 128, 128, 3) uint8, the class of each, the activities in view."""

    pixels: NDArray[np.uint8]
    classes: tuple[str, ...]
    visible: tuple[frozenset[str], ...]
    focuses: tuple[str, ...]
    """What each scene was made to show."""


@dataclass(frozen=True)
class HeldOutAccuracy:
    """Shares of held-out renders whose nearest caption is true."""

    images: int
    six_way: float
    """Normal or one of five events; half of the images are normal."""
    per_class: dict[str, float]
    per_activity: dict[str, float]
    """Among one text for each of 12 activities; a normal image is right with any activity in its view."""


@lru_cache(maxsize=1)
def held_out_images(cameras: range = HELD_OUT_CAMERAS) -> HeldOutImages:
    """Per camera ten event scenes and ten normal ones, a frame of each as CLIP's preprocessing sees it."""
    pixels, classes, visible, focuses = [], [], [], []
    for camera_seed in cameras:
        rng = np.random.default_rng([_HELD_OUT_STREAM, camera_seed])
        for number, focus in enumerate((*EVENT_CLASSES, *EVENT_CLASSES, *_NORMAL_FOCUSES)):
            abnormal = focus in EVENT_CLASSES
            if abnormal:
                scene = build_scene(camera_seed, number, (focus, *_EVENT))
                frame = int(rng.integers(*_EVENT))
            else:
                scene = build_scene(camera_seed, number, busy=float(focus != "empty"), focus=focus)
                frame = int(rng.integers(0, SCENE_FRAMES))
            areas = background(camera_seed).areas
            image, coverage, _ = cut_out(*SceneRenderer(scene).frame_with_activities(frame), areas, CENTRE)
            pixels.append(image)
            classes.append(focus if abnormal else "normal")
            visible.append(frozenset(visible_activities(coverage)) or frozenset(["empty"]))
            focuses.append(focus)
    return HeldOutImages(np.stack(pixels), tuple(classes), tuple(visible), tuple(focuses))


def held_out_accuracy(weights: Path) -> HeldOutAccuracy:
    """Accuracy of the model in a folder with clip.json and clip.safetensors, such as the packaged one."""
    towers = load_towers(weights)
    return accuracy_of(towers, lambda texts: text_embeddings(towers, texts))


def accuracy_of(towers: Any, encode_texts: Callable[[Sequence[str]], NDArray[np.float32]]) -> HeldOutAccuracy:
    """Accuracy of a CLIP in memory; `encode_texts` turns texts into unit vectors (n, D)."""
    images = held_out_images()
    embeddings = image_embeddings(towers, images.pixels)
    labels = [(name, text) for name, texts in LABEL_TEXTS.items() for text in texts]
    named = _nearest(embeddings, encode_texts([text for _, text in labels]), [name for name, _ in labels])
    right = np.array([name == truth for name, truth in zip(named, images.classes, strict=True)])
    activities = list(PHRASES)
    said = _nearest(embeddings, encode_texts([PHRASES[name][0] for name in activities]), activities)
    fits = np.array(
        [
            name in seen if truth == "normal" else name == truth
            for name, seen, truth in zip(said, images.visible, images.classes, strict=True)
        ]
    )
    return HeldOutAccuracy(
        images=len(right),
        six_way=float(right.mean()),
        per_class=_shares(right, images.classes, ("normal", *EVENT_CLASSES)),
        per_activity=_shares(fits, images.focuses, (*EVENT_CLASSES, *NORMAL_ACTIVITIES)),
    )


def _nearest(images: NDArray[np.float32], texts: NDArray[np.float32], names: Sequence[str]) -> list[str]:
    return [names[int(place)] for place in (images @ texts.T).argmax(axis=1)]


def _shares(right: NDArray[np.bool_], groups: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    labels = np.array(groups)
    return {name: float(right[labels == name].mean()) for name in names}
