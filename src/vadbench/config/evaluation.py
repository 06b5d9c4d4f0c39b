"""Settings of `evaluate`: the conventions that a figure is printed with."""

from typing import Literal

from pydantic import NonNegativeInt

from vadbench.config.base import Settings


class EvaluationSettings(Settings):
    """How row scores become frame scores and how sure the figures are."""

    score_to_frame: Literal["hold", "repeat", "interpolate"] = "hold"
    """hold: a row covers the frames up to the next row; repeat: it covers `stride` frames, which is what the
    field does; interpolate: linear between rows. It moves the AUC of UCF-Crime by up to 0.3 points."""

    smoothing_rows: NonNegativeInt = 0
    """Width in rows of a moving average over the scores before evaluation; 0 or 1: none. 7 rows are worth
    about 1.5 points of AUC, so it is printed with the figure."""

    bootstrap_resamples: NonNegativeInt = 1000
    """Resamples of the test videos for the 95 % intervals; 0: no intervals."""

    bootstrap_seed: NonNegativeInt = 0
    """Seed of the resampling."""
