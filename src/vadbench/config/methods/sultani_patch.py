"""Settings of Sultani et al.'s ranking on windows."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.base import SCORING, Name
from vadbench.config.methods.localisation import BoxSettings
from vadbench.config.methods.sultani import SultaniSettings
from vadbench.config.windows import Keep


class SultaniPatchSettings(SultaniSettings):
    """Multiple-instance ranking over windows (a baseline of STPrompt's tables, "a simple patch-level
    detection", of which no more is said).

    A bag holds every window of the first scale of every bin of a video: the highest of them stands for it in
    the ranking, and in the regularisers the highest of a bin for the bin. A row's score is that of its
    highest window of the first scale; windows of all scales make the heat map. The set must keep the windows
    of all videos (`keep: all`).
    """

    READS_STAGE: ClassVar[str] = "windows"

    # Narrowed to its own name, as the type of every method is.
    method: Literal["sultani_patch"] = "sultani_patch"  # type: ignore[assignment]
    reads: Name = "windows"

    localisation: Annotated[BoxSettings, Field(json_schema_extra=SCORING)] = BoxSettings()
    """Heat maps and boxes beside the scores."""

    @property
    def windows_read(self) -> Keep:
        return "all"
