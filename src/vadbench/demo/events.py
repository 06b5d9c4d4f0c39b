"""The five abnormal events; before and after its span an event's actors behave as people and cars do."""

import math
from dataclasses import dataclass

from vadbench.demo import poses
from vadbench.demo.actors import CAR_LENGTH, CENTRE_VIEW, NORMAL_ACTIVITIES, Casting
from vadbench.demo.cameras import WIDTH, Colour
from vadbench.demo.figures import Figure, Look, car, debris, flames, person, smoke, waste_bin

EVENT_CLASSES = ("fighting", "fire", "accident", "fall", "panic")
"""Abnormal classes, in the order of the benchmark."""
ACTIVITIES = EVENT_CLASSES + NORMAL_ACTIVITIES
"""Everything a figure can be doing, the events first."""


@dataclass(frozen=True)
class Span:
    """When an event happens: seconds, half-open."""

    start: float
    end: float

    def covers(self, t: float) -> bool:
        """Whether the event happens at `t`."""
        return self.start <= t < self.end


@dataclass(frozen=True)
class Fight:
    """Two or three people who talk, fight, and walk apart."""

    span: Span
    depth: float
    height: float
    x: float
    gap: float
    """Distance between the first two, pixels."""
    looks: tuple[Look, ...]
    phase: float
    kicks: bool

    def figures(self, t: float) -> list[Figure]:
        return [self._fighter(i, t) for i in range(len(self.looks))]

    def activity(self, t: float) -> str | None:
        if self.span.covers(t):
            return "fighting"
        return "walk" if self._distance(t) > 0 else "talk"

    def _distance(self, t: float) -> float:
        """How far each has yet to come, or has gone, pixels."""
        return max(0.0, self.span.start - 2.5 - t, t - self.span.end) * 0.75 * self.height

    def _fighter(self, i: int, t: float) -> Figure:
        facing = 1 if i == 0 else -1
        x = self.x - facing * self.gap / 2 + (0.36 * self.height if i == 2 else 0.0)
        row, look, distance = self.depth + 2 * i, self.looks[i], self._distance(t)
        if self.span.covers(t):
            beat = self.phase + 9 * t + 2.4 * i
            lunge = facing * 0.03 * self.height * math.sin(beat)
            return person(
                x + lunge, row, self.height, facing, poses.fighting(beat, self.kicks and i == 1), look
            )
        if distance > 0:
            towards = facing if t < self.span.start else -facing
            return person(x - facing * distance, row, self.height, towards, poses.walking(6 * t + i), look)
        gap = 0.12 * self.height  # people who talk stand further apart than people who fight
        return person(x - facing * gap, row, self.height, facing, poses.standing(2 * t + 3 * i, 1.0), look)


@dataclass(frozen=True)
class Fire:
    """A waste bin that burns."""

    span: Span
    depth: float
    x: float
    size: float
    seed: float

    def figures(self, t: float) -> list[Figure]:
        drawn = [waste_bin(self.x, self.depth, 0.85 * self.size)]
        if self.span.covers(t):
            size = self.size * min(1.0, 0.6 + (t - self.span.start) / 2)
            foot = self.depth - 0.22 * self.size
            drawn.append(smoke(self.x, foot - 0.6 * size, 0.6 * size, t, self.seed, grey=60))
            drawn.append(flames(self.x, foot, size, t, self.seed))
        return drawn

    def activity(self, t: float) -> str | None:
        return "fire" if self.span.covers(t) else None


@dataclass(frozen=True)
class Accident:
    """Two cars that drive, collide and stay as wrecks; a rear-end collision or head-on."""

    span: Span
    depth: float
    length: float
    x: float
    head_on: bool
    facing: int
    tilts: tuple[float, float]
    colours: tuple[Colour, Colour]
    pieces: tuple[tuple[float, float], ...]
    smokes: bool
    speed: float
    """Of the cars that come and go, car lengths per second."""

    def figures(self, t: float) -> list[Figure]:
        crashed = self.span.covers(t)
        away = max(0.0, self.span.start - t, t - self.span.end) * self.speed * self.length
        drawn = []
        for i, side in enumerate((-self.facing, self.facing)):  # the first comes from behind
            facing = self.facing if i == 0 or not self.head_on else -self.facing
            x = self.x + side * (0.39 * self.length + away)
            tilt, dent = (self.tilts[i], 1.0) if crashed else (0.0, 0.0)
            drawn.append(car(x, self.depth + 3 * i, self.length, facing, self.colours[i], tilt, dent))
        if crashed:
            drawn.append(debris(self.x, self.depth, self.length, self.pieces))
            if self.smokes:
                drawn.append(
                    smoke(self.x, self.depth - 0.3 * self.length, 0.3 * self.length, t, 0.0, grey=120)
                )
        return drawn

    def activity(self, t: float) -> str | None:
        return "accident" if self.span.covers(t) else "car"


@dataclass(frozen=True)
class Fall:
    """A person who walks in, falls, lies, and gets up in the last half second of the event."""

    span: Span
    depth: float
    height: float
    x: float
    facing: int
    look: Look
    roll: float
    """Angle of the lying body, degrees."""
    arm: float

    def figures(self, t: float) -> list[Figure]:
        pace = 0.75 * self.height * self.facing
        if self.span.covers(t):
            down = min(1.0, (t - self.span.start) / 0.4, (self.span.end - t) / 0.5)
            roll = self.roll * down * down + 1e-6
            return [
                person(self.x, self.depth, self.height, self.facing, poses.lying(self.arm), self.look, roll)
            ]
        seconds = t - self.span.start if t < self.span.start else t - self.span.end
        pose = poses.walking(6 * seconds)
        return [person(self.x + pace * seconds, self.depth, self.height, self.facing, pose, self.look)]

    def activity(self, t: float) -> str | None:
        return "fall" if self.span.covers(t) else "walk"


