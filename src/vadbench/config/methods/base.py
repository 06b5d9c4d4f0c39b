"""What the settings of all methods share."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vadbench.config.base import (
    LABEL,
    NAME_PATTERN,
    ROW_SCORING,
    SCORING,
    Fraction,
    Name,
    Names,
    Settings,
)
from vadbench.config.data import Supervision
from vadbench.config.windows import Keep


class MethodSettings(Settings):
    """Base of the settings of every method."""

    SUPERVISION: ClassVar[Supervision]
    """What its training looks at; `none`: it is not trained and runs on every split."""

    SEEDED: ClassVar[bool]
    """Whether its result depends on the seed; if not, it runs once, as seed 0."""

    READS_STAGE: ClassVar[str]
    """The stage whose rows it reads; a set of this name is what it reads unless `reads` says otherwise."""

    USES_TEXTS: ClassVar[bool] = False
    """Whether its result depends on the benchmark's texts."""

    REVISION: ClassVar[int] = 1
    """Raised when the method's output changes for equal settings; its runs are then made again."""

    method: str
    """The method's name."""

    reads: Name
    """The feature set it reads."""

    variant: Annotated[str, Field(pattern=f"^$|{NAME_PATTERN}", json_schema_extra=LABEL)] = ""
    """A label that keeps several entries of one method apart, as in a table of ablations."""

    splits: Annotated[Names | None, Field(json_schema_extra=LABEL)] = None
    """The splits it runs on, among those of the benchmark; null: all that offer its supervision."""

    @property
    def uses_queries(self) -> bool:
        """Whether it localises, so that its scores depend on the benchmark's queries."""
        return False

    @property
    def windows_read(self) -> Keep:
        """The videos whose windows it reads, as `keep` of a set of windows names them."""
        return "none"

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Without `method`, which YAML names before the settings."""
        reference = handler(schema)
        handler.resolve_ref_schema(reference)["properties"].pop("method")
        return reference


class TrainedSettings(MethodSettings):
    """Base of the settings of methods that learn by gradients."""

    SEEDED: ClassVar[bool] = True

    lr: PositiveFloat
    """Learning rate of the optimizer at the start."""

    weight_decay: NonNegativeFloat
    """Weight decay of the optimizer."""

    half_batch: PositiveInt = 32
    """Normal videos, and as many abnormal ones, per batch; a half with fewer videos gives all it has."""

    epochs: PositiveInt
    """Passes over the training videos."""

    epoch: Literal["shorter", "longer"] = "shorter"
    """Which half of the videos, the one with fewer batches or the other one, ends an epoch when used up."""

    min_steps: NonNegativeInt = 0
    """Least number of training steps, for benchmarks so small that an epoch is a step or two; the epochs
    are stretched to it. 0 in the papers' benchmarks."""

    selection: Literal["last", "held_out", "best_on_test"] = "last"
    """Which checkpoint counts: the last; the best on a part of the training videos that is held out; or the
    best on the test videos by micro AUC with the default evaluation, which is no honest figure, so that the
    entry needs a `variant`."""

    held_out: Fraction = 0.2
    """Share of the training videos that `selection: held_out` holds out, of either label."""

    def training_identity(self) -> dict[str, Any]:
        """As of all settings; also without the fields marked with `ROW_SCORING` where no video is scored."""
        if self.selection == "last":
            return self._without(LABEL, SCORING, ROW_SCORING)
        return super().training_identity()
