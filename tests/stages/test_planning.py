"""The plan of a benchmark's feature sets."""

from pathlib import Path
from typing import ClassVar, Literal

from vadbench.config import FeatureSet, FramesSettings, StageSettings
from vadbench.datasets import Annotations, VideoAnnotation, VideoEntry
from vadbench.stages.planning import SetPlan, plan_sets


class _OtherSettings(StageSettings):
    READS_STAGE: ClassVar[str | None] = "frames"

    stage: Literal["other"] = "other"
    reads: str = "frames"


def test_a_stage_that_cannot_be_tried_says_so(tmp_path: Path) -> None:
    annotations = Annotations(
        benchmark="made", classes=("normal",), splits={}, videos={"a": VideoAnnotation(frames=10)}
    )
    sets: dict[str, FeatureSet] = {"mine": _OtherSettings(), "frames": FramesSettings(stride=4)}
    plans = plan_sets(sets, [VideoEntry(id="a", path="absent.mp4")], annotations, tmp_path)
    assert plans == [
        SetPlan("frames", 3, None, None, "no video to try yet"),
        SetPlan("mine", None, None, None, "the stage other has no plan"),
    ]
