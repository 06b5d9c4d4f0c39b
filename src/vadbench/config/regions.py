"""Settings of the stage `regions`."""

from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import Fraction, Name, distinct
from vadbench.config.stage import StageSettings

DETECTOR_ENDINGS = (".pt", ".safetensors")

RELEASED_DETECTORS = {
    f"{family.lower()}{size}": f"Ultralytics/{family}"
    for family in ("YOLOv8", "YOLO11", "YOLO26")
    for size in "nsmlx"
}
"""Detectors that ultralytics releases, by name: the repository of the hub that has `<name>.pt`."""

_KINDS = ("weights", "window")
_OF_DETECTORS = ("classes", "confidence", "nms_iou", "most", "image_size", "precision", "batch_size")


def _detector(text: str) -> str:
    if text != "demo" and text not in RELEASED_DETECTORS and PurePath(text).suffix not in DETECTOR_ENDINGS:
        endings = " or ".join(f"*{ending}" for ending in DETECTOR_ENDINGS)
        raise ValueError(
            f"a detector is demo, a file {endings}, or a released one: {', '.join(RELEASED_DETECTORS)}"
        )
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
    """Objects of stored frames: boxes of a detector of ultralytics, or fixed windows, linked over time."""

    READS_STAGE: ClassVar[str | None] = "frames"

    stage: Literal["regions"] = "regions"
    """The stage that makes this set."""

    reads: Name = "frames"
    """The set of frames it reads."""

    every: PositiveInt = 1
    """Every how many rows of that set one is looked at, so that the stride in source frames is `every` times
    the set's `stride`."""

    weights: Annotated[str, AfterValidator(_detector)] | None = None
    """The detector: `demo`, the small one in this package; a released one, such as `yolov8n`, that `vadbench
    fetch-weights ultralytics yolov8n` brings; or a file: `.pt` of ultralytics, of which nothing but tensors
    and architecture is read, or `.safetensors` with architecture and names in a `.yaml` of the same name
    beside it. The packaged one and those of ultralytics are AGPL-3.0."""

    window: PositiveInt | None = None
    """In place of `weights`: side in pixels of fixed square windows, half a side apart (the paper's baseline:
    ShanghaiTech 224, Avenue 320, UBnormal 320, Ped2 60, NWPU 224)."""

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

    @model_validator(mode="before")
    @classmethod
    def _not_both_kinds(cls, given: Any) -> Any:
        """Refuse both kinds of regions; what was named later, as by an override, is what is wanted."""
        if isinstance(given, dict):
            named = [key for key, value in given.items() if key in _KINDS and value is not None]
            if len(named) > 1:
                raise PydanticCustomError(
                    "kind",
                    "regions are of a detector (weights) or fixed windows (window), and both are named",
                    {"field": named[0], "beside": named[1], "write": None},
                )
        return given

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        """Refuse neither kind of regions, and settings that the kind would ignore."""
        if self.weights is None and self.window is None:
            raise PydanticCustomError(
                "kind",
                "regions need a detector (weights), or the side of fixed windows (window)",
                {"field": "weights", "write": "demo"},
            )
        fields = type(self).model_fields
        ignored = [name for name in _OF_DETECTORS if getattr(self, name) != fields[name].default]
        if self.window is not None and ignored:
            raise PydanticCustomError(
                "ignored",
                "a setting of detectors, which fixed windows come without",
                {"field": ignored[0], "beside": "window", "write": fields[ignored[0]].default},
            )
        return self
