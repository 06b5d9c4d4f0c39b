"""People, cyclists, cars, fire and debris as lists of simple shapes, so that boxes follow without drawing.

Coordinates are pixels of the frame, x to the right, y down. A figure stands on (`x`, `y`), the middle of its
foot line; `facing` is 1 (looks right) or -1.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from vadbench.demo.cameras import Colour
from vadbench.demo.poses import Pose, skeleton

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


class Line(NamedTuple):
    """A line with round ends."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float
    colour: Colour


class Disc(NamedTuple):
    """A filled circle, or a ring where `ring` (its line width) is above 0."""

    x: float
    y: float
    radius: float
    colour: Colour
    ring: float = 0.0


class Oval(NamedTuple):
    """A filled ellipse, level with the picture."""

    x: float
    y: float
    half_width: float
    half_height: float
    colour: Colour


class Polygon(NamedTuple):
    """A filled polygon."""

    points: tuple[tuple[float, float], ...]
    colour: Colour


Shape = Line | Disc | Oval | Polygon

Kind = Literal["person", "bicycle", "car", "bin"]


@dataclass(frozen=True)
class Figure:
    """Shapes in drawing order; `opacity` below 1 lets the scene shine through (smoke)."""

    shapes: tuple[Shape, ...]
    opacity: float = 1.0
    kind: Kind | None = None
    """What a detector of objects calls it; None for fire, smoke and debris."""

    def box(self) -> Box:
        """The smallest box around all shapes (unclipped)."""
        return union_box([_bounds(shape) for shape in self.shapes])


@dataclass(frozen=True)
class Look:
    """Colours of a person."""

    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour


