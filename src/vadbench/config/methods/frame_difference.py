"""Settings of the frame difference."""

from typing import ClassVar, Literal

from vadbench.config.base import Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import MethodSettings


class FrameDifferenceSettings(MethodSettings):
    """How much a sampled frame differs from the one before: no model, the floor for every other method."""

    SUPERVISION: ClassVar[Supervision] = "none"
    SEEDED: ClassVar[bool] = False
    READS_STAGE: ClassVar[str] = "frames"

    method: Literal["frame_difference"] = "frame_difference"
    reads: Name = "frames"
