"""Settings of the stage `regions`."""

from pathlib import PurePath
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, PositiveInt
from pydantic_core import PydanticCustomError

from vadbench.config.base import Fraction, Name, distinct
from vadbench.config.stage import StageSettings

DETECTOR_ENDINGS = (".pt", ".safetensors")


def _detector_file(text: str) -> str:
    if PurePath(text).suffix not in DETECTOR_ENDINGS:
        endings = " or ".join(f"*{ending}" for ending in DETECTOR_ENDINGS)
        raise ValueError(f"a detector is a file {endings}")
    return text


def _input_side(pixels: int) -> int:
    if pixels % 32:
        raise PydanticCustomError(
            "side",
            "a detector's input is a multiple of 32 pixels",
            {"write": max(1, round(pixels / 32)) * 32},
        )
    return pixels


class RegionsSettings(StageSettings):
    """Objects of stored frames: boxes of a detector of ultralytics, linked over time."""

    READS_STAGE: ClassVar[str | None] = "frames"

    stage: Literal["regions"] = "regions"
    """The stage that makes this set."""

    reads: Name = "frames"
    """The set of frames it reads."""

    every: PositiveInt = 1
    """Every how many rows of that set one is looked at, so that the stride in source frames is `every` times
    the set's `stride`."""

    weights: Annotated[str, AfterValidator(_detector_file)]
    """The detector's file: `.pt` of ultralytics, of which nothing but tensors and architecture is read, or
    `.safetensors` with architecture and names in a `.yaml` of the same name beside it."""

    classes: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(distinct)] | None = None
    """Names of the detector's classes that count; null: all of them."""

    confidence: Fraction = 0.3
    """Least confidence of a box (Local Patterns names none; its released code has this one, unused)."""

    nms_iou: Fraction = 0.7
    """Boxes of one class that overlap a surer one by more than this IoU are dropped (ultralytics' value)."""

    link_iou: Fraction = 0.3
    """Least IoU of two boxes in successive rows that are taken for one object."""

    most: PositiveInt = 300
    """At most so many boxes in a frame, the surest."""

    image_size: Annotated[PositiveInt, AfterValidator(_input_side)] = 640
    """Length in pixels that a frame's longer side is resized to, a multiple of 32."""

    precision: Literal["fp32", "fp16"] = "fp32"
    """Arithmetic of the network. fp16 needs a GPU, and leaves half a pixel of error in boxes."""

    batch_size: PositiveInt = 8
    """Frames per forward pass. It moves the last bits of the result, so a change makes the set again."""
