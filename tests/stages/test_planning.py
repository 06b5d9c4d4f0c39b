"""The plan of a benchmark's feature sets."""

from pathlib import Path
from typing import ClassVar, Literal

from shards import write_video

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
    plans = plan_sets(sets, [VideoEntry(id="a", path="absent.mp4")], annotations, tmp_path, ())
    assert plans == [
        SetPlan("frames", 3, None, None, "no video to try yet"),
        SetPlan("mine", None, None, None, "the stage other has no plan"),
    ]


def test_videos_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing.mp4")
    write_video(tmp_path / "good.mp4", 0, 10)
    entries = [VideoEntry(id=name, path=f"{name}.mp4") for name in ("bad", "gone", "good")]
    annotations = Annotations(
        benchmark="made",
        classes=("normal",),
        splits={},
        videos={entry.id: VideoAnnotation() for entry in entries},
    )
    (plan,) = plan_sets({"frames": FramesSettings(stride=4)}, entries, annotations, tmp_path, (), seconds=0.1)
    assert plan.rows == 3
    assert plan.bytes is not None
    assert plan.seconds is not None
    assert plan.note.startswith(f"without 2 bad videos, the first is {tmp_path / 'bad.mp4'}: ")
