"""Settings of VadCLIP."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from vadbench.config.base import ROW_SCORING, Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import TrainedSettings

_VARYING = ("lr", "lr_milestones", "epochs", "half_batch", "layers", "attn_window", "contrast", "score")
_VALUES: dict[tuple[str, str], tuple[Any, ...]] = {
    ("code", "ucf_crime"): (2e-5, (4, 8), 10, 64, 2, 8, 0.1, "c_branch"),
    # The code draws 96 videos of either kind; ours are half normal, half abnormal (reading).
    ("code", "xd_violence"): (1e-5, (3, 6, 10), 10, 48, 1, 64, 1e-4, "a_branch"),
    # The paper names no schedule, and of the branches the better one, which is the one the code reports.
    ("paper", "ucf_crime"): (1e-5, (), 10, 32, 1, 8, 0.1, "c_branch"),
    ("paper", "xd_violence"): (2e-5, (), 20, 32, 1, 64, 1e-4, "a_branch"),
}
PUBLISHED: dict[tuple[str, str], dict[str, Any]] = {
    key: dict(zip(_VARYING, values, strict=True)) for key, values in _VALUES.items()
}
"""By `constants` and `constants_of`: what a setting is that an entry does not give itself."""


class VadClipSettings(TrainedSettings):
    """VadCLIP (Wu et al., AAAI 2024): two branches, one of them with learned prompts.

    Code and paper differ in learning rates, epochs, batches, the distance graph, the windows and the visual
    prompt, and both have other numbers on UCF-Crime than on XD-Violence. `constants` and `constants_of` say
    which are meant; any of them given beside these two counts instead. The defaults shown are those of the
    code on UCF-Crime.
    """

    SUPERVISION: ClassVar[Supervision] = "weak"
    READS_STAGE: ClassVar[str] = "clip"
    USES_TEXTS: ClassVar[bool] = True
    REVISION: ClassVar[int] = 2

    method: Literal["vadclip"] = "vadclip"
    reads: Name = "clip"

    constants: Literal["code", "paper"] = "code"
    """The public code's form and numbers, or the paper's: windows that overlap, a distance graph with
    softmaxed rows and sigma 1, confidences as weights of the visual prompt."""

    constants_of: Literal["ucf_crime", "xd_violence"] = "ucf_crime"
    """The benchmark whose published numbers are taken."""

    lr: PositiveFloat = 2e-5
    """Learning rate of AdamW at the start."""

    weight_decay: NonNegativeFloat = 0.01
    """Weight decay of AdamW; torch's default, as in the public code."""

    lr_milestones: tuple[PositiveInt, ...] = (4, 8)
    """Epochs after which the learning rate is multiplied with 0.1."""

    epochs: PositiveInt = 10
    """Passes over the training videos."""

    half_batch: PositiveInt = 64
    """Normal videos, and as many abnormal ones, per batch; a half with fewer videos gives all it has."""

    max_length: PositiveInt = 256
    """Rows that a longer training video is reduced to, and of a piece in scoring."""

    resample: Literal["mean", "pick"] = "mean"
    """How a longer training video is reduced: means of bins, or rows at even distances."""

    layers: PositiveInt = 2
    """Blocks of the local transformer."""

    attn_window: PositiveInt = 8
    """Rows of a window of its attention."""

    prompt_before: NonNegativeInt = 10
    """Learned vectors before a class's name."""

    prompt_after: NonNegativeInt = 10
    """Learned vectors behind it."""

    tau: PositiveFloat = 0.07
    """Temperature: what cosines are divided by before a softmax over classes."""

    contrast: NonNegativeFloat = 0.1
    """Weight of the loss that keeps the prompts of abnormal classes away from that of `normal`."""

    score: Annotated[Literal["c_branch", "a_branch"], Field(json_schema_extra=ROW_SCORING)] = "c_branch"
    """The branch whose scores count: the classifier, or 1 - probability of `normal` by the prompts."""

    literal_padding: bool = False
    """Whether the zeros behind a short video take part, as in the public code."""

    train_crops: Literal["samples", "mean"] = "samples"
    """Of several crops per frame, each is a training video by itself, as in the public code, or their mean
    embedding is one."""

    test_crop: Annotated[
        str, Field(examples=["center", "center_mirrored", "mean"], json_schema_extra=ROW_SCORING)
    ] = "center"
    """The crop that is scored, or `mean` for the mean of all crops' scores. The public code scores
    `center_mirrored` on UCF-Crime and `center` on XD-Violence."""

    @model_validator(mode="before")
    @classmethod
    def _published(cls, given: Any) -> Any:
        """Fill in the numbers that belong to `constants` and `constants_of`."""
        if not isinstance(given, dict):
            return given
        key = str(given.get("constants", "code")), str(given.get("constants_of", "ucf_crime"))
        return {**PUBLISHED.get(key, {}), **given}
