"""Settings of the one-class SVM."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from vadbench.config.base import Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import MethodSettings


class OneClassSvmSettings(MethodSettings):
    """scikit-learn's OneClassSVM (RBF, gamma "scale") on standardised rows of normal training videos."""

    SUPERVISION: ClassVar[Supervision] = "one_class"
    SEEDED: ClassVar[bool] = True
    READS_STAGE: ClassVar[str] = "clip"

    method: Literal["one_class_svm"] = "one_class_svm"
    reads: Name = "clip"

    nu: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Upper bound of the share of training rows taken for outliers."""

    max_rows: PositiveInt = 20_000
    """Most training rows used; of more, as many are drawn by the seed."""