@dataclass(frozen=True)
class Runner:
    """One of a fleeing crowd."""

    depth: float
    height: float
    look: Look
    home: float
    facing: int
    speed: float
    period: float
    phase: float
    arms_up: bool


@dataclass(frozen=True)
class Panic:
    """A standing crowd that runs, and walks on when the event is over; more people follow while it lasts."""

    span: Span
    runners: tuple[Runner, ...]
    """Back to front."""

    @property
    def depth(self) -> float:
        return self.runners[len(self.runners) // 2].depth

    def figures(self, t: float) -> list[Figure]:
        return [self._figure(runner, t) for runner in self.runners]

    def activity(self, t: float) -> str | None:
        if self.span.covers(t):
            return "panic"
        return "talk" if t < self.span.start else "walk"

    def _figure(self, runner: Runner, t: float) -> Figure:
        ran = min(max(t - self.span.start, 0.0), self.span.end - self.span.start)
        walked = max(t - self.span.end, 0.0)
        way = runner.speed * ran + 0.7 * runner.height * walked
        x = (runner.home + 45 + runner.facing * way) % runner.period - 45
        if self.span.covers(t):
            pose = poses.running(runner.phase + 11 * t, runner.arms_up)
        elif walked > 0:
            pose = poses.walking(runner.phase + 6 * t)
        else:
            pose = poses.standing(runner.phase + 2 * t, 0.6)
        return person(x, runner.depth, runner.height, runner.facing, pose, runner.look)


EventActor = Fight | Fire | Accident | Fall | Panic


def cast_event(name: str, span: Span, casting: Casting) -> EventActor:
    """Draw the actors of the event class `name`, placed so that the centre view sees what happens."""
    makers = {"fighting": _fight, "fire": _fire, "accident": _accident, "fall": _fall, "panic": _panic}
    return makers[name](span, casting)


def centre_of(event: EventActor) -> float | None:
    """The column around which the event happens; None where it fills the view."""
    return None if isinstance(event, Panic) else event.x


def _fight(span: Span, cast: Casting) -> EventActor:
    row = cast.event_row()
    height = cast.person_height(row) * 1.04
    number = 3 if cast.chance(0.35) else 2
    return Fight(
        span,
        row,
        height,
        x=cast.uniform(CENTRE_VIEW[0] + 45, CENTRE_VIEW[1] - 55),
        gap=cast.uniform(0.36, 0.48) * height,
        looks=tuple(cast.look() for _ in range(number)),
        phase=cast.uniform(0, 9),
        kicks=cast.chance(0.5),
    )


def _fire(span: Span, cast: Casting) -> EventActor:
    row = cast.event_row()
    size = cast.view.person_height(row) * cast.uniform(0.55, 0.95)
    x = cast.uniform(CENTRE_VIEW[0] + 30, CENTRE_VIEW[1] - 30)
    return Fire(span, row, x, size, cast.uniform(0, 10))


def _accident(span: Span, cast: Casting) -> EventActor:
    low, high = cast.view.lane
    row = cast.uniform(low + 0.5 * (high - low), high - 6)
    length = CAR_LENGTH * cast.view.person_height(row)
    reach = 0.89 * length
    edge = min(CENTRE_VIEW[0] + 0.75 * reach, WIDTH / 2)
    return Accident(
        span,
        row,
        length,
        x=cast.uniform(edge, WIDTH - edge),
        head_on=cast.chance(0.6),
        facing=cast.side(),
        tilts=(cast.uniform(10, 24), cast.uniform(0, 18)),
        colours=(cast.colour(30, 225), cast.colour(30, 225)),
        pieces=tuple((cast.uniform(-1, 1), cast.uniform(-1, 1)) for _ in range(14)),
        smokes=cast.chance(0.75),
        speed=cast.uniform(0.6, 1.1),
    )


def _fall(span: Span, cast: Casting) -> EventActor:
    row = cast.event_row()
    height = cast.person_height(row) * 1.06
    facing = cast.side()
    middle = cast.uniform(CENTRE_VIEW[0] + height / 2, CENTRE_VIEW[1] - height / 2)
    return Fall(
        span,
        row,
        height,
        x=middle - facing * height / 2,
        facing=facing,
        look=cast.look(),
        roll=cast.uniform(80, 96),
        arm=cast.uniform(-100, 120),
    )


def _panic(span: Span, cast: Casting) -> EventActor:
    number = int(cast.rng.integers(7, 11))
    facing, both_ways = cast.side(), cast.chance(0.35)
    period = WIDTH + cast.uniform(60, 90)
    first = cast.uniform(0, period)
    runners = []
    for i in range(number):
        row = cast.foot_row()
        height = cast.person_height(row)
        runners.append(
            Runner(
                row,
                height,
                cast.look(),
                home=(first + i * period / number + cast.uniform(-9, 9)) % period - 45,
                facing=cast.side() if both_ways else facing,
                speed=height * cast.uniform(1.3, 1.8),
                period=period,
                phase=cast.uniform(0, 6),
                arms_up=cast.chance(0.5),
            )
        )
    return Panic(span, tuple(sorted(runners, key=lambda runner: runner.depth)))
