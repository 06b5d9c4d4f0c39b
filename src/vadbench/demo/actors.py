"""What people and vehicles do in ordinary scenes: their figures at any time, in seconds from the start."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from vadbench.demo import poses
from vadbench.demo.cameras import WIDTH, Camera, Colour
from vadbench.demo.figures import Figure, Look, bicycle, car, person, waste_bin

NORMAL_ACTIVITIES = ("walk", "talk", "cycle", "car", "jog", "bend", "empty")
"""Ordinary activities; `empty` is a view with none of the others."""
CENTRE_VIEW = (45.0, 275.0)
"""Columns that survive the centre crop of CLIP's preprocessing, with a small margin."""
CAR_LENGTH = 1.25
"""Length of a car in heights of a person at the same depth."""


class Actor(Protocol):
    """Something that moves or stands in a scene."""

    @property
    def depth(self) -> float:
        """Row of the feet: actors further down are drawn later."""

    def figures(self, t: float, /) -> list[Figure]:
        """What to draw at `t` seconds, back to front."""

    def activity(self, t: float, /) -> str | None:
        """What a caption would say about it at `t` seconds; None for furniture."""


@dataclass(frozen=True)
class Track:
    """Steady movement across the picture; who leaves on one side comes back on the other after a while."""

    facing: int
    speed: float
    """Pixels per second."""
    offset: float
    period: float
    margin: float
    """How far outside the picture it turns up and disappears, pixels."""

    def x(self, t: float) -> float:
        """Column at `t` seconds."""
        run = (self.offset + self.speed * t) % self.period - self.margin
        return run if self.facing > 0 else WIDTH - run


@dataclass(frozen=True)
class Walker:
    """A person crossing the view, walking or jogging."""

    depth: float
    height: float
    look: Look
    track: Track
    phase: float
    gait: Literal["walk", "jog"] = "walk"

    def figures(self, t: float) -> list[Figure]:
        pose = poses.walking(self.phase + 6 * t) if self.gait == "walk" else poses.jogging(self.phase + 9 * t)
        return [person(self.track.x(t), self.depth, self.height, self.track.facing, pose, self.look)]

    def activity(self, _t: float) -> str | None:
        return self.gait


@dataclass(frozen=True)
class Talkers:
    """People standing face to face, gesturing."""

    depth: float
    height: float
    looks: tuple[Look, ...]
    x: float
    gap: float
    """Distance between neighbours, pixels."""
    phase: float

    def figures(self, t: float) -> list[Figure]:
        middle = (len(self.looks) - 1) / 2
        drawn = []
        for i, look in enumerate(self.looks):
            facing = 1 if i <= middle - 0.5 else -1
            pose = poses.standing(self.phase + 3 * i + 2 * t, gesture=1.0)
            drawn.append(
                person(self.x + (i - middle) * self.gap, self.depth, self.height, facing, pose, look)
            )
        return drawn

    def activity(self, _t: float) -> str | None:
        return "talk"


@dataclass(frozen=True)
class Bender:
    """A person bending down to the ground and half up again."""

    depth: float
    height: float
    look: Look
    x: float
    facing: int
    phase: float

    def figures(self, t: float) -> list[Figure]:
        pose = poses.bending(0.72 + 0.28 * math.sin(self.phase + t))
        return [person(self.x, self.depth, self.height, self.facing, pose, self.look)]

    def activity(self, _t: float) -> str | None:
        return "bend"


@dataclass(frozen=True)
class Cyclist:
    """A person riding across the view."""

    depth: float
    height: float
    look: Look
    frame: Colour
    track: Track

    def figures(self, t: float) -> list[Figure]:
        x, facing = self.track.x(t), self.track.facing
        seat = (x - facing * 0.1 * self.height, self.depth - 0.12 * self.height)
        rider = person(*seat, 0.9 * self.height, facing, poses.riding(7 * t), self.look, roll=1e-6)
        return [bicycle(x, self.depth, self.height, facing, self.frame), rider]

    def activity(self, _t: float) -> str | None:
        return "cycle"


@dataclass(frozen=True)
class Car:
    """A car driving through, or parked where its track has no speed."""

    depth: float
    length: float
    colour: Colour
    track: Track

    def figures(self, t: float) -> list[Figure]:
        return [car(self.track.x(t), self.depth, self.length, self.track.facing, self.colour)]

    def activity(self, _t: float) -> str | None:
        return "car"


@dataclass(frozen=True)
class Bin:
    """A waste bin."""

    depth: float
    x: float
    size: float

    def figures(self, _t: float) -> list[Figure]:
        return [waste_bin(self.x, self.depth, self.size)]

    def activity(self, _t: float) -> str | None:
        return None


