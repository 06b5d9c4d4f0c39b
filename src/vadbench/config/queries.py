"""Texts that regions of a frame are compared with, to find where an anomaly is."""

from typing import Annotated

from pydantic import Field

from vadbench.config.base import Settings
from vadbench.config.texts import Text, Texts

BACKGROUND = (
    *("a picture of sky", "a picture of ground", "a picture of road", "a picture of grass"),
    *("a picture of building", "a picture of wall", "a picture of tree", "a picture of floor tile"),
    *("a picture of desk", "a picture of cabinet", "a picture of chair", "a picture of door"),
    "a picture of blank",
)
"""STPrompt, section 3.3: common indoor and outdoor things, in place of normal behaviour."""


class QuerySettings(Settings):
    """Text queries of training-free localisation (STPrompt, section 3.3)."""

    background: Annotated[tuple[Text, ...], Field(min_length=1)] = BACKGROUND
    """Texts of what is no anomaly."""

    abnormal: dict[str, Texts] = Field(default={})
    """Phrases of abnormal classes; one that is left out is asked for by its texts in `texts.labels`."""
