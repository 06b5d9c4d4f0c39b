"""Cameras of the demo: where they look, how large people appear, what stands in front, light and noise.

A camera is a handful of numbers drawn from its seed; `backgrounds.py` paints what it sees.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

WIDTH, HEIGHT = 320, 240
"""Size of a frame in pixels."""
FPS = 15
"""Frames per second of every video."""

Place = Literal["street", "plaza", "parking", "park", "garage"]
PLACES: tuple[Place, ...] = ("street", "plaza", "parking", "park", "garage")
AREAS = (
    "sky",
    "ground",
    "road",
    "grass",
    "building",
    "wall",
    "tree",
    "floor tile",
    "desk",
    "cabinet",
    "chair",
    "door",
    "blank",
)
"""Parts of a background: the 13 background texts of STPrompt, section 3.3, without "a picture of"."""

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

_CAMERA_STREAM = 11  # first word of every camera's random stream


@dataclass(frozen=True)
class Pole:
    """A post in front of the scene, from the top of the picture to its bottom (pixels)."""

    left: int
    width: int
    colour: Colour


@dataclass(frozen=True)
class Camera:
    """A fixed camera. Rows and sizes are in pixels of the 320 x 240 frame."""

    seed: int
    place: Place
    horizon: int
    """Row where the ground begins."""
    far_height: float
    near_height: float
    """Height of a person whose feet stand on the horizon, and on the lowest row."""
    lane: tuple[float, float]
    """Rows between which vehicles drive."""
    poles: tuple[Pole, ...]
    rail: int | None
    """Row of a hand rail in front of the scene."""
    gain: float
    drift: float
    """Mean brightness, and by which share it slowly swings."""
    cast: tuple[float, float, float] | None
    """Factors of the three channels; None is a monochrome camera."""
    noise: float
    """Standard deviation of the sensor noise, grey levels."""
    soft: bool
    """Slightly out of focus."""

    def person_height(self, row: float) -> float:
        """Height in pixels of a person whose feet are on `row`."""
        depth = (row - self.horizon) / (HEIGHT - self.horizon)
        return self.far_height + (self.near_height - self.far_height) * depth

    def nearest_visible_row(self) -> float:
        """The highest row for feet at which a person's head is still in the picture."""
        row = float(self.horizon + 14)
        while row - 1.04 * self.person_height(row) < 4:
            row += 1
        return row


@lru_cache(maxsize=64)
def camera(seed: int) -> Camera:
    """The camera with this number; neighbouring numbers look at different kinds of places.

    >>> camera(0).place, camera(5).place
    ('street', 'street')
    """
    rng = np.random.default_rng([_CAMERA_STREAM, seed])
    horizon = int(HEIGHT * rng.uniform(0.20, 0.34))
    ground = HEIGHT - horizon
    poles = tuple(_pole(rng) for _ in range(rng.integers(0, 3)))
    rail = int(HEIGHT * rng.uniform(0.90, 0.96)) if rng.random() < 0.2 else None
    red, green, blue = (float(value) for value in 1 + rng.normal(0, 0.04, 3))
    return Camera(
        seed=seed,
        place=PLACES[seed % len(PLACES)],
        horizon=horizon,
        far_height=float(rng.uniform(56, 68)),
        near_height=float(rng.uniform(112, 138)),
        lane=(
            horizon + ground * float(rng.uniform(0.36, 0.46)),
            horizon + ground * float(rng.uniform(0.84, 0.97)),
        ),
        poles=poles,
        rail=rail,
        gain=float(rng.uniform(0.70, 1.12)),
        drift=float(rng.uniform(0.02, 0.10)),
        cast=None if rng.random() < 0.08 else (red, green, blue),
        noise=float(rng.uniform(2, 6)),
        soft=bool(rng.random() < 0.3),
    )


def _pole(rng: np.random.Generator) -> Pole:
    red, green, blue = (int(value) for value in rng.integers(35, 130, 3))
    return Pole(left=int(rng.uniform(0, WIDTH)), width=int(rng.uniform(4, 10)), colour=(red, green, blue))
