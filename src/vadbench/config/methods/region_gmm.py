"""Settings of the Gaussian mixture over regions."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from vadbench.config.data import Supervision
from vadbench.config.methods.regions import RegionMethodSettings


class RegionGmmSettings(RegionMethodSettings):
    """Negative log-likelihood of a region's standardised histogram under a mixture of Gaussians with full
    covariances (scikit-learn's GaussianMixture), fitted to normal training regions."""

    SUPERVISION: ClassVar[Supervision] = "one_class"
    SEEDED: ClassVar[bool] = True

    method: Literal["region_gmm"] = "region_gmm"

    components: PositiveInt = 5
    """Gaussians of the mixture."""

    max_rows: PositiveInt = 100_000
    """Most training regions used; of more, as many are drawn by the seed."""
