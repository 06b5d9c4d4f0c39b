"""Settings of STPrompt."""

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import ROW_SCORING, SCORING, Name
from vadbench.config.data import Supervision
from vadbench.config.methods.base import TrainedSettings
from vadbench.config.methods.localisation import LocalisationSettings
from vadbench.config.windows import Keep


class StPromptSettings(TrainedSettings):
    """STPrompt (Wu et al., ACM Multimedia 2024): what moves, distance in time, and learned prompts.

    The defaults are the paper's on UCF-Crime and ShanghaiTech; on UBnormal alpha is 1. Where the paper is
    silent (sigma, tau, epochs, weight decay), they are those of VadCLIP's code or of the same authors' next
    paper.
    """

    SUPERVISION: ClassVar[Supervision] = "weak"
    READS_STAGE: ClassVar[str] = "windows"
    USES_TEXTS: ClassVar[bool] = True
    REVISION: ClassVar[int] = 2

    method: Literal["stprompt"] = "stprompt"
    reads: Name = "windows"

    lr: PositiveFloat = 1e-4
    """Learning rate of AdamW."""

    weight_decay: NonNegativeFloat = 0.01
    """Weight decay of AdamW; torch's default."""

    epochs: PositiveInt = 20
    """Passes over the training videos; the paper names none."""

    max_length: PositiveInt = 256
    """Rows that a longer training video is reduced to, and of a piece in scoring."""

    resample: Literal["mean", "pick"] = "mean"
    """How a longer training video is reduced: means of bins, or rows at even distances."""

    scoring: Annotated[Literal["chunk", "whole"], Field(json_schema_extra=ROW_SCORING)] = "chunk"
    """Test videos in pieces of `max_length` rows, or each at once."""

    aggregate: Literal["none", "average", "attention", "selection_average", "selection_attention"] = (
        "selection_attention"
    )
    """Which of the stage's spatial aggregates is added to the frame's embedding (the paper's Table 5).
    selection_attention: SA2, its own; none: without spatial modelling, SA2 switched off in its Table 4."""

    temporal_adapter: Literal["none", "transformer", "transformer+distance", "distance"] = "distance"
    """How rows learn of the rows around them (the paper's Table 6). distance: attention by distance in time
    alone, equation 4; transformer: a vanilla encoder layer, attention by similarity; transformer+distance:
    the second, then the first; none: the adapter switched off in its Table 4, rows stay as they are."""

    layers: PositiveInt = 1
    """Layers of the temporal adapter, one as equation 4 stands."""

    sigma: PositiveFloat = math.e
    """Width in rows of the attention by distance; at 0.05 and below rows see themselves alone. The paper
    gives none."""

    c_branch: bool = True
    """Whether the classifier and its loss are there (Table 4)."""

    a_branch: bool = True
    """Whether the learned prompts and their two losses are there (Table 4)."""

    prompt_before: NonNegativeInt = 8
    """Learned vectors before a class's name."""

    tau: PositiveFloat = 0.07
    """Temperature: what cosines are divided by before a softmax over classes."""

    alpha: NonNegativeFloat = 0.9
    """Weight of the alignment of videos with prompts (equation 8)."""

    beta: NonNegativeFloat = 2.0
    """Weight of the loss that keeps prompts apart (equation 9)."""

    const_reduction: Literal["mean", "sum"] = "mean"
    """Equation 9 as the mean over pairs of different classes, or as the sum that is printed, over all pairs:
    182 times as much for 14 classes, and a constant."""

    score: Annotated[
        Literal["a_branch", "literal", "c_branch", "mean"],
        Field(examples=["a_branch", "c_branch"], json_schema_extra=ROW_SCORING),
    ] = "a_branch"
    """a_branch: 1 - probability of `normal` by the prompts; literal: 1 - cosine with the prompt of `normal`,
    as the paper says it; c_branch: the classifier's confidence; mean: of a_branch and c_branch."""

    localisation: Annotated[LocalisationSettings | None, Field(json_schema_extra=SCORING)] = None
    """Heat maps and boxes beside the scores, training-free (section 3.3); null: scores alone. It needs the
    windows of the test videos: `keep: test` below the feature set."""

    @property
    def uses_queries(self) -> bool:
        return self.localisation is not None

    @property
    def windows_read(self) -> Keep:
        return "none" if self.localisation is None else "test"

    def training_identity(self) -> dict[str, Any]:
        """As of all methods that are trained."""
        identity = super().training_identity()
        # Without the A-branch the default of `score` is none of its values; the only one left is kept.
        return identity if self.a_branch else {**identity, "score": self.score}

    @model_validator(mode="after")
    def _found_class(self) -> Self:
        """A video's class is found by the prompts."""
        if self.localisation and self.localisation.queries == "video_class" and not self.a_branch:
            raise PydanticCustomError(
                "queries",
                "queries: video_class needs the branch that a_branch: false switches off",
                {"field": "localisation.queries", "write": "all"},
            )
        return self

    @model_validator(mode="after")
    def _scored_branch(self) -> Self:
        """The branch that is scored must be there."""
        needed = {"c_branch": ("c_branch",), "mean": ("a_branch", "c_branch")}.get(self.score, ("a_branch",))
        for branch in needed:
            if not getattr(self, branch):
                raise PydanticCustomError(
                    "score",
                    "score: {score} needs the branch that {branch}: false switches off",
                    {
                        "score": self.score,
                        "branch": branch,
                        "field": "score",
                        "write": "c_branch" if self.c_branch else "a_branch",
                    },
                )
        return self
