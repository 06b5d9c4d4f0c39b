"""Settings of the stage `clip`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from vadbench.config.base import whole_number
from vadbench.config.image_tower import ImageTowerSettings

_POSITIONS = ("center", "top_left", "top_right", "bottom_left", "bottom_right")


def crop_names(crops: int) -> tuple[str, ...]:
    """The names of 1, 5 or 10 crops in their order, which is that of the public ten-crop features.

    Centre, four corners, then the same five mirrored left to right.
    """
    if crops == 1:
        return _POSITIONS[:1]
    mirrored = tuple(f"{position}_mirrored" for position in _POSITIONS)
    return _POSITIONS if crops == 5 else _POSITIONS + mirrored


class ClipSettings(ImageTowerSettings):
    """Embeddings of frames by the image tower of a CLIP model: projected, not normalised."""

    stage: Literal["clip"] = "clip"
    """The stage that makes this set."""

    crops: Annotated[Literal[1, 5, 10], BeforeValidator(whole_number)] = 1
    """Crops per frame: the centre; with the four corners; and the mirrored images of those five."""
