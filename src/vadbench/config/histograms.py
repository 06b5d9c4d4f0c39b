"""Settings of the stage `histograms`."""

from typing import ClassVar, Literal

from vadbench.config.base import Name
from vadbench.config.stage import StageSettings


class HistogramsSettings(StageSettings):
    """How regions move, by direction: an orientation histogram of the motion vectors of each (TME of Local
    Patterns)."""

    READS_STAGE: ClassVar[str | None] = "regions"

    stage: Literal["histograms"] = "histograms"
    """The stage that makes this set."""

    reads: Name = "regions"
    """The set of regions it reads."""

    motion: Name = "motion"
    """The set of the stage `motion` whose vectors are counted; where it keeps none, they are made anew."""

    zeros: Literal["left_out", "counted"] = "left_out"
    """Vectors of length zero. left_out: they have no direction and are in no bin (**reading**); counted: they
    are in the bin of angle 0, as `atan2(0, 0)` says, and lower its mean."""

    average: Literal["direction", "region"] = "direction"
    """What a bin's sum of magnitudes is divided by. direction: the number of its vectors, as the paper says,
    so that one wild vector fills a bin; region: the number of all vectors of the region that are in some bin
    (**ours**), so that a bin counts for its share of what moves."""

    @property
    def sources(self) -> tuple[str, ...]:
        """All sets that this one is made from."""
        return (self.reads, self.motion)
