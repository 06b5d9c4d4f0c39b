"""Settings of Sultani et al.'s ranking."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from vadbench.config.base import Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import TrainedSettings


class SultaniSettings(TrainedSettings):
    """Multiple-instance ranking (Sultani, Chen and Shah, CVPR 2018).

    Constants of the public PyTorch code in the field, DeepMIL, whose widths are 512-32-1.
    """

    SUPERVISION: ClassVar[Supervision] = "weak"
    READS_STAGE: ClassVar[str] = "clip"

    method: Literal["sultani"] = "sultani"
    reads: Name = "clip"

    lr: PositiveFloat = 5e-5
    """Learning rate of Adam at the start."""

    weight_decay: NonNegativeFloat = 5e-5
    """Weight decay of Adam."""

    lr_factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    """What the learning rate is multiplied with every `lr_every` epochs; 1 keeps it."""

    lr_every: PositiveInt = 10
    """Epochs between two such multiplications."""

    epochs: PositiveInt = 50
    """Passes over the training videos; in the public code 30 steps each."""

    segments: PositiveInt = 32
    """Bins of time whose mean rows stand for a training video; scoring is per row."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.6
    """Share of values dropped after each layer, the scores included, as in the public code."""

    smoothness: NonNegativeFloat = 8e-5
    """Weight of the squared differences between neighbouring segments of abnormal videos."""

    sparsity: NonNegativeFloat = 8e-5
    """Weight of the sum of the scores of abnormal videos."""

    pairs: Literal["index", "all"] = "index"
    """Which videos are ranked against each other: the i-th abnormal one with the i-th normal one of a batch,
    or every one with every one, as in the paper's own code."""
