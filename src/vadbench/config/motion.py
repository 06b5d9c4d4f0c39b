"""Settings of the stage `motion`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from vadbench.config.base import LABEL, whole_number
from vadbench.config.stage import StageSettings


class MotionSettings(StageSettings):
    """HEVC motion vectors: libx265 encodes the frames, and its vectors are kept, one per 8 x 8 block."""

    REVISION: ClassVar[int] = 1

    stage: Literal["motion"] = "motion"
    """The stage that makes this set."""

    preset: Literal["veryfast", "fast", "medium"] = "medium"
    """The encoder's preset. Slower ones see less motion in the noise of plain surfaces; those beyond medium
    are unstable there."""

    crf: Annotated[int, Field(ge=0, le=51)] = 28
    """The encoder's constant rate factor, x265's own by default. Lower values, of better pictures, find far
    more motion in noise."""

    b_frames: Annotated[Literal[0], BeforeValidator(whole_number)] = 0
    """B pictures between two P pictures. Only 0: their vectors span several frames, both ways."""

    references: Annotated[Literal[1], BeforeValidator(whole_number)] = 1
    """Pictures that a P picture may refer to. Only 1: every vector then says how far a block moved since the
    frame before."""

    keep: Annotated[Literal["all", "none"], Field(json_schema_extra=LABEL)] = "all"
    """Whether fields of vectors are stored, or made anew by what reads them; they are the same either way."""
