"""Settings of the magnitude of motion."""

from typing import ClassVar, Literal

from vadbench.config.data import Supervision
from vadbench.config.methods.regions import RegionMethodSettings


class MotionMagnitudeSettings(RegionMethodSettings):
    """How fast a region moves: the largest bin of its histogram. No model, no training."""

    SUPERVISION: ClassVar[Supervision] = "none"
    SEEDED: ClassVar[bool] = False

    method: Literal["motion_magnitude"] = "motion_magnitude"
