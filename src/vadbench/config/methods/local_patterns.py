"""Settings of Local Patterns."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, PositiveFloat, PositiveInt

from vadbench.config.base import whole_number
from vadbench.config.data import Supervision
from vadbench.config.methods.regions import RegionMethodSettings


class LocalPatternsSettings(RegionMethodSettings):
    """Reconstruction of regions that was learned on normal ones (Local Patterns Generalize Better for Novel
    Anomalies, ICLR 2025), so far of their motion alone: setting 8 of its Table 3."""

    SUPERVISION: ClassVar[Supervision] = "one_class"
    SEEDED: ClassVar[bool] = True

    method: Literal["local_patterns"] = "local_patterns"

    features: Literal["motion"] = "motion"
    """What stands for a region: its histogram of motion."""

    depth: Annotated[Literal[5, 7, 9], BeforeValidator(whole_number)] = 7
    """Fully connected layers (its Table 4 compares the three)."""

    hidden: PositiveInt = 512
    """Width of all layers but input and output (D_h in section 4.1)."""

    standardise: bool = True
    """Each input in units of its own deviation from its mean over the training regions; false: as it is, in
    pixels per frame. The paper says nothing of it."""

    lr: PositiveFloat = 1e-3
    """Learning rate of Adam (section 4.1)."""

    epochs: PositiveInt = 10
    """Passes over the training regions (section 4.1)."""

    batch_size: PositiveInt = 256
    """Regions per step, drawn from all training videos; the paper names that of inference alone (Table 6)."""
