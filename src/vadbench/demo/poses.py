"""Poses of the human figure: joint angles as functions of a phase, and the skeleton they make.

Angles are in degrees from straight down, positive towards where the person looks; `lean` tilts the trunk
forward. Phases are in radians.
"""

import math
from typing import NamedTuple

LEG = 0.245
TRUNK = 0.30
ARM = 0.17
NECK = 0.13
"""Lengths of thigh (and shin), trunk, upper arm (and forearm), shoulder to head, in body heights."""


class Pose(NamedTuple):
    """Joint angles in degrees; `a` is the near side, `b` the far side."""

    lean: float
    thigh_a: float
    shin_a: float
    thigh_b: float
    shin_b: float
    arm_a: float
    fore_a: float
    arm_b: float
    fore_b: float


class Limb(NamedTuple):
    """A straight part of the body, in body heights, feet at the origin, y down, looking to positive x."""

    part: str
    x0: float
    y0: float
    x1: float
    y1: float
    width: float


def skeleton(pose: Pose) -> tuple[list[Limb], tuple[float, float]]:
    """The limbs from back to front, and the centre of the head; the lower foot touches y = 0."""
    hip = (0.0, -max(_drop(pose.thigh_a, pose.shin_a), _drop(pose.thigh_b, pose.shin_b)))
    shoulder = _step(hip, 180 - pose.lean, TRUNK)
    limbs = _arm(shoulder, pose.arm_b, pose.fore_b)
    limbs += _leg(hip, pose.thigh_b, pose.shin_b)
    limbs += _leg(hip, pose.thigh_a, pose.shin_a)
    limbs.append(Limb("shirt", *hip, *shoulder, 0.19))
    limbs += _arm(shoulder, pose.arm_a, pose.fore_a)
    return limbs, _step(shoulder, 180 - pose.lean, NECK)


def standing(phase: float, gesture: float = 0.0) -> Pose:
    """Upright; `gesture` (0 to 1) is how much the near arm moves while talking."""
    sway = math.sin(phase * 0.5)
    lifted = gesture * max(0.0, sway)
    return Pose(1 + sway, 4, 4, -4, -4, 6 + 12 * lifted, 12 + 70 * lifted, -4, 4)


def walking(phase: float) -> Pose:
    """A calm stride with low arms."""
    s, c = math.sin(phase), math.cos(phase)
    shin_a, shin_b = 26 * s - max(0.0, 22 * c), -26 * s - max(0.0, -22 * c)
    return Pose(3, 26 * s, shin_a, -26 * s, shin_b, -22 * s, 10 - 12 * s, 22 * s, 10 + 12 * s)


def running(phase: float, arms_up: bool = False) -> Pose:
    """A wide stride, leaning forward; arms bent, or thrown up."""
    s, c = math.sin(phase), math.cos(phase)
    shin_a, shin_b = 50 * s - 30 - 45 * max(0.0, c), -50 * s - 30 - 45 * max(0.0, -c)
    if arms_up:
        arms = (150 + 15 * s, 172.0, 168 - 15 * s, 150.0)
    else:
        arms = (-50 * s, 85 - 50 * s, 50 * s, 85 + 50 * s)
    return Pose(18, 50 * s + 8, shin_a, 8 - 50 * s, shin_b, *arms)


def jogging(phase: float) -> Pose:
    """Like running, smaller and upright, elbows at right angles."""
    s, c = math.sin(phase), math.cos(phase)
    shin_a, shin_b = 34 * s - 14 - 40 * max(0.0, c), -34 * s - 14 - 40 * max(0.0, -c)
    return Pose(7, 34 * s + 6, shin_a, 6 - 34 * s, shin_b, -30 * s, 80 - 30 * s, 30 * s, 80 + 30 * s)


def bending(depth: float) -> Pose:
    """Bent over with hanging arms; `depth` 0 is upright, 1 reaches the ground."""
    return Pose(82 * depth, 14 * depth, -12 * depth, -4, -12 * depth, 12, 18, 0, 10)


def riding(phase: float) -> Pose:
    """On a bicycle: trunk forward, hands on the bar, legs pedalling."""
    s = math.sin(phase)
    return Pose(32, 60 + 18 * s, 22 * s - 12, 60 - 18 * s, -12 - 22 * s, 62, 70, 58, 66)


def fighting(phase: float, kicks: bool) -> Pose:
    """Wide stance, fists up; blows alternate between the arms, or with a kick."""
    s = math.sin(phase)
    if kicks and s > 0.35:
        return Pose(-18, 88 * s, 76 * s, -10, -16, 55, 125, 35, 115)
    blow_a, blow_b = max(0.0, s), max(0.0, -s)
    return Pose(
        16 + 6 * s, 38, 6, -30, -40, 58 + 40 * blow_a, 138 - 42 * blow_a, 58 + 40 * blow_b, 138 - 42 * blow_b
    )


def lying(arm: float) -> Pose:
    """For a body on the ground (drawn rolled over): knees slightly bent, one arm thrown out by `arm`."""
    return Pose(4, 10, 24, -12, 8, arm, arm + 25, 35, 20)


def _drop(thigh: float, shin: float) -> float:
    """How far below the hip a foot is."""
    return LEG * (math.cos(math.radians(thigh)) + math.cos(math.radians(shin)))


def _step(start: tuple[float, float], angle: float, length: float) -> tuple[float, float]:
    radians = math.radians(angle)
    return start[0] + length * math.sin(radians), start[1] + length * math.cos(radians)


def _leg(hip: tuple[float, float], thigh: float, shin: float) -> list[Limb]:
    knee = _step(hip, thigh, LEG)
    return [Limb("trousers", *hip, *knee, 0.10), Limb("trousers", *knee, *_step(knee, shin, LEG), 0.08)]


def _arm(shoulder: tuple[float, float], arm: float, fore: float) -> list[Limb]:
    elbow = _step(shoulder, arm, ARM)
    return [Limb("sleeve", *shoulder, *elbow, 0.075), Limb("skin", *elbow, *_step(elbow, fore, ARM), 0.06)]
