"""Settings of zero-shot CLIP."""

from typing import ClassVar, Literal

from vadbench.config.base import Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import MethodSettings


class ZeroShotSettings(MethodSettings):
    """1 - probability of `normal`, by CLIP's own similarity of frames and the benchmark's texts."""

    SUPERVISION: ClassVar[Supervision] = "none"
    SEEDED: ClassVar[bool] = False
    READS_STAGE: ClassVar[str] = "clip"
    USES_TEXTS: ClassVar[bool] = True

    method: Literal["zero_shot"] = "zero_shot"
    reads: Name = "clip"
