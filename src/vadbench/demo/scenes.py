"""A scene: a camera, ordinary actors, and at most one event; geometry only, no pixels."""

from dataclasses import dataclass

import numpy as np

from vadbench.demo.actors import Actor, Casting
from vadbench.demo.cameras import FPS, HEIGHT, WIDTH, Camera, camera
from vadbench.demo.events import EVENT_CLASSES, EventActor, Panic, Span, cast_event, centre_of
from vadbench.demo.figures import Figure, union_box

_SCENE_STREAM = 23  # first word of every scene's random stream
_COUNTERPARTS = ("talk", "bin", "cars", "walk", "crowd")  # what the actors of each event do normally


@dataclass(frozen=True)
class Scene:
    """Actors before a camera. Times are seconds from the start; frame n is at n / 15 s."""

    view: Camera
    seed: int
    actors: tuple[Actor, ...]
    """Ordinary actors and the event's, back to front."""
    event: EventActor | None

    def figures(self, frame: int, with_event: bool = True) -> list[tuple[str | None, Figure]]:
        """What to draw in a frame, back to front, each with the activity it belongs to.

        `with_event=False` leaves the event's actors out, so that a test can see which pixels they change.
        """
        t = frame / FPS
        drawn: list[tuple[float, str | None, Figure]] = []
        for actor in self.actors:
            if actor is self.event and not with_event:
                continue
            activity = actor.activity(t)
            if isinstance(actor, Panic):  # its people stand between the others
                pairs = zip(actor.runners, actor.figures(t), strict=True)
                drawn += [(runner.depth, activity, figure) for runner, figure in pairs]
            else:
                drawn += [(actor.depth, activity, figure) for figure in actor.figures(t)]
        return [(activity, figure) for _, activity, figure in sorted(drawn, key=lambda item: item[0])]

    def event_box(self, frame: int) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom around the event's actors, pixels of the frame; None where it is off."""
        t = frame / FPS
        if self.event is None or not self.event.span.covers(t):
            return None
        boxes = [figure.box() for figure in self.event.figures(t)]
        inside = [box for box in boxes if box[2] > 0 and box[0] < WIDTH and box[3] > 0 and box[1] < HEIGHT]
        if not inside:
            return None
        left, top, right, bottom = union_box(inside)
        return (
            max(0, int(left) - 2),
            max(0, int(top) - 2),
            min(WIDTH, int(right) + 4),
            min(HEIGHT, int(bottom) + 4),
        )


def build_scene(
    camera_seed: int,
    scene_seed: int,
    event: tuple[str, int, int] | None = None,
    *,
    busy: float = 1.0,
    focus: str | None = None,
) -> Scene:
    """Draw the actors of a scene from its seeds.

    Args:
        camera_seed: number of the camera.
        scene_seed: number of the scene at this camera.
        event: class, first frame and first frame after it; None for a normal scene.
        busy: factor on the number of passers-by; 0 leaves only the event or the focus.
        focus: what a normal scene surely holds: a normal activity, "bin", "cars" or "crowd";
            by default the normal counterpart of one event class, drawn from the seed.
    """
    view = camera(camera_seed)
    rng = np.random.default_rng([_SCENE_STREAM, camera_seed, scene_seed])
    casting = Casting(view, rng)
    actors: list[Actor] = []
    happening: EventActor | None = None
    if event is not None:
        name, start, end = event
        if name not in EVENT_CLASSES:
            raise ValueError(f"unknown event class {name!r}")
        happening = cast_event(name, Span(start / FPS, end / FPS), casting)
        casting.avoid = centre_of(happening)
        actors.append(happening)
    else:
        actors += _focus(focus or str(rng.choice(_COUNTERPARTS)), casting)
    actors += _passers_by(casting, busy)
    return Scene(view, scene_seed, tuple(sorted(actors, key=lambda actor: actor.depth)), happening)


def _focus(name: str, cast: Casting) -> list[Actor]:
    """The actors that stand in a normal scene where an abnormal one has its event."""
    if name == "talk":
        return [cast.talkers(3 if cast.chance(0.35) else 2)]
    if name == "walk":
        return [cast.walker() for _ in range(cast.rng.integers(1, 3))]
    if name == "jog":
        return [cast.walker("jog") for _ in range(cast.rng.integers(1, 3))]
    if name == "crowd":
        return cast.calm_crowd()
    if name in ("cars", "car"):
        return [cast.car(cast.chance(0.3)) for _ in range(2)]
    if name == "bin":
        return [cast.bin()]
    if name == "cycle":
        return [cast.cyclist()]
    return [cast.bender()] if name == "bend" else []


def _passers_by(cast: Casting, busy: float) -> list[Actor]:
    """People and vehicles that are in every kind of scene alike."""
    actors: list[Actor] = [cast.walker() for _ in range(int(cast.rng.binomial(3, min(1.0, 0.45 * busy))))]
    if cast.chance(0.22 * busy):
        actors.append(cast.walker("jog"))
    if cast.chance(0.20 * busy):
        actors.append(cast.cyclist())
    if cast.chance(0.20 * busy):
        actors.append(cast.talkers(2))
    if cast.chance(0.20 * busy):
        actors.append(cast.bender())
    if cast.chance(0.25 * busy):
        actors.append(cast.bin())
    if cast.chance(0.35 * busy):
        actors.append(cast.car(parked=True))
    if cast.chance(0.25 * busy):
        actors.append(cast.car(parked=False))
    return actors
