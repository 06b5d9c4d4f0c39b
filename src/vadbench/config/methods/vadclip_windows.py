"""Settings of VadCLIP on windows."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.base import SCORING, Name
from vadbench.config.methods.localisation import BoxSettings
from vadbench.config.methods.vadclip import VadClipSettings
from vadbench.config.windows import Keep


class VadClipWindowsSettings(VadClipSettings):
    """VadCLIP that localises: its learned prompts are matched with windows (a baseline of STPrompt's tables).

    A window's heat is its probability of an abnormal class by the prompts, with VadCLIP's own temperature.
    Training and scores are VadCLIP's, on the frame embeddings of the set of windows, which must keep the
    windows of the test videos (`keep: test`).
    """

    READS_STAGE: ClassVar[str] = "windows"

    # Narrowed to its own name, as the type of every method is.
    method: Literal["vadclip_windows"] = "vadclip_windows"  # type: ignore[assignment]
    reads: Name = "windows"

    localisation: Annotated[BoxSettings, Field(json_schema_extra=SCORING)] = BoxSettings()
    """Heat maps and boxes beside the scores."""

    @property
    def windows_read(self) -> Keep:
        return "test"
