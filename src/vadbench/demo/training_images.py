"""Renders the images that the demo's CLIP learns from, with what every token of them shows.

Cameras of training, of the held-out images and of the benchmark have different numbers.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vadbench.demo.backgrounds import background
from vadbench.demo.cameras import AREAS, HEIGHT, PLACES, WIDTH, camera
from vadbench.demo.events import ACTIVITIES, EVENT_CLASSES
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.scenes import Scene, build_scene

IMAGE_SIZE, PATCH = 128, 16
GRID = IMAGE_SIZE // PATCH
TRAINING_CAMERAS = range(1000, 3000)
HELD_OUT_CAMERAS = range(500, 560)
SCENE_FRAMES = 180

_TRAINING_STREAM = 99
_EVENT_SHARES = {"fighting": 0.27, "fire": 0.13, "accident": 0.17, "fall": 0.25, "panic": 0.18}
"""How often an event scene is of a class: those that are told by small poses more often."""
_FOCUSES = ("walk", "talk", "cycle", "car", "jog", "bend", "empty", "bin", "cars", "crowd")
_FOCUS_SHARES = (0.14, 0.15, 0.10, 0.08, 0.15, 0.13, 0.08, 0.03, 0.05, 0.09)
_LEAST_SHARE = 0.005
"""An activity is in view where it covers this share of it."""

View = tuple[int, int, int, int]
"""Left, top, width, height of a cut-out of the frame, pixels."""
CENTRE: View = ((WIDTH - HEIGHT) // 2, 0, HEIGHT, HEIGHT)
WHOLE: View = (0, 0, WIDTH, HEIGHT)


@dataclass(frozen=True)
class LabelledImages:
    """Images with what their tokens show; n images, a grid of 8 x 8 tokens, 12 activities.

    Attributes:
        pixels: (n, 128, 128, 3) uint8 RGB.
        coverage: (n, 12, 8, 8) uint8, the share of a token's pixels that belongs to an activity, times 255.
        areas: (n, 8, 8) uint8, the part of the background that most of a token shows, an index into AREAS.
        places: (n,) uint8, an index into PLACES.
    """

    pixels: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    areas: NDArray[np.uint8]
    places: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.places)


def render_training_images(cameras: range, scenes: int, workers: int) -> LabelledImages:
    """Images of `scenes` scenes before each of `cameras`, two cut-outs of a frame of each."""
    jobs = partial(_camera_images, scenes=scenes)
    if workers <= 1:
        return _joined(map(jobs, cameras), capacity=2 * scenes * len(cameras))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        return _joined(pool.map(jobs, cameras, chunksize=8), capacity=2 * scenes * len(cameras))


def visible_activities(coverage: NDArray[np.uint8]) -> list[str]:
    """Activities that cover enough of a whole view; `coverage` (12, 8, 8) as in LabelledImages."""
    shares = coverage.mean(axis=(1, 2)) / 255
    return [name for name, share in zip(ACTIVITIES, shares, strict=True) if share >= _LEAST_SHARE]


def main_area(areas: NDArray[np.uint8]) -> str | None:
    """The part of the background that fills at least half of some tokens; None where there is no such."""
    amounts = np.bincount(areas.ravel(), minlength=len(AREAS))
    return AREAS[int(amounts.argmax())] if amounts.max() >= 0.5 * areas.size else None


def cut_out(
    frame: NDArray[np.uint8], labels: NDArray[np.uint8], areas: NDArray[np.uint8], view: View
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """A view of a frame at the model's size: pixels (resized as open_clip does), coverage, main areas."""
    left, top, width, height = view
    part = (slice(top, top + height), slice(left, left + width))
    image = Image.fromarray(frame[part]).resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC)
    return np.asarray(image), _shares(labels[part]), _main_areas(areas[part])


def _camera_images(camera_seed: int, scenes: int) -> LabelledImages:
    """The training images of one camera."""
    rng = np.random.default_rng([_TRAINING_STREAM, camera_seed])
    areas, place = background(camera_seed).areas, PLACES.index(camera(camera_seed).place)
    pixels, coverages, area_grids = [], [], []
    for number in range(scenes):
        scene, index = training_scene(camera_seed, number, rng)
        frame, labels = SceneRenderer(scene).frame_with_activities(index)
        if rng.random() < 0.5:
            frame = _through_jpeg(frame, int(rng.integers(25, 85)))
        for view in (CENTRE if rng.random() < 0.65 else WHOLE, _zoom(labels, rng)):
            image, coverage, grid = cut_out(frame, labels, areas, view)
            if _is_clear(coverage):
                pixels.append(image)
                coverages.append(coverage)
                area_grids.append(grid)
    places = np.full(len(pixels), place, np.uint8)
    return LabelledImages(np.stack(pixels), np.stack(coverages), np.stack(area_grids), places)


