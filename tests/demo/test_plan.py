"""The plan of the demo benchmark: amounts, independence of camera and label, events, boxes, the manifest."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from vadbench.demo.events import EVENT_CLASSES
from vadbench.demo.plan import RENDERER_REVISION, BenchmarkPlan, benchmark_plan, scene_of, write_manifest
from vadbench.demo.render import frame_truth
from vadbench.errors import VadbenchError

SPLITS = [("train", False), ("test", False), ("train", True), ("test", True)]


@pytest.fixture(scope="module", params=["default", "mini"])
def plan(request: pytest.FixtureRequest) -> BenchmarkPlan:
    return benchmark_plan(0, request.param)


def test_amounts_of_the_default_size() -> None:
    plan = benchmark_plan(0, "default")
    for part, amount in (("train", 55), ("test", 32)):
        videos = plan.part(part)
        assert Counter(bool(video.classes) for video in videos) == {True: amount, False: amount}
        per_class = Counter(video.classes[0] for video in videos if video.classes)
        assert set(per_class) == set(EVENT_CLASSES)
        assert max(per_class.values()) - min(per_class.values()) <= 1
    chosen = [*plan.part("train", one_class=True), *plan.part("test", one_class=True)]
    assert Counter(video.part for video in chosen) == {"train": 12, "test": 12}
    assert sum(video.frames for video in chosen) <= 6000
    assert all(180 <= video.frames <= 240 for video in plan.videos)


def test_the_one_class_split_trains_on_normal_videos_and_tests_on_both_kinds(plan: BenchmarkPlan) -> None:
    assert not any(video.classes for video in plan.part("train", one_class=True))
    assert {bool(video.classes) for video in plan.part("test", one_class=True)} == {True, False}


@pytest.mark.parametrize(("part", "one_class"), SPLITS)
def test_camera_and_label_are_independent(plan: BenchmarkPlan, part: str, one_class: bool) -> None:
    videos = plan.part(part, one_class=one_class)  # type: ignore[arg-type]
    normal = Counter(video.camera for video in videos if not video.classes)
    abnormal = Counter(video.camera for video in videos if video.classes)
    assert len(set(normal.values())) == 1
    if abnormal:
        assert set(normal) == set(abnormal)
        assert len(set(abnormal.values())) == 1


@pytest.mark.parametrize("part", ["train", "test"])
def test_classes_are_spread_over_the_cameras(plan: BenchmarkPlan, part: str) -> None:
    videos = plan.part(part)  # type: ignore[arg-type]
    cameras = {video.camera for video in videos}
    pairs = Counter((video.camera, video.classes[0]) for video in videos if video.classes)
    amounts = [pairs[camera, name] for camera in cameras for name in EVENT_CLASSES]
    assert max(amounts) - min(amounts) <= 1
    assert len(cameras) >= 5


def test_names_order_and_lengths_tell_nothing(plan: BenchmarkPlan) -> None:
    assert len({video.id for video in plan.videos}) == len(plan.videos)
    for part in ("train", "test"):
        videos = plan.part(part)
        assert [video.id for video in videos] == [f"demo_{part}_{i:03d}" for i in range(len(videos))]
    label = np.array([bool(video.classes) for video in benchmark_plan(0, "default").videos])
    order = np.arange(len(label))
    assert abs(np.corrcoef(label, order)[0, 1]) < 0.2


def test_events_start_anywhere_and_touch_both_ends() -> None:
    videos = [video for seed in range(3) for video in benchmark_plan(seed, "default").videos if video.events]
    starts = np.array([video.events[0].start / video.frames for video in videos])
    ends = np.array([video.events[0].end / video.frames for video in videos])
    assert 0.03 < np.mean(starts == 0) < 0.4
    assert 0.03 < np.mean(ends == 1) < 0.4
    middle = (starts + ends) / 2
    assert np.all(np.histogram(middle, bins=4, range=(0, 1))[0] > 0.12 * len(videos))


def test_every_abnormal_test_frame_has_a_box_that_the_centre_view_sees(plan: BenchmarkPlan) -> None:
    for video in plan.part("test"):
        truth = frame_truth(video)
        assert [box[0] for box in video.boxes] == np.flatnonzero(truth).tolist()
        for _, left, top, right, bottom in video.boxes:
            assert 0 <= left < right <= 320
            assert 0 <= top < bottom <= 240
            seen = min(right, 280) - max(left, 40)
            assert seen >= 0.6 * (right - left)
            assert bottom - top >= 10


def test_a_plan_follows_from_its_seed() -> None:
    again = benchmark_plan.__wrapped__(0, "default")
    assert again == benchmark_plan(0, "default")
    assert again.videos[0].scene_seed != benchmark_plan(1, "default").videos[0].scene_seed
    seeds = [video.scene_seed for size in ("default", "mini") for video in benchmark_plan(0, size).videos]
    assert len(set(seeds)) == len(seeds)


def test_planning_imports_neither_opencv_nor_torch() -> None:
    code = (
        "import sys; from vadbench.demo.plan import benchmark_plan; benchmark_plan(0, 'mini');"
        "assert not {'cv2', 'torch', 'av'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_manifest_hides_the_truth_of_training_videos(tmp_path, plan: BenchmarkPlan) -> None:
    manifest = json.loads(write_manifest(tmp_path, 0, plan.size).read_text())
    assert (manifest["renderer_revision"], manifest["seed"], manifest["size"]) == (
        RENDERER_REVISION,
        0,
        plan.size,
    )
    assert manifest["classes"] == ["normal", *EVENT_CLASSES]
    for entry, video in zip(manifest["videos"], plan.videos, strict=True):
        assert entry["id"] == video.id
        assert entry["path"] == f"seed-0-revision-{RENDERER_REVISION}/{video.part}/{video.id}.mp4"
        if video.part == "train":
            assert entry["events"] is None
            assert entry["boxes"] is None
        else:
            assert entry["events"] == [[event.name, event.start, event.end] for event in video.events]
            assert entry["boxes"] == [list(box) for box in video.boxes]


def test_a_manifest_of_the_same_benchmark_is_left_alone(tmp_path) -> None:
    path = write_manifest(tmp_path, 0, "mini")
    before = path.stat().st_mtime_ns
    assert write_manifest(tmp_path, 0, "mini").stat().st_mtime_ns == before
    assert json.loads(write_manifest(tmp_path, 1, "mini").read_text())["seed"] == 1
    path.write_text('{"seed": 1')
    assert json.loads(write_manifest(tmp_path, 1, "mini").read_text())["seed"] == 1


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(VadbenchError, match="default or mini"):
        benchmark_plan(0, "huge")  # type: ignore[arg-type]


def test_scenes_hold_what_the_plan_says(plan: BenchmarkPlan) -> None:
    for video in plan.videos:
        event = scene_of(video).event
        assert (event is not None) == bool(video.events)