def union_box(boxes: list[Box]) -> Box:
    """The smallest box around `boxes` (at least one)."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def person(
    x: float, y: float, height: float, facing: int, pose: Pose, look: Look, roll: float = 0.0
) -> Figure:
    """A person of `height` pixels; `roll` degrees turn the body forward about the feet (90 is lying)."""
    limbs, (head_x, head_y) = skeleton(pose)
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))

    def place(bx: float, by: float) -> tuple[float, float]:
        return x + facing * height * (bx * cos - by * sin), y + height * (bx * sin + by * cos)

    colours = {
        "shirt": look.shirt,
        "sleeve": _shade(look.shirt, 0.82),
        "trousers": look.trousers,
        "skin": look.skin,
    }
    shapes: list[Shape] = []
    if roll == 0:
        shapes.append(Oval(x, y, 0.17 * height, 0.035 * height, (44, 44, 47)))
    for part, x0, y0, x1, y1, width in limbs:
        shapes.append(Line(*place(x0, y0), *place(x1, y1), width * height, colours[part]))
    shapes.append(Disc(*place(head_x, head_y), 0.075 * height, look.skin))
    shapes.append(Disc(*place(head_x - 0.016, head_y - 0.02), 0.064 * height, look.hair))
    return Figure(tuple(shapes), kind="person")


def bicycle(x: float, y: float, height: float, facing: int, colour: Colour) -> Figure:
    """A bicycle for a rider of `height` pixels."""
    radius, line = 0.21 * height, max(1.5, 0.03 * height)
    hub = y - radius
    frame = [
        ((-0.34, 0.0), (-0.08, 0.0)),
        ((-0.34, 0.0), (-0.12, -0.27)),
        ((-0.12, -0.27), (0.24, -0.27)),
        ((-0.08, 0.0), (0.24, -0.27)),
        ((0.34, 0.0), (0.24, -0.38)),
    ]
    shapes: list[Shape] = [Disc(x + s * 0.34 * height, hub, radius, (25, 25, 28), line) for s in (-1, 1)]
    for (ax, ay), (bx, by) in frame:
        ends = (x + facing * ax * height, hub + ay * height, x + facing * bx * height, hub + by * height)
        shapes.append(Line(*ends, 0.04 * height, colour))
    return Figure(tuple(shapes), kind="bicycle")


def car(
    x: float, y: float, length: float, facing: int, colour: Colour, tilt: float = 0.0, dent: float = 0.0
) -> Figure:
    """A car of `length` pixels; `tilt` degrees lift its front, `dent` (0 to 1) crumples its front."""
    tall = 0.33 * length
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))

    def place(cx: float, cy: float) -> tuple[float, float]:
        px, py = (cx + 0.3) * length, (cy - 0.16) * tall  # turned about the rear wheel
        return x + facing * (px * cos + py * sin - 0.3 * length), y - px * sin + py * cos

    bonnet = (
        (0.28, -0.66),
        (0.40 - 0.12 * dent, -0.60 - 0.42 * dent),
        (0.48 - 0.13 * dent, -0.56 - 0.16 * dent),
    )
    body = (
        (-0.5, 0.0),
        (-0.5, -0.62),
        (-0.36, -0.68),
        (-0.25, -1.15),
        (0.14, -1.15),
        *bonnet,
        (0.5 - 0.1 * dent, 0.0),
    )
    panes = (
        ((-0.31, -0.70), (-0.23, -1.05), (-0.07, -1.05), (-0.07, -0.70)),
        ((-0.04, -0.70), (-0.04, -1.05), (0.12, -1.05), (0.23, -0.70)),
    )
    shapes: list[Shape] = [Oval(x, y, 0.52 * length, 0.10 * tall, (38, 38, 40))]
    shapes.append(Polygon(tuple(place(*point) for point in body), colour))
    shapes += [Polygon(tuple(place(*point) for point in pane), (58, 72, 88)) for pane in panes]
    for wheel in (-0.3, 0.3):
        shapes.append(Disc(*place(wheel, 0.0), 0.085 * length, (22, 22, 24)))
        shapes.append(Disc(*place(wheel, 0.0), 0.04 * length, (130, 130, 135)))
    shapes.append(Disc(*place(0.45 - 0.12 * dent, -0.42), 0.03 * length, (236, 228, 190)))
    return Figure(tuple(shapes), kind="car")


def waste_bin(x: float, y: float, size: float) -> Figure:
    """A waste bin; fires start in one, and it also stands in normal scenes."""
    top, bottom = 0.20 * size, 0.16 * size
    points = ((x - bottom, y), (x - top, y - 0.42 * size), (x + top, y - 0.42 * size), (x + bottom, y))
    shadow = Oval(x, y, bottom, 0.04 * size, (44, 44, 47))
    return Figure((shadow, Polygon(points, (70, 76, 68))), kind="bin")


def flames(x: float, y: float, size: float, t: float, seed: float) -> Figure:
    """Flickering flames about `size` pixels high, at `t` seconds."""
    shapes: list[Shape] = []
    for colour, share in (((214, 62, 18), 1.0), ((246, 134, 24), 0.72), ((255, 218, 92), 0.42)):
        for tongue in range(-2, 3):
            flicker = 0.80 + 0.30 * math.sin(13 * t + 1.9 * tongue + seed)
            high = size * share * flicker * (1 - 0.18 * abs(tongue))
            foot, half = x + 0.22 * size * share * tongue, 0.17 * size * share
            tip = foot + 0.12 * size * math.sin(11 * t + 2.7 * tongue)
            outline: tuple[tuple[float, float], ...] = (
                (foot - half, y),
                (foot - 0.8 * half, y - 0.4 * high),
                (tip, y - high),
            )
            outline += ((foot + 0.8 * half, y - 0.35 * high), (foot + half, y))
            shapes.append(Polygon(outline, colour))
    return Figure(tuple(shapes))


def smoke(x: float, y: float, size: float, t: float, seed: float, grey: int) -> Figure:
    """A rising column of puffs about 1.5 `size` high; `grey` is its darkest level."""
    shapes: list[Shape] = []
    for puff in range(9):
        age = (0.45 * t + puff / 9 + 0.1 * seed) % 1.0
        level = int(grey + 60 * age + 9 * (puff % 4))
        drift = 0.45 * size * math.sin(2.3 * puff + 1.3 * t) * age
        shapes.append(
            Disc(x + drift, y - 1.5 * size * age, size * (0.12 + 0.26 * age), (level, level, level + 3))
        )
    return Figure(tuple(shapes), opacity=0.5)


def debris(x: float, y: float, length: float, pieces: tuple[tuple[float, float], ...]) -> Figure:
    """Broken parts on the ground around (`x`, `y`); `pieces` are offsets in -1 to 1."""
    shapes: list[Shape] = []
    for across, down in pieces:
        px, py, side = x + 0.6 * length * across, y + 4 + 5 * down, 2.5 + 2 * abs(down)
        colour = (58, 60, 64) if across > 0 else (192, 197, 202)
        shapes.append(
            Polygon(((px - side, py), (px + side, py - side), (px + 0.6 * side, py + side)), colour)
        )
    return Figure(tuple(shapes))


def _shade(colour: Colour, factor: float) -> Colour:
    return int(colour[0] * factor), int(colour[1] * factor), int(colour[2] * factor)


def _bounds(shape: Shape) -> Box:
    if isinstance(shape, Line):
        half = shape.width / 2 + 0.5
        left, right = (shape.x0, shape.x1) if shape.x0 < shape.x1 else (shape.x1, shape.x0)
        top, bottom = (shape.y0, shape.y1) if shape.y0 < shape.y1 else (shape.y1, shape.y0)
        return left - half, top - half, right + half, bottom + half
    if isinstance(shape, Disc):
        reach = shape.radius + shape.ring / 2
        return shape.x - reach, shape.y - reach, shape.x + reach, shape.y + reach
    if isinstance(shape, Oval):
        return (
            shape.x - shape.half_width,
            shape.y - shape.half_height,
            shape.x + shape.half_width,
            shape.y + shape.half_height,
        )
    columns, rows = zip(*shape.points, strict=True)
    return min(columns), min(rows), max(columns), max(rows)
