"""What the settings of methods that score the regions of a frame share."""

from typing import Annotated, ClassVar

from pydantic import Field, NonNegativeFloat

from vadbench.config.base import SCORING, Name
from vadbench.config.methods.base import MethodSettings


class RegionMethodSettings(MethodSettings):
    """Base of the settings of methods that score regions by their histograms of motion.

    A frame's score is the largest of its regions'.
    """

    READS_STAGE: ClassVar[str] = "histograms"

    reads: Name = "histograms"

    smooth_sigma: Annotated[NonNegativeFloat, Field(json_schema_extra=SCORING)] = 9.5
    """Standard deviation, in source frames, of the Gaussian that scores are smoothed with over time in each
    video (Local Patterns names none; its released code smooths six times, by 1 to 6 frames, which is one
    Gaussian of this width); 0: not smoothed."""
