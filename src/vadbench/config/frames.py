"""Settings of the stage `frames`."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from vadbench.config.stage import StageSettings


class FramesSettings(StageSettings):
    """Sampled frames, decoded once and kept as JPEG (quality 95, 4:4:4) or PNG."""

    REVISION: ClassVar[int] = 2

    stage: Literal["frames"] = "frames"
    """The stage that makes this set."""

    stride: PositiveInt = 1
    """Every how many decoded frames one is kept, counted in source frames from frame 0."""

    short_side: PositiveInt | None = None
    """Length in pixels that the shorter side is resized to; null keeps the native size."""

    format: Literal["jpeg", "png"] = "jpeg"
    """How frames are kept. JPEG takes about a tenth of PNG's space and moves embeddings slightly; PNG keeps
    the decoder's own pixels."""
