"""The convention of a figure, spelled out: it travels with every number."""

from vadbench.config import EvaluationSettings
from vadbench.evaluation.class_segments import MAP_DEFINITIONS
from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Convention
from vadbench.metrics import LEVEL


def describe(settings: EvaluationSettings, stride: int, *, with_classes: bool = False) -> Convention:
    """Every choice between scores and figures.

    Args:
        settings: of the evaluation.
        stride: frames that a row covers under `repeat`; unused otherwise.
        with_classes: whether mAP was measured too.
    """
    return Convention(
        frame_axis="decoded frames, 0-based; their number is found by decoding, never in a header",
        ground_truth="annotated intervals as published, end exclusive, cut at the last decoded frame",
        score_to_frame=_RULES[settings.score_to_frame].format(stride=stride),
        smoothing_rows=settings.smoothing_rows,
        videos="all test videos with frame truth; frames without a score are left out and lower the coverage",
        metrics={**DEFINITIONS, **(MAP_DEFINITIONS if with_classes else {})},
        interval=_interval(settings),
        text="; ".join(
            [
                settings.score_to_frame
                + (f" {stride} frames" if settings.score_to_frame == "repeat" else ""),
                "true length",
                "end exclusive",
                f"mean of {settings.smoothing_rows} rows" if settings.smoothing_rows > 1 else "no smoothing",
                _interval(settings),
            ]
        ),
    )


def _interval(settings: EvaluationSettings) -> str:
    if not settings.bootstrap_resamples:
        return "no intervals"
    return (
        f"{LEVEL:g} % percentile interval of {settings.bootstrap_resamples} bootstrap resamples of the test "
        f"videos, seed {settings.bootstrap_seed}"
    )


_RULES = {
    "hold": "hold: a row covers the frames from its own to the next row's, the last one to the end",
    "repeat": "repeat: each row in turn covers {stride} frames; frames after the last are without a score",
    "interpolate": "interpolate: linear between rows, the last row's score to the end",
}
