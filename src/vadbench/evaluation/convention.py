"""The convention of a figure, spelled out: it travels with every number."""

from vadbench.config import EvaluationSettings
from vadbench.evaluation.class_segments import MAP_DEFINITIONS
from vadbench.evaluation.localisation import TIOU_DEFINITIONS
from vadbench.evaluation.measure import DEFINITIONS
from vadbench.evaluation.record import Convention
from vadbench.metrics import LEVEL

DECODED = "decoded frames"
PUBLISHED = "published frame counts"


def describe(
    settings: EvaluationSettings,
    stride: int,
    *,
    with_classes: bool = False,
    with_boxes: bool = False,
    rows: str = "",
    counted: str = DECODED,
) -> Convention:
    """Every choice between scores and figures.

    Args:
        settings: of the evaluation.
        stride: frames that a row covers under `repeat`; unused otherwise.
        with_classes: whether mAP was measured too.
        with_boxes: whether TIoU was.
        rows: what a row of the scores stands for, where the scores do not say it themselves.
        counted: where the numbers of frames come from: `DECODED`, `PUBLISHED` or other words.
    """
    length = settings.length_rule
    return Convention(
        frame_axis=_AXES.get(counted, f"frames, 0-based; their number: {counted}"),
        ground_truth=f"annotated intervals, starts as published; {_ENDS[settings.end_rule]}; "
        + _LENGTHS.get(length, f"evaluated are as many frames of a video as {length} says"),
        score_to_frame=_RULES[settings.score_to_frame].format(stride=stride),
        smoothing_rows=settings.smoothing_rows,
        videos="all test videos with frame truth; frames without a score are left out and lower the coverage",
        metrics={
            **DEFINITIONS,
            **(MAP_DEFINITIONS if with_classes else {}),
            **(TIOU_DEFINITIONS if with_boxes else {}),
        },
        interval=_interval(settings),
        text="; ".join(
            [
                settings.score_to_frame
                + (f" {stride} frames" if settings.score_to_frame == "repeat" else ""),
                *([rows] if rows else []),
                *([counted] if counted != DECODED else []),
                "true length" if length == "true" else f"length {_SHORT.get(length, f'as in {length}')}",
                f"end {settings.end_rule}",
                _smoothing(settings.smoothing_rows),
                _interval(settings),
            ]
        ),
    )


def _smoothing(rows: int) -> str:
    # A method may smooth its scores itself.
    return f"mean of {rows} rows" if rows > 1 else "no further smoothing"


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

_AXES = {
    DECODED: "decoded frames, 0-based; their number is found by decoding, never in a header",
    PUBLISHED: "frames, 0-based; their number is the published one, for the videos were not decoded here",
}

_ENDS = {
    "exclusive": "the frame named as the end is normal",
    "inclusive": "the frame named as the end is abnormal",
}

_SHORT = {
    "floor16": "16 floor(n / 16)",
    "floor16_minus_one": "16 floor((n - 1) / 16)",
    "ceil16": "16 ceil(n / 16)",
}

_LENGTHS = {
    "true": "cut at the last frame",
    **{rule: f"evaluated are {text} frames of a video of n" for rule, text in _SHORT.items()},
}
"""What becomes of labels at the end of a video, by length rule."""
