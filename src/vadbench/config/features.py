"""The feature sets a benchmark can name: one settings type per stage."""

from typing import Annotated

from pydantic import Field

from vadbench.config.clip import ClipSettings
from vadbench.config.frames import FramesSettings

FeatureSet = Annotated[FramesSettings | ClipSettings, Field(discriminator="stage")]

STAGE_SETTINGS: dict[str, type[FramesSettings] | type[ClipSettings]] = {
    "frames": FramesSettings,
    "clip": ClipSettings,
}
"""The settings type of each stage."""
