"""What the settings of all stages share."""

from typing import ClassVar

from vadbench.config.base import Name, Settings


class StageSettings(Settings):
    """Base of the settings of every stage."""

    REVISION: ClassVar[int] = 1
    """Raised when the stage's output changes for equal settings; every part is then made again."""

    READS_STAGE: ClassVar[str | None] = None
    """The stage whose set it reads, which is named in a field `reads`; None: it reads videos."""

    stage: str
    """The stage that makes this set."""

    split: Name | None = None
    """The split whose videos it is made of, of a drawn one in all draws that run; null: all videos of the
    benchmark. Sets made from it name the same split, and methods that read it run on this split alone."""

    @property
    def source(self) -> str | None:
        """The set that this one is made from; None: the videos."""
        reads: str | None = getattr(self, "reads", None)
        return reads

    @property
    def sources(self) -> tuple[str, ...]:
        """All sets that this one is made from."""
        return () if self.source is None else (self.source,)
