"""The plan of a benchmark's feature sets."""

from pathlib import Path
from typing import ClassVar, Literal

from shards import write_video

from tiny_clip import write_architecture
from vadbench.config import FeatureSet, FramesSettings, MotionSettings, StageSettings, WindowsSettings
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


def test_windows_are_planned_by_what_is_kept(tmp_path: Path) -> None:
    write_video(tmp_path / "long.mp4", 0, 30)
    write_video(tmp_path / "short.mp4", 1, 10)
    architecture = write_architecture(tmp_path)
    entries = [VideoEntry(id=name, path=f"{name}.mp4") for name in ("long", "short")]
    annotations = Annotations(
        benchmark="made",
        classes=("normal",),
        splits={},
        videos={entry.id: VideoAnnotation() for entry in entries},
    )
    common = {"model": str(architecture), "weights": "none", "every": 2, "scales": ("2/2", "3/1"), "top": 2}
    sets: dict[str, FeatureSet] = {
        "frames": FramesSettings(stride=2),
        **{
            keep: WindowsSettings.model_validate({**common, "keep": keep}) for keep in ("none", "test", "all")
        },
        "ill": WindowsSettings.model_validate({**common, "scales": ("5/3",)}),
    }
    plans = plan_sets(sets, entries, annotations, tmp_path, ("short",), seconds=0.1, device="cpu")
    by_name = {plan.name: plan for plan in plans}
    # Beside frame, time and size of a frame, of 16 numbers: a frame, four aggregates, and where they are kept
    # two scales of four windows each.
    lean, full = 20 + 2 * 16 * 5 + 4 * 4, 20 + 2 * 16 * 13 + 4 * 4
    expected = {"none": 11 * lean, "test": 8 * lean + 3 * full, "all": 11 * full}
    for keep, size in expected.items():
        assert (by_name[keep].rows, by_name[keep].bytes) == (11, size)
        assert by_name[keep].seconds
    assert "grid of 4 x 4 tokens" in by_name["ill"].note


def test_motion_is_planned_by_its_first_videos(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 0, 30)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    entries = [VideoEntry(id=name, path=f"{name}.mp4") for name in ("bad", "a", "absent")]
    annotations = Annotations(
        benchmark="made",
        classes=("normal",),
        splits={},
        videos={"bad": VideoAnnotation(), "a": VideoAnnotation(), "absent": VideoAnnotation(frames=12)},
    )
    sets: dict[str, FeatureSet] = {"motion": MotionSettings(), "unkept": MotionSettings(keep="none")}
    motion, unkept = plan_sets(sets, entries, annotations, tmp_path, (), seconds=1)
    assert motion.rows == 42
    assert motion.seconds
    # 6 x 5 blocks of four bytes each, compressed, and 12 bytes for frame and time.
    assert motion.bytes is not None
    assert 42 * 12 < motion.bytes < 42 * (12 + 130)
    assert motion.note.startswith("without 1 bad videos")
    assert unkept == SetPlan("unkept", 0, 0.0, 0.0, "keep is none: made by what reads it")
    (absent,) = plan_sets({"motion": MotionSettings()}, entries[2:], annotations, tmp_path, ())
    assert absent == SetPlan("motion", 12, None, None, "no video to try yet")


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
