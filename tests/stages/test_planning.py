"""The plan of a benchmark's feature sets."""

from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from shards import write_video

from tiny_clip import write_architecture
from tiny_detector import write_tiny_detector
from vadbench.config import (
    ClipSettings,
    FeatureSet,
    FramesSettings,
    HistogramsSettings,
    MotionSettings,
    RegionsSettings,
    StageSettings,
    WindowsSettings,
)
from vadbench.datasets import Annotations, VideoAnnotation, VideoEntry
from vadbench.datasets.annotations import SplitLists
from vadbench.errors import VadbenchError
from vadbench.stages.planning import SetPlan, plan_sets
from vadbench.stages.probes import MotionProbe, probe_motion


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
        assert by_name[keep].rows == 11
        assert by_name[keep].bytes == pytest.approx(size)
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


def test_what_x265_says_is_not_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_video(tmp_path / "clip.mp4", 0, 12)
    monkeypatch.setattr("vadbench.models.hevc_pipe.DumpPipe.take", lambda pipe: b"")
    monkeypatch.setattr("vadbench.models.hevc_vectors._check_square", lambda *_: None)
    monkeypatch.setattr("vadbench.models.hevc_vectors._moving_square", lambda: iter(()))
    with pytest.raises(VadbenchError, match="its dump ends after 0 pictures, not 12"):
        probe_motion(MotionSettings(), [tmp_path / "clip.mp4"], 1, 1.0)


@pytest.fixture
def two_videos(tmp_path: Path) -> tuple[list[VideoEntry], Annotations]:
    """Of 30 and 10 frames; the second is the only one of the split one_class."""
    entries = []
    for number, (name, frames) in enumerate({"long": 30, "short": 10}.items()):
        write_video(tmp_path / f"{name}.mp4", number, frames)
        entries.append(VideoEntry(id=name, path=f"{name}.mp4"))
    annotations = Annotations(
        benchmark="made",
        classes=("normal",),
        splits={"one_class": SplitLists(supervision="one_class", test=("short",))},
        videos={entry.id: VideoAnnotation() for entry in entries},
    )
    return entries, annotations


def _plan(
    sets: dict[str, FeatureSet], videos: tuple[list[VideoEntry], Annotations], root: Path
) -> dict[str, SetPlan]:
    plans = plan_sets(sets, *videos, root, (), seconds=0.1, device="cpu")
    return {plan.name: plan for plan in plans}


def test_regions_and_histograms_are_planned_by_what_is_found(
    two_videos: tuple[list[VideoEntry], Annotations], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    slow = MotionProbe(seconds=100.0, bytes=1.0, field=np.ones((5, 6, 2), np.int16))
    monkeypatch.setattr("vadbench.stages.planning.probe_motion", lambda *_: slow)
    write_tiny_detector(tmp_path / "tiny.pt")
    detector: dict[str, Any] = {"weights": "tiny.pt", "image_size": 64, "every": 2}
    sets: dict[str, FeatureSet] = {
        # What is read may stand behind what reads it.
        "of_windows": HistogramsSettings(reads="windows"),
        "of_unkept": HistogramsSettings(reads="windows", motion="unkept"),
        "windows": RegionsSettings(window=20),
        "sure": RegionsSettings(**detector, confidence=0.9999),
        "found": RegionsSettings(**detector, confidence=0.5),
        "of_found": HistogramsSettings(reads="found"),
        "motion": MotionSettings(),
        "unkept": MotionSettings(keep="none"),
        "frames": FramesSettings(stride=2, short_side=18),
    }
    plans = _plan(sets, two_videos, tmp_path)
    assert {name: plans[name].rows for name in sets} == {
        **dict.fromkeys(("of_windows", "of_unkept", "windows", "frames"), 20),
        **dict.fromkeys(("sure", "found", "of_found"), 11),
        "motion": 40,
        "unkept": 0,
    }
    # 48 x 36 pixels have four windows in each of three rows; a row has a place in the group of regions too.
    assert plans["windows"].bytes == pytest.approx(20 * (12 + 8 + 12 + 12 * 26))
    assert plans["of_windows"].bytes == pytest.approx(20 * (12 + 12 + 12 * 32))
    assert plans["sure"].bytes == pytest.approx(11 * (12 + 8 + 12))
    assert (plans["found"].bytes or 0) > (plans["sure"].bytes or 0)
    regions = ((plans["found"].bytes or 0) / 11 - 32) / 26
    assert plans["of_found"].bytes == pytest.approx(11 * (24 + regions * 32))
    # Motion that is not kept is made by what reads it, of every frame of its videos.
    assert [plans[name].seconds for name in ("motion", "of_unkept")] == pytest.approx([4000, 4000], rel=0.05)
    assert (plans["of_windows"].seconds or 0) < 200
    assert all(plan.seconds for name, plan in plans.items() if name != "unkept")


def test_what_could_not_be_tried_is_said_of_what_reads_it(
    two_videos: tuple[list[VideoEntry], Annotations], tmp_path: Path
) -> None:
    sets: dict[str, FeatureSet] = {
        "frames": FramesSettings(),
        "regions": RegionsSettings(weights="absent.pt"),
        "motion": MotionSettings(),
        "histograms": HistogramsSettings(),
    }
    plans = _plan(sets, two_videos, tmp_path)
    assert plans["regions"] == SetPlan("regions", 40, None, None, plans["regions"].note)
    assert "absent.pt" in plans["regions"].note
    assert plans["histograms"].note == "regions could not be tried, which it reads"


@pytest.mark.parametrize("is_bad", [False, True])
def test_a_set_of_a_split_without_known_frames_costs_nothing(tmp_path: Path, is_bad: bool) -> None:
    write_video(tmp_path / "good.mp4", 0, 10)
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    ids = ("good", "bad") if is_bad else ("good",)
    annotations = Annotations(
        benchmark="made",
        classes=("normal",),
        splits={"weak": SplitLists(supervision="weak", test=ids[1:])},
        videos={id: VideoAnnotation() for id in ids},
    )
    model = {"model": str(write_architecture(tmp_path)), "weights": "none", "split": "weak"}
    sets: dict[str, FeatureSet] = {
        "frames": FramesSettings(),
        "motion": MotionSettings(keep="none"),
        "regions": RegionsSettings(window=20),
        "histograms": HistogramsSettings(split="weak"),
        "clip": ClipSettings.model_validate(model),
        "windows": WindowsSettings.model_validate({**model, "scales": ("2/2",), "top": 2}),
    }
    videos = [VideoEntry(id=id, path=f"{id}.mp4") for id in ids], annotations
    plans = _plan(sets, videos, tmp_path)
    assert plans["regions"].rows == 10
    for name in ("histograms", "clip", "windows"):
        plan = plans[name]
        assert (plan.rows, plan.bytes, plan.seconds) == (0, 0.0, 0.0)
        assert plan.note.startswith("without 1 bad videos" if is_bad else "no videos")


def test_a_set_of_one_split_has_its_videos_alone(
    two_videos: tuple[list[VideoEntry], Annotations], tmp_path: Path
) -> None:
    sets: dict[str, FeatureSet] = {
        "frames": FramesSettings(stride=4),
        "windows": RegionsSettings(window=20, split="one_class", every=2),
        "motion": MotionSettings(split="one_class"),
        "histograms": HistogramsSettings(reads="windows", split="one_class"),
    }
    plans = _plan(sets, two_videos, tmp_path)
    assert {name: plan.rows for name, plan in plans.items()} == {
        "frames": 11,
        "windows": 2,
        "motion": 10,
        "histograms": 2,
    }


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
