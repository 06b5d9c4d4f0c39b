"""Settings of `evaluate`: the conventions that a figure is printed with."""

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, StringConstraints, model_validator

from vadbench.config.base import Settings

LENGTH_TABLE_PATTERN = r"\.(csv|tsv)$"

LengthTable = Annotated[str, StringConstraints(pattern=LENGTH_TABLE_PATTERN)]
"""Path of a file with a line `video,frames` (or with a tab) for each test video."""

LengthRule = Literal["true", "floor16", "floor16_minus_one", "ceil16"]


def _with_switch(schema: dict[str, Any]) -> None:
    """YAML reads `true` as a switch; editors shall accept it too."""
    rules = schema["anyOf"][0]
    del rules["type"]
    rules["enum"] = [True, *rules["enum"]]


class EvaluationSettings(Settings):
    """How row scores become frame scores and how sure the figures are."""

    score_to_frame: Literal["hold", "repeat", "interpolate"] = "hold"
    """hold: a row covers the frames up to the next row; repeat: it covers `stride` frames, which is what the
    field does; interpolate: linear between rows. It moves the AUC of UCF-Crime by up to 0.3 points."""

    length_rule: Annotated[LengthRule | LengthTable, Field(json_schema_extra=_with_switch)] = "true"
    """How many frames of a video of n frames are evaluated. true: n; floor16: 16 * floor(n / 16);
    floor16_minus_one: 16 * floor((n - 1) / 16), as in the ground truth of XD-Violence in circulation; ceil16:
    16 * ceil(n / 16), as in those of UCF-Crime and ShanghaiTech that come with RTFM; or the path of a table
    `video,frames` (.csv or .tsv) that says it for each test video. The others than true reproduce published
    figures."""

    end_rule: Literal["exclusive", "inclusive"] = "exclusive"
    """Whether the frame that an annotation names as its end is normal or abnormal. inclusive: abnormal, as in
    the ground truth of UCF-Crime that comes with RTFM; it makes every event one frame longer."""

    smoothing_rows: NonNegativeInt = 0
    """Width in rows of a moving average over the scores before evaluation; 0 or 1: none. 7 rows are worth
    about 1.5 points of AUC, so it is printed with the figure."""

    bootstrap_resamples: NonNegativeInt = 1000
    """Resamples of the test videos for the 95 % intervals; 0: no intervals."""

    bootstrap_seed: NonNegativeInt = 0
    """Seed of the resampling."""

    @model_validator(mode="before")
    @classmethod
    def _true_is_a_rule(cls, given: Any) -> Any:
        """`length_rule: true` in YAML is the switch of that name."""
        if isinstance(given, dict) and given.get("length_rule") is True:
            return {**given, "length_rule": "true"}
        return given
