"""What the settings of all stages share."""

from typing import ClassVar

from vadbench.config.base import Settings


class StageSettings(Settings):
    """Base of the settings of every stage."""

    REVISION: ClassVar[int] = 1
    """Raised when the stage's output changes for equal settings; every part is then made again."""

    READS_STAGE: ClassVar[str | None] = None
    """The stage whose set it reads, which is named in a field `reads`; None: it reads videos."""

    stage: str
    """The stage that makes this set."""

    @property
    def source(self) -> str | None:
        """The set that this one is made from; None: the videos."""
        reads: str | None = getattr(self, "reads", None)
        return reads
