"""Pixels against the plan: truth, boxes, determinism, files, and what trivial scores reach."""

import hashlib

import av
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vadbench.demo.painting import SceneRenderer
from vadbench.demo.plan import PlannedVideo, benchmark_plan, scene_of, write_manifest
from vadbench.demo.render import frame_truth, render_videos, scene_frames
from vadbench.errors import VadbenchError


def abnormal(part: str, name: str) -> PlannedVideo:
    videos = benchmark_plan(0, "default").part(part)  # type: ignore[arg-type]
    return next(video for video in videos if video.classes == (name,) and video.events[0].start > 0)


def digest(video: PlannedVideo, frames: int = 3) -> str:
    renderer = SceneRenderer(scene_of(video))
    return hashlib.sha256(b"".join(renderer.frame(i).tobytes() for i in range(frames))).hexdigest()


@pytest.mark.parametrize("name", ["fighting", "fire", "accident", "fall", "panic"])
def test_boxes_hold_what_the_event_changes(name: str) -> None:
    for video in benchmark_plan(0, "default").part("test"):
        if video.classes != (name,):
            continue
        renderer, event = SceneRenderer(scene_of(video)), video.events[0]
        boxes = {box[0]: box[1:] for box in video.boxes}
        for frame in range(event.start, event.end, 17):
            changed = (renderer.frame(frame) != renderer.frame(frame, with_event=False)).any(axis=2)
            left, top, right, bottom = boxes[frame]
            assert changed[top:bottom, left:right].sum() > 250, "the event is seen"
            outside = changed.copy()
            outside[top:bottom, left:right] = False
            assert not outside.any()


@pytest.mark.parametrize("name", ["fighting", "fire", "accident", "fall", "panic"])
def test_the_truth_says_when_the_event_is_seen(name: str) -> None:
    """Pixels of the event's activity appear at its first frame and are gone at the first frame after it."""
    from vadbench.demo.painting import ACTIVITIES

    video = abnormal("train", name)
    renderer, truth = SceneRenderer(scene_of(video)), frame_truth(video)
    event = video.events[0]
    for frame in {0, event.start - 1, event.start, (event.start + event.end) // 2, event.end - 1, event.end}:
        if frame < video.frames:
            seen = (renderer.frame_with_activities(frame)[1] == 1 + ACTIVITIES.index(name)).sum()
            assert (seen > 100) == truth[frame]


def test_frames_follow_from_the_seed() -> None:
    video = benchmark_plan(0, "mini").videos[0]
    frames = list(scene_frames(video))
    assert len(frames) == video.frames
    assert all(frame.shape == (240, 320, 3) and frame.dtype == np.uint8 for frame in frames)
    renderer = SceneRenderer(scene_of(video))
    assert np.array_equal(renderer.frame(7), frames[7])
    assert np.array_equal(renderer.frame_with_activities(7)[0], frames[7])
    assert not np.array_equal(frames[0], frames[1])


def test_no_two_videos_share_their_frames() -> None:
    videos = [*benchmark_plan(0, "mini").videos, *benchmark_plan(1, "mini").videos]
    assert len({digest(video) for video in videos}) == len(videos)


def test_trivial_scores_on_training_renders_stay_in_their_range() -> None:
    """Frame difference neither solves the benchmark nor is blind; the place in the video tells little."""
    difference, place, truth = [], [], []
    for video in benchmark_plan(0, "default").part("train"):
        renderer, abnormal_frames = SceneRenderer(scene_of(video)), frame_truth(video)
        place.append(-np.abs(np.arange(video.frames) / video.frames - 0.5))
        truth.append(abnormal_frames)
        for frame in range(3, video.frames, 10):
            now, before = (renderer.frame(i).astype(np.int16) for i in (frame, frame - 1))
            difference.append((np.abs(now - before).mean(), abnormal_frames[frame]))
    score, label = zip(*difference, strict=True)
    assert 0.50 <= roc_auc_score(label, score) <= 0.75
    assert roc_auc_score(np.concatenate(truth), np.concatenate(place)) <= 0.60


def test_the_average_label_of_a_camera_tells_nothing() -> None:
    videos = benchmark_plan(0, "default").part("test")
    share = {
        camera: np.mean([bool(video.classes) for video in videos if video.camera == camera])
        for camera in {video.camera for video in videos}
    }
    assert set(share.values()) == {0.5}


def test_files_hold_all_frames_and_are_kept(tmp_path) -> None:
    write_manifest(tmp_path, 0, "mini")
    videos = benchmark_plan(0, "mini").part("test")[:2]
    render_videos(tmp_path, [video.id for video in videos], workers=2)
    for video in videos:
        with av.open(str(tmp_path / video.path)) as container:
            decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(decoded) == video.frames
        errors = [
            np.abs(a.astype(int) - b.astype(int)).mean()
            for a, b in zip(decoded, scene_frames(video), strict=True)
        ]
        assert max(errors) < 12
    files = sorted(tmp_path.rglob("*.mp4"))
    assert [path.stem for path in files] == sorted(video.id for video in videos)
    before = [path.stat().st_mtime_ns for path in files]
    render_videos(tmp_path, [video.id for video in videos], workers=1)
    assert [path.stat().st_mtime_ns for path in files] == before


def test_the_same_frames_give_the_same_file(tmp_path) -> None:
    contents = []
    videos = benchmark_plan(0, "mini").videos[:3]
    for name in ("a", "b"):
        write_manifest(tmp_path / name, 0, "mini")
        render_videos(tmp_path / name, [video.id for video in videos])
        contents.append([(tmp_path / name / video.path).read_bytes() for video in videos])
    assert contents[0] == contents[1]


def test_unknown_videos_and_other_revisions_are_refused(tmp_path) -> None:
    with pytest.raises(VadbenchError, match="missing"):
        render_videos(tmp_path)
    path = write_manifest(tmp_path, 0, "mini")
    with pytest.raises(VadbenchError, match="demo_train_999"):
        render_videos(tmp_path, ["demo_train_999"])
    path.write_text(path.read_text().replace('"renderer_revision":1', '"renderer_revision":0', 1))
    with pytest.raises(VadbenchError, match="revision 0"):
        render_videos(tmp_path)
