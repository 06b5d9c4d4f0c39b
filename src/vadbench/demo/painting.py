"""From a scene to pixels: draws figures on the background, then poles, light, focus and sensor noise."""

import math
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vadbench.demo.backgrounds import background
from vadbench.demo.cameras import FPS, HEIGHT, WIDTH, Camera
from vadbench.demo.events import ACTIVITIES
from vadbench.demo.figures import Disc, Figure, Line, Oval, Polygon, Shape
from vadbench.demo.scenes import Scene

_SHIFT = 3  # OpenCV takes coordinates in eighths of a pixel
_UNIT = 1 << _SHIFT
_NOISE_SEED = 7
_NOISE_PAGES, _NOISE_ROOM = 8, 64


class SceneRenderer:
    """Renders frames of one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._background = background(scene.view.seed).image
        self._noise = _noise_pages(scene.view.noise)

    def frame(self, index: int, with_event: bool = True) -> NDArray[np.uint8]:
        """Frame `index` as (240, 320, 3) uint8 RGB."""
        image = self._background.copy()
        for _, figure in self.scene.figures(index, with_event):
            draw(image, figure)
        _draw_foreground(image, self.scene.view)
        return self._exposed(image, index)

    def frame_with_activities(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Frame `index`, and per pixel 1 + the index in ACTIVITIES of what it shows, 0 for background."""
        frame, numbers, _ = self.frame_with_figures(index)
        shown = [activity for activity, _ in self.scene.figures(index)]
        labels = [0, *(0 if activity is None else 1 + ACTIVITIES.index(activity) for activity in shown)]
        return frame, np.array(labels, np.uint8)[numbers]

    def frame_with_figures(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.intp], list[int]]:
        """Frame `index`; per pixel 1 + the number of the figure it shows; how many pixels each figure drew.

        Figures are numbered as `Scene.figures` has them; 0 is background, pole or rail. Of what a figure drew
        others may have covered a part.
        """
        image = self._background.copy()
        numbers = np.zeros((HEIGHT, WIDTH), np.intp)
        drawn = []
        for number, (_, figure) in enumerate(self.scene.figures(index), start=1):
            region = _region(figure)
            before = image[region].copy()
            draw(image, figure)
            changed = (image[region] != before).any(axis=2)
            numbers[region][changed] = number
            drawn.append(int(changed.sum()))
        before = image.copy()
        _draw_foreground(image, self.scene.view)
        numbers[(image != before).any(axis=2)] = 0
        return self._exposed(image, index), numbers, drawn

    def _exposed(self, image: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """What the sensor makes of the picture: focus, light, colour cast and noise."""
        view, seed = self.scene.view, self.scene.seed
        picture: Any = image  # OpenCV's own types differ between its versions
        if view.soft:
            picture = cv2.GaussianBlur(picture, (3, 3), 0.7)
        if view.cast is None:
            picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        gain = np.array(view.cast or (1.0, 1.0, 1.0)) * _brightness(view, seed, index / FPS)
        table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)[None]
        place = np.random.default_rng([seed, index]).integers(0, [_NOISE_PAGES, _NOISE_ROOM, _NOISE_ROOM])
        page, top, left = (int(value) for value in place)
        noise = self._noise[page, top : top + HEIGHT, left : left + WIDTH]
        picture = cv2.LUT(picture, table)
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)


def draw(image: NDArray[np.uint8], figure: Figure) -> None:
    """Draw a figure into an RGB image, in place."""
    if figure.opacity == 1:
        for shape in figure.shapes:
            _draw_shape(image, shape)
        return
    region = _region(figure)
    if image[region].size == 0:
        return
    clear = image[region].copy()
    for shape in figure.shapes:
        _draw_shape(image, shape)
    image[region] = cv2.addWeighted(image[region], figure.opacity, clear, 1 - figure.opacity, 0)


def _draw_shape(image: NDArray[np.uint8], shape: Shape) -> None:
    if isinstance(shape, Line):
        ends = _fixed(shape.x0, shape.y0), _fixed(shape.x1, shape.y1)
        cv2.line(image, *ends, shape.colour, max(1, round(shape.width)), cv2.LINE_AA, _SHIFT)
    elif isinstance(shape, Disc):
        width = max(1, round(shape.ring)) if shape.ring else -1
        radius = int(shape.radius * _UNIT)
        cv2.circle(image, _fixed(shape.x, shape.y), radius, shape.colour, width, cv2.LINE_AA, _SHIFT)
    elif isinstance(shape, Oval):
        axes = _fixed(shape.half_width, shape.half_height)
        centre = _fixed(shape.x, shape.y)
        cv2.ellipse(image, centre, axes, 0, 0, 360, shape.colour, -1, cv2.LINE_AA, _SHIFT)
    elif isinstance(shape, Polygon):
        points = np.round(np.array(shape.points) * _UNIT).astype(np.int32)
        cv2.fillPoly(image, [points], shape.colour, cv2.LINE_AA, _SHIFT)


def _fixed(x: float, y: float) -> tuple[int, int]:
    return round(x * _UNIT), round(y * _UNIT)


def _region(figure: Figure) -> tuple[slice, slice]:
    """Rows and columns that a figure may touch."""
    left, top, right, bottom = figure.box()
    columns = slice(min(WIDTH, max(0, int(left) - 3)), min(WIDTH, max(0, int(right) + 4)))
    return slice(min(HEIGHT, max(0, int(top) - 3)), min(HEIGHT, max(0, int(bottom) + 4))), columns


def _draw_foreground(image: NDArray[np.uint8], view: Camera) -> None:
    """Poles and rail, in front of everybody."""
    for pole in view.poles:
        cv2.rectangle(image, (pole.left, 0), (pole.left + pole.width, HEIGHT), pole.colour, -1)
    if view.rail is not None:
        cv2.line(image, (0, view.rail), (WIDTH, view.rail), (60, 60, 66), 4)


def _brightness(view: Camera, seed: int, t: float) -> float:
    """Factor on the light: a slow swing, and in every third scene now and then a brighter second."""
    swing = 1 + view.drift * math.sin(0.5 * t + seed % 64)
    flash = seed % 3 == 0 and (0.23 * t + 0.37 * (seed % 64)) % 1 < 0.12
    return view.gain * swing * (1.10 if flash else 1.0)


@lru_cache(maxsize=2)
def _noise_pages(deviation: float) -> NDArray[np.int16]:
    """Noise of a standard deviation in grey levels, (pages, rows, columns, 3)."""
    return (_noise_bank() * deviation).astype(np.int16)


@lru_cache(maxsize=1)
def _noise_bank() -> NDArray[np.float32]:
    """Standard normal noise, larger than a frame, so that each frame shows another part of it."""
    shape = (_NOISE_PAGES, HEIGHT + _NOISE_ROOM, WIDTH + _NOISE_ROOM, 3)
    return np.random.default_rng(_NOISE_SEED).standard_normal(shape, dtype=np.float32)
