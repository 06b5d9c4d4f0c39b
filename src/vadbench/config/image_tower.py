"""What the settings of stages share that run the image tower of a CLIP model on stored frames."""

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import Name
from vadbench.config.stage import StageSettings

OPENAI_MODELS = (
    "RN50-quickgelu",
    "RN101-quickgelu",
    "RN50x4-quickgelu",
    "RN50x16-quickgelu",
    "RN50x64-quickgelu",
    "ViT-B-32-quickgelu",
    "ViT-B-16-quickgelu",
    "ViT-L-14-quickgelu",
    "ViT-L-14-336-quickgelu",
)
"""Names in open_clip under which OpenAI's weights run with the activation they were trained with."""


def _rows(value: object) -> object:
    """Refuse a broken number of rows, which is what a stride that does not divide comes to."""
    try:
        number = float(str(value))
    except ValueError:
        return value
    if number.is_integer() or not math.isfinite(number):
        return value
    near = max(1, round(number))
    raise PydanticCustomError(
        "rows",
        "every n-th row is taken, so n is a whole number, and the nearest is {write}; strides that do not "
        "divide are two sets of frames",
        {"write": near},
    )


class ImageTowerSettings(StageSettings):
    """Which rows of which set of frames, by which model, in which arithmetic."""

    READS_STAGE: ClassVar[str | None] = "frames"

    reads: Name = "frames"
    """The set of frames it reads."""

    every: Annotated[PositiveInt, BeforeValidator(_rows)] = 1
    """Every how many rows of that set one is embedded, so that the stride in source frames is
    `every` times the set's `stride`."""

    model: Annotated[str, Field(min_length=1, examples=["ViT-B-16-quickgelu", "demo"])]
    """Name of an architecture in open_clip, such as ViT-B-16-quickgelu, or `demo`, the small one in this
    package."""

    weights: str = ""
    """`demo` (in this package), `none` (random initialisation), the path of a local file, or a name on the
    hub that `vadbench fetch-weights` brings. Left out: `demo` for the model demo, `openai` for the models
    OpenAI published."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the forward pass. auto: fp32 on a CPU, autocast on a GPU."""

    batch_size: PositiveInt = 8
    """Images per forward pass. On a CPU more than 8 to 16 is not faster (measured); a GPU likes 256. It moves
    the last bits of the result, so a change makes the set again."""

    seed: NonNegativeInt = 0
    """Seed of the random initialisation; used with `weights: none` only."""

    @model_validator(mode="before")
    @classmethod
    def _usual_weights(cls, given: Any) -> Any:
        if isinstance(given, dict) and "weights" not in given:
            if given.get("model") == "demo":
                return {**given, "weights": "demo"}
            if given.get("model") in OPENAI_MODELS:
                return {**given, "weights": "openai"}
        return given

    @model_validator(mode="after")
    def _weights_fit(self) -> Self:
        if not self.weights:
            raise PydanticCustomError(
                "weights",
                "the weights of {model} must be named: none (random initialisation), the path of a file, or "
                "a name on the hub",
                {"model": self.model, "field": "weights", "write": "none"},
            )
        if self.weights == "demo" and self.model != "demo":
            usual = "openai" if self.model in OPENAI_MODELS else "none"
            raise PydanticCustomError(
                "weights",
                "the weights demo belong to the model demo, not to {model}",
                {"model": self.model, "field": "weights", "write": usual},
            )
        if self.weights == "openai" and f"{self.model}-quickgelu" in OPENAI_MODELS:
            raise PydanticCustomError(
                "activation",
                "OpenAI trained this architecture with QuickGELU, which {model} does not have",
                {"model": self.model, "field": "model", "write": f"{self.model}-quickgelu"},
            )
        return self
