"""Settings of the stage `clip`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from vadbench.config.image_tower import ImageTowerSettings


def _whole(value: object) -> object:
    """A number that `--config` delivered as text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class ClipSettings(ImageTowerSettings):
    """Embeddings of frames by the image tower of a CLIP model: projected, not normalised."""

    stage: Literal["clip"] = "clip"
    """The stage that makes this set."""

    crops: Annotated[Literal[1, 5, 10], BeforeValidator(_whole)] = 1
    """Crops per frame: the centre; with the four corners; and the mirrored images of those five."""
