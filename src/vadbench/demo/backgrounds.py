"""What a camera sees when nobody is there: the background, and which pixel shows sky, road or wall."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vadbench.demo.cameras import AREAS, HEIGHT, WIDTH, Camera, Colour, camera

_BACKGROUND_STREAM = 13  # first word of every background's random stream


@dataclass(frozen=True)
class Background:
    """A painted view: `image` (240, 320, 3) uint8 RGB and `areas` (240, 320) uint8, an index into AREAS."""

    image: NDArray[np.uint8]
    areas: NDArray[np.uint8]


@lru_cache(maxsize=16)
def background(camera_seed: int) -> Background:
    """The background of a camera, from its seed."""
    return _Painter(camera(camera_seed)).paint()


class _Painter:
    """Paints one background; every stroke is drawn into the picture and into the map of areas."""

    def __init__(self, view: Camera) -> None:
        self.view = view
        self.rng = np.random.default_rng([_BACKGROUND_STREAM, view.seed])
        self.image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        self.areas = np.zeros((HEIGHT, WIDTH), np.uint8)
        self.ground = self._tinted(self.rng.uniform(85, 165), 8)

    def paint(self) -> Background:
        """Everything from back to front, then the texture over all of it."""
        place = self.view.place
        if place == "garage":
            self._interior()
        else:
            self._sky()
            if place in ("street", "plaza"):
                self._buildings()
            elif place == "parking":
                self._long_wall()
            self._floor()
            self._trees()
        self._signs()
        return Background(self._textured(), self.areas)

    def _sky(self) -> None:
        brightness = self.rng.uniform(70, 215)
        colour = (int(0.86 * brightness), int(0.93 * brightness), int(min(255, 1.05 * brightness)))
        self._rect("sky", 0, 0, WIDTH, self.view.horizon, colour)

    def _buildings(self) -> None:
        left = -int(self.rng.uniform(0, 30))
        while left < WIDTH:
            right = left + int(self.rng.uniform(45, 115))
            top = int(self.view.horizon * self.rng.uniform(0.0, 0.55))
            self._rect(
                "building", left, top, right, self.view.horizon, self._tinted(self.rng.uniform(70, 195), 14)
            )
            self._windows(left, right, top)
            if self.rng.random() < 0.6:
                self._door(left + int(self.rng.uniform(6, 20)))
            left = right

    def _windows(self, left: int, right: int, top: int) -> None:
        across, down = int(self.rng.uniform(14, 24)), int(self.rng.uniform(18, 26))
        for x in range(left + 6, right - 12, across):
            for y in range(top + 6, self.view.horizon - 16, down):
                light = int(self.rng.uniform(30, 205))
                warm = self.rng.random() < 0.15
                colour = (light, int(light * (0.8 if warm else 1.0)), int(light * (0.45 if warm else 1.0)))
                cv2.rectangle(self.image, (x, y), (x + 8, y + 11), colour, -1)

    def _long_wall(self) -> None:
        top = int(self.view.horizon * self.rng.uniform(0.15, 0.5))
        self._rect("wall", 0, top, WIDTH, self.view.horizon, self._tinted(self.rng.uniform(80, 185), 10))
        for x in range(int(self.rng.uniform(0, 40)), WIDTH, int(self.rng.uniform(36, 70))):
            cv2.line(self.image, (x, top), (x, self.view.horizon), self._darker(self.image[top, x], 0.85), 1)
        left = int(self.rng.uniform(10, WIDTH - 80))
        self._rect(
            "blank",
            left,
            top + 4,
            left + int(self.rng.uniform(40, 70)),
            self.view.horizon - 6,
            (198, 198, 194),
        )
        self._door(int(self.rng.uniform(10, WIDTH - 30)))

    def _floor(self) -> None:
        view, place = self.view, self.view.place
        area = "grass" if place == "park" else "ground"
        colour = self._grass() if place == "park" else self.ground
        self._rect(area, 0, view.horizon, WIDTH, HEIGHT, colour)
        if place == "plaza":
            self._perspective_lines(self._darker(np.array(colour), 0.84))
            return
        if place != "park" and self.rng.random() < 0.5:
            self._rect("grass", 0, int(view.lane[1]), WIDTH, HEIGHT, self._grass())
        top, bottom = int(view.lane[0]), int(view.lane[1])
        grey = int(np.clip(0.62 * np.mean(self.ground), 30, 150))
        self._rect("road", 0, top, WIDTH, bottom, (grey, grey, grey + 2))
        if place == "parking":
            for x in range(int(self.rng.integers(0, 40)), WIDTH + 40, 44):
                cv2.line(self.image, (x, top), (x - 16, top + 30), (205, 205, 192), 2, cv2.LINE_AA)
        elif place == "street":
            middle = (top + bottom) // 2
            for x in range(int(self.rng.integers(0, 20)), WIDTH, 40):
                cv2.line(self.image, (x, middle), (x + 18, middle), (205, 205, 192), 2)

    def _trees(self) -> None:
        number = {"street": 2, "plaza": 3, "parking": 2, "park": 5}[self.view.place]
        for _ in range(self.rng.integers(0, number + 1) + (self.view.place == "park")):
            x, foot = int(self.rng.uniform(0, WIDTH)), self.view.horizon + int(self.rng.uniform(0, 12))
            cv2.rectangle(self.image, (x - 2, foot - 30), (x + 2, foot), (74, 58, 44), -1)
            green = self._grass(0.75)
            for _ in range(7):
                centre = (x + int(self.rng.normal(0, 10)), foot - 34 + int(self.rng.normal(0, 9)))
                shade = self._darker(np.array(green), self.rng.uniform(0.8, 1.15))
                radius = int(self.rng.uniform(8, 15))
                cv2.circle(self.image, centre, radius, shade, -1, cv2.LINE_AA)
                cv2.circle(self.areas, centre, radius, AREAS.index("tree"), -1)

    def _interior(self) -> None:
        horizon = self.view.horizon
        self._rect("wall", 0, 0, WIDTH, horizon, self._tinted(self.rng.uniform(95, 190), 10))
        self._rect("floor tile", 0, horizon, WIDTH, HEIGHT, self.ground)
        self._perspective_lines(self._darker(np.array(self.ground), 0.8))
        left = int(self.rng.uniform(0, 30))
        while left < WIDTH - 30:
            kind = str(self.rng.choice(["door", "cabinet", "desk", "chair", "blank", "wall"]))
            left += self._furniture(kind, left) + int(self.rng.uniform(6, 26))

    def _furniture(self, kind: str, left: int) -> int:
        """Put a piece against the back wall; returns its width in pixels."""
        foot, wood = self.view.horizon + 3, self._tinted(self.rng.uniform(60, 130), 14)
        if kind == "door":
            return self._door(left)
        if kind == "cabinet":
            self._rect("cabinet", left, foot - 46, left + 34, foot, wood)
            for shelf in (12, 24, 36):
                cv2.line(self.image, (left, foot - shelf), (left + 34, foot - shelf), (40, 38, 36), 1)
            return 34
        if kind == "desk":
            self._rect("desk", left, foot - 20, left + 48, foot - 14, wood)
            for leg in (left + 2, left + 43):
                self._rect("desk", leg, foot - 14, leg + 4, foot + 4, wood)
            return 48
        if kind == "chair":
            self._rect("chair", left, foot - 26, left + 5, foot + 4, wood)
            self._rect("chair", left, foot - 12, left + 18, foot - 7, wood)
            self._rect("chair", left + 14, foot - 7, left + 18, foot + 4, wood)
            return 18
        if kind == "blank":
            self._rect("blank", left, 6, left + 52, foot - 18, (202, 202, 198))
            return 52
        return 20

    def _door(self, left: int) -> int:
        foot, colour = self.view.horizon, self._tinted(self.rng.uniform(45, 120), 16)
        self._rect("door", left, foot - 34, left + 19, foot, colour)
        cv2.rectangle(
            self.image, (left, foot - 34), (left + 19, foot), self._darker(np.array(colour), 0.6), 1
        )
        cv2.circle(self.image, (left + 15, foot - 16), 1, (220, 215, 180), -1)
        return 20

    def _signs(self) -> None:
        """Coloured signs, some of them orange like a fire."""
        for _ in range(self.rng.integers(1, 4)):
            x = int(self.rng.uniform(0, WIDTH - 30))
            y = int(self.rng.uniform(0, max(4, self.view.horizon - 14)))
            red, green, blue = (int(value) for value in self.rng.integers(40, 220, 3))
            colour = (235, 130, 40) if self.rng.random() < 0.4 else (red, green, blue)
            corner = (x + int(self.rng.uniform(10, 32)), y + int(self.rng.uniform(6, 16)))
            cv2.rectangle(self.image, (x, y), corner, colour, -1)

    def _perspective_lines(self, colour: Colour) -> None:
        horizon = self.view.horizon
        for k in range(9):
            y = int(horizon + (HEIGHT - horizon) * (k / 8) ** 1.7)
            cv2.line(self.image, (0, y), (WIDTH, y), colour, 1, cv2.LINE_AA)
        for x in range(-400, WIDTH + 400, 46):
            far = (WIDTH // 2 + (x - WIDTH // 2) // 3, horizon)
            cv2.line(self.image, far, (x, HEIGHT), colour, 1, cv2.LINE_AA)

    def _textured(self) -> NDArray[np.uint8]:
        shade = np.ones((HEIGHT, 1, 1), np.float32)
        shade[self.view.horizon :, 0, 0] = np.linspace(0.86, 1.14, HEIGHT - self.view.horizon)
        picture = self.image * shade
        for cell, amplitude in ((24, 7), (6, 5), (2, 4)):
            grain = self.rng.normal(0, amplitude, (HEIGHT // cell, WIDTH // cell)).astype(np.float32)
            picture += cv2.resize(grain, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]
        textured: NDArray[np.uint8] = np.clip(picture, 0, 255).astype(np.uint8)
        return textured

    def _rect(self, area: str, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        left, top, right, bottom = max(0, left), max(0, top), min(WIDTH, right), min(HEIGHT, bottom)
        self.image[top:bottom, left:right] = colour
        self.areas[top:bottom, left:right] = AREAS.index(area)

    def _tinted(self, level: float, spread: float) -> Colour:
        red, green, blue = (int(np.clip(level + value, 20, 235)) for value in self.rng.normal(0, spread, 3))
        return red, green, blue

    def _grass(self, factor: float = 1.0) -> Colour:
        level = self.rng.uniform(85, 140) * factor
        return int(0.72 * level), int(level), int(0.48 * level)

    @staticmethod
    def _darker(colour: NDArray[np.integer], factor: float) -> Colour:
        red, green, blue = (int(min(255, value * factor)) for value in colour)
        return red, green, blue
