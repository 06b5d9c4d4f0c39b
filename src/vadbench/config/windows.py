"""Settings of the stage `windows`."""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints
from pydantic_core import PydanticCustomError

from vadbench.config.base import distinct
from vadbench.config.image_tower import ImageTowerSettings

SCALE_PATTERN = r"^[1-9][0-9]{0,2}/[1-9][0-9]{0,2}$"


Keep = Literal["none", "test", "all"]
"""Videos whose windows are kept, each value more than the one before."""


class WindowScale(NamedTuple):
    """Square windows that slide over a tower's grid of tokens. Both numbers count tokens."""

    size: int
    stride: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The scale that a text such as `5/3` (size/stride) names."""
        size, stride = text.split("/")
        return cls(int(size), int(stride))

    def __str__(self) -> str:
        return f"{self.size}/{self.stride}"

    @property
    def group(self) -> str:
        """The group of a part that holds the scale's embeddings."""
        return f"windows_{self.size}_{self.stride}"


def _without_gaps(text: str) -> str:
    scale = WindowScale.parse(text)
    if scale.stride > scale.size:
        raise PydanticCustomError(
            "scale",
            "windows of {size} tokens at a stride of {stride} leave tokens out between them",
            {"size": scale.size, "stride": scale.stride, "write": f"{scale.size}/{scale.size}"},
        )
    return text


Scale = Annotated[str, StringConstraints(pattern=SCALE_PATTERN), AfterValidator(_without_gaps)]


class WindowsSettings(ImageTowerSettings):
    """Embeddings of sliding windows, and STPrompt's motion map and spatial aggregates (its Eq. 1 to 3).

    The windows' image is the whole frame, resized to the model's input without a crop.
    """

    stage: Literal["windows"] = "windows"
    """The stage that makes this set."""

    scales: Annotated[tuple[Scale, ...], Field(min_length=1), AfterValidator(distinct)] = ("2/2", "5/3")
    """Sizes and strides of the windows in tokens, as size/stride. The paper's 32/32 and 80/48 pixels are 2/2
    and 5/3 for ViT-B-16. Motion map and aggregates are made of the first one. Windows must reach all edges of
    the model's grid of tokens: 14 x 14 for ViT-B-16, 16 x 16 for ViT-L-14, 8 x 8 for the demo's model."""

    mode: Literal["tokens", "crop"] = "tokens"
    """tokens: the class token and the tokens of the window's patches go through the image tower, each with
    its own position embedding. crop: the window's pixels are resized to the model's input and encoded, which
    takes about forty times as long."""

    top: PositiveInt = 12
    """K of STPrompt's Eq. 2: of how many windows, those of largest motion, the two selecting aggregates are
    made. At most the number of windows of the first scale."""

    normalise_windows: bool = False
    """Motion (Eq. 1) of unit vectors, in place of embeddings as projected, whose larger norms make the
    attention of Eq. 2 peaky. What is summed in Eq. 3 is as projected in both."""

    frame_preprocess: Literal["clip", "squash"] = "clip"
    """The image that the frame's own embedding sees. clip: the model's own preprocessing (OpenAI's models see
    the centre square); squash: the windows' image."""

    keep: Keep = "none"
    """Videos whose window embeddings are stored, at all scales: none, those in a test list of a split that
    the benchmark's file runs, or all. Other scales than the first are computed for these videos only."""

    @property
    def window_scales(self) -> tuple[WindowScale, ...]:
        """The scales as numbers."""
        return tuple(WindowScale.parse(scale) for scale in self.scales)
