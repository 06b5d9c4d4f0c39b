"""Settings of nearest neighbours of regions."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from vadbench.config.data import Supervision
from vadbench.config.methods.regions import RegionMethodSettings


class RegionKnnSettings(RegionMethodSettings):
    """Mean distance of a region's standardised histogram to its nearest ones of normal training regions."""

    SUPERVISION: ClassVar[Supervision] = "one_class"
    SEEDED: ClassVar[bool] = False

    method: Literal["region_knn"] = "region_knn"

    k: PositiveInt = 5
    """Nearest training regions whose distances are averaged."""

    max_rows: PositiveInt = 100_000
    """Most training regions that are kept; of more, as many are drawn, always the same."""
