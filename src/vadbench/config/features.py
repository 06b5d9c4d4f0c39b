"""The feature sets a benchmark can name: one settings type per stage. A new stage adds its line here."""

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from vadbench.config.clip import ClipSettings
from vadbench.config.frames import FramesSettings
from vadbench.config.histograms import HistogramsSettings
from vadbench.config.motion import MotionSettings
from vadbench.config.regions import RegionsSettings
from vadbench.config.stage import StageSettings
from vadbench.config.windows import WindowsSettings

STAGE_SETTINGS: dict[str, type[StageSettings]] = {
    "frames": FramesSettings,
    "clip": ClipSettings,
    "windows": WindowsSettings,
    "regions": RegionsSettings,
    "motion": MotionSettings,
    "histograms": HistogramsSettings,
}
"""The settings type of each stage; `vadbench.stages` has a module of the same name."""

if TYPE_CHECKING:
    FeatureSet: TypeAlias = StageSettings
else:
    FeatureSet = Annotated[Union[tuple(STAGE_SETTINGS.values())], Field(discriminator="stage")]  # noqa: UP007