def training_scene(camera_seed: int, number: int, rng: np.random.Generator) -> tuple[Scene, int]:
    """A scene and the frame of it to look at."""
    busy = float(rng.choice([0.0, 0.5, 1.0, 1.0]))
    if rng.random() < 0.55:
        name = str(rng.choice(EVENT_CLASSES, p=[_EVENT_SHARES[name] for name in EVENT_CLASSES]))
        start, end = 45, 135
        scene = build_scene(camera_seed, number, (name, start, end), busy=busy)
        inside = rng.random() < 0.85
        frame = (
            rng.integers(start + 3, end - 4)
            if inside
            else rng.choice([*range(start), *range(end, SCENE_FRAMES)])
        )
        return scene, int(frame)
    focus = str(rng.choice(_FOCUSES, p=_FOCUS_SHARES))
    scene = build_scene(camera_seed, number, busy=0.0 if focus == "empty" else busy, focus=focus)
    return scene, int(rng.integers(0, SCENE_FRAMES))


def _zoom(labels: NDArray[np.uint8], rng: np.random.Generator) -> View:
    """A square cut-out, mostly around a pixel of somebody; events before others."""
    side = int(rng.integers(100, 200))
    centre = (rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH))
    if rng.random() < 0.85:
        event = (labels > 0) & (labels <= len(EVENT_CLASSES))
        rows, columns = np.nonzero(event if event.any() else labels)
        if len(rows):
            pick = rng.integers(len(rows))
            shift = rng.uniform(-0.25, 0.25, 2) * side
            centre = (rows[pick] + shift[0], columns[pick] + shift[1])
    top = int(np.clip(centre[0] - side / 2, 0, HEIGHT - side))
    return int(np.clip(centre[1] - side / 2, 0, WIDTH - side)), top, side, side


def _is_clear(coverage: NDArray[np.uint8]) -> bool:
    """Whether every event is either in view or not at all: a corner of one would be a wrong caption."""
    shares = coverage[: len(EVENT_CLASSES)].mean(axis=(1, 2)) / 255
    return not bool(((shares > 0.0008) & (shares < _LEAST_SHARE)).any())


def _shares(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(12, 8, 8): share of each token's pixels that belongs to each activity, times 255."""
    small = cv2.resize(labels, (IMAGE_SIZE // 2, IMAGE_SIZE // 2), interpolation=cv2.INTER_NEAREST)
    cells = np.asarray(small).reshape(GRID, PATCH // 2, GRID, PATCH // 2)
    hot = cells[None] == np.arange(1, len(ACTIVITIES) + 1)[:, None, None, None, None]
    shares: NDArray[np.float64] = 255 * hot.mean(axis=(2, 4))
    return shares.astype(np.uint8)


def _main_areas(areas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    small = cv2.resize(areas, (IMAGE_SIZE // 2, IMAGE_SIZE // 2), interpolation=cv2.INTER_NEAREST)
    cells = np.asarray(small).reshape(GRID, PATCH // 2, GRID, PATCH // 2)
    amounts = (cells[None] == np.arange(len(AREAS))[:, None, None, None, None]).sum(axis=(2, 4))
    return np.asarray(amounts.argmax(axis=0), np.uint8)


def _through_jpeg(frame: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    _, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _joined(parts: Iterator[LabelledImages], capacity: int) -> LabelledImages:
    """All parts in one, filled in place to hold the images in memory once."""
    pixels = np.empty((capacity, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
    coverage = np.empty((capacity, len(ACTIVITIES), GRID, GRID), np.uint8)
    areas, places = np.empty((capacity, GRID, GRID), np.uint8), np.empty(capacity, np.uint8)
    used = 0
    for part in parts:
        rows = slice(used, used + len(part))
        pixels[rows], coverage[rows] = part.pixels, part.coverage
        areas[rows], places[rows] = part.areas, part.places
        used += len(part)
    return LabelledImages(pixels[:used], coverage[:used], areas[:used], places[:used])


def _one_thread() -> None:
    cv2.setNumThreads(1)