class Casting:
    """Draws actors for one camera from a random stream; standing ones keep away from the column `avoid`."""

    def __init__(self, view: Camera, rng: np.random.Generator, avoid: float | None = None) -> None:
        self.view, self.rng, self.avoid = view, rng, avoid

    def uniform(self, low: float, high: float) -> float:
        """A float from the stream."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True with probability `share`."""
        return bool(self.rng.random() < share)

    def side(self) -> int:
        """1 or -1."""
        return 1 if self.chance(0.5) else -1

    def look(self) -> Look:
        """Clothes, skin and hair of a person."""
        skin = self.uniform(95, 225)
        return Look(
            shirt=self.colour(25, 225),
            trousers=self.colour(15, 130),
            skin=(int(skin), int(0.78 * skin), int(0.62 * skin)),
            hair=self.colour(10, 90),
        )

    def colour(self, low: int, high: int) -> Colour:
        """Channels drawn apart from one another."""
        red, green, blue = (int(value) for value in self.rng.integers(low, high, 3))
        return red, green, blue

    def foot_row(self) -> float:
        """A row where a person may stand: mostly behind the lane, sometimes anywhere in front of it."""
        top = self.view.nearest_visible_row()
        if self.chance(0.5):
            return self.uniform(top, max(top + 12, self.view.lane[0] + 12))
        return self.uniform(top, 234)

    def event_row(self) -> float:
        """A row near enough that what happens there is seen well."""
        top = self.view.nearest_visible_row()
        return self.uniform(top + 0.15 * (228 - top), 228)

    def lane_row(self) -> float:
        """A row where a vehicle may drive."""
        low, high = self.view.lane
        return self.uniform(low + 0.45 * (high - low), high - 2)

    def person_height(self, row: float) -> float:
        """Height of a grown person at `row`, pixels."""
        return self.view.person_height(row) * self.uniform(0.94, 1.08)

    def stand(self, margin: float, distance: float = 75) -> float:
        """A column inside the centre view, `distance` pixels away from `avoid` where possible."""
        low, high = CENTRE_VIEW[0] + margin, CENTRE_VIEW[1] - margin
        x = self.uniform(low, high)
        for _ in range(8):
            if self.avoid is None or abs(x - self.avoid) > distance:
                break
            x = self.uniform(low, high)
        return x

    def track(self, speed: float, margin: float) -> Track:
        """A track that starts anywhere; `speed` in pixels per second, 0 stands still in the centre view."""
        facing = self.side()
        if speed == 0:
            x = self.stand(20, distance=110)
            return Track(facing, 0.0, x + margin if facing > 0 else WIDTH - x + margin, 1e9, margin)
        length = WIDTH + 2 * margin
        return Track(facing, speed, self.uniform(0, length), length + self.uniform(0, 100), margin)

    def walker(self, gait: Literal["walk", "jog"] = "walk") -> Walker:
        """A person crossing the view."""
        row = self.foot_row()
        height = self.person_height(row)
        pace = 0.75 if gait == "walk" else 1.5
        track = self.track(pace * height * self.uniform(0.8, 1.2), margin=45)
        return Walker(row, height, self.look(), track, self.uniform(0, 6), gait)

    def talkers(self, number: int) -> Talkers:
        """People standing together."""
        row = self.foot_row()
        height = self.person_height(row)
        looks = tuple(self.look() for _ in range(number))
        gap = self.uniform(0.44, 0.62) * height
        return Talkers(row, height, looks, self.stand(35), gap, self.uniform(0, 9))

    def bender(self) -> Bender:
        """A person who picks something up."""
        row = self.foot_row()
        return Bender(
            row, self.person_height(row), self.look(), self.stand(25), self.side(), self.uniform(0, 6)
        )

    def cyclist(self) -> Cyclist:
        """A person on a bicycle."""
        row = self.foot_row()
        height = self.person_height(row)
        track = self.track(2.0 * height * self.uniform(0.8, 1.2), margin=60)
        return Cyclist(row, height, self.look(), self.colour(25, 225), track)

    def car(self, parked: bool) -> Car:
        """A car in the lane."""
        row = self.lane_row()
        length = CAR_LENGTH * self.view.person_height(row)
        speed = 0.0 if parked else length * self.uniform(0.35, 1.0)
        return Car(row, length, self.colour(30, 225), self.track(speed, margin=90))

    def bin(self) -> Bin:
        """A waste bin on the ground."""
        row = self.foot_row()
        return Bin(row, self.stand(20), self.uniform(0.55, 0.95) * self.view.person_height(row))

    def calm_crowd(self) -> list[Actor]:
        """Six to nine people who stand about or walk, as before a panic."""
        crowd: list[Actor] = [self.talkers(2) for _ in range(self.rng.integers(1, 3))]
        return crowd + [self.walker() for _ in range(self.rng.integers(3, 6))]
