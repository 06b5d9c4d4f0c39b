"""Settings of the linear SVM."""

from typing import ClassVar, Literal

from pydantic import PositiveFloat

from vadbench.config.base import Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import MethodSettings


class LinearSvmSettings(MethodSettings):
    """scikit-learn's LinearSVC on standardised rows; every row of an abnormal video counts as abnormal."""

    SUPERVISION: ClassVar[Supervision] = "weak"
    SEEDED: ClassVar[bool] = False
    READS_STAGE: ClassVar[str] = "clip"

    method: Literal["linear_svm"] = "linear_svm"
    reads: Name = "clip"

    c: PositiveFloat = 1.0
    """Inverse strength of the regularisation, scikit-learn's `C` and its default."""
