"""Regions, motion and histograms of odd videos and odd names: right numbers, or one line that says why."""

import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from shards import HEIGHT, WIDTH, decoded, picture, write_list, write_shard, write_video

from tiny_detector import write_tiny_detector
from vadbench.config import FramesSettings, HistogramsSettings, MotionSettings, RegionsSettings
from vadbench.errors import VadbenchError
from vadbench.models.hevc_vectors import HevcVectors
from vadbench.stages import run_stage
from vadbench.stages.orientation import orientation_histograms
from vadbench.store import Part, Store, link, verify

STAGES = ("frames", "regions", "motion", "histograms")
NAMES = (
    "plain.mp4",
    'it\'s "quoted".mp4',
    "a:b;c|d&e.mp4",
    "$(touch pwned) `touch pwned`.mp4",
    "two\nlines.mp4",
    "päth/視頻/кадр.mp4",
    "-crf 0 %03d.mp4",
    "back\\slash=1:no-info=1.mp4",
    "l" * 251 + ".mp4",
)

Arrays = Mapping[str, list[NDArray[Any]]]


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a detector in it; ultralytics keeps its settings below."""
    monkeypatch.chdir(tmp_path)
    write_tiny_detector(tmp_path / "tiny.pt")
    return tmp_path


def run_all(shard: Path, out: Path, *, on_bad_video: Any = "fail", **regions: Any) -> dict[str, Path]:
    """The parts of the four stages, by name."""
    parts = {name: out / name / "part-0000.h5" for name in STAGES}
    given = {"weights": "tiny.pt", "image_size": 64, "confidence": 0.55, **regions}
    common: dict[str, Any] = {"videos": shard, "data_root": shard.parent, "on_bad_video": on_bad_video}
    run_stage(FramesSettings(format="png"), out=parts["frames"], **common)
    run_stage(RegionsSettings(**given), reads=parts["frames"], out=parts["regions"], device="cpu", **common)
    run_stage(MotionSettings(), out=parts["motion"], **common)
    run_stage(
        HistogramsSettings(),
        reads=parts["regions"],
        motion=parts["motion"],
        out=parts["histograms"],
        **common,
    )
    return parts


def written(folder: Path) -> set[str]:
    """What is in the folder beside the detector and ultralytics' settings."""
    return {path.name for path in folder.iterdir()} - {"tiny.pt", "weights", "ultralytics"}


def read(path: Path, id: str) -> list[NDArray[Any]]:
    """All that a part has of a video."""
    with Part.open(path) as part:
        rows = [part.read(id, name) for name in part.arrays]
        groups = [
            np.concatenate(part.ragged_rows(id, group, array))
            for group, arrays in part.groups.items()
            for array in arrays
        ]
        counts = [
            np.array([len(row) for row in part.ragged_rows(id, group, next(iter(arrays)))])
            for group, arrays in part.groups.items()
        ]
        return [part.frame(id), part.time(id), *rows, *groups, *counts]


def test_names_of_any_kind_change_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(tmp_path / "one.mp4", 0, 12)
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "one.mp4", folder / name)
    shard = write_list(tmp_path, [{"id": name, "path": f"videos/{name}", "bytes": 1} for name in NAMES])
    parts = run_all(shard, tmp_path / "stores/odd $(name); 'set'")
    for stage, path in parts.items():
        expected = read(path, NAMES[0])
        assert sum(len(array) for array in expected) > 12
        for name in NAMES[1:]:
            found = read(path, name)
            if stage == "regions":
                # Boxes move in their last bits by which frames share a batch.
                assert all(np.allclose(*pair, atol=1e-3) for pair in zip(found, expected, strict=True))
            elif stage != "histograms":
                assert all(np.array_equal(*pair) for pair in zip(found, expected, strict=True)), name
        link(path.parent, 1)
        assert verify(path.parent) == []
        with Store.open(path.parent) as store:
            assert store.videos == NAMES
    assert written(tmp_path) == {"videos", "stores", "one.mp4", "0000.json"}


def test_a_name_that_is_a_path_out_of_the_data_is_only_a_name(tmp_path: Path) -> None:
    """Ids become no paths: nothing is written beside the parts."""
    write_video(tmp_path / "one.mp4", 0, 3)
    ids = ["../../escape", "/absolute", "a/../b", ".", "NUL"]
    shard = write_list(tmp_path, [{"id": id, "path": "one.mp4", "bytes": 1} for id in ids])
    parts = run_all(shard, tmp_path / "deep/er/stores")
    for path in parts.values():
        with Part.open(path) as part:
            assert part.videos == tuple(ids)
        assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert written(tmp_path) == {"one.mp4", "0000.json", "deep"}


@pytest.mark.parametrize("frames", [1, 2])
def test_clips_of_one_and_two_frames(tmp_path: Path, frames: int) -> None:
    shard = write_shard(tmp_path / "clips", {"short": frames})
    parts = run_all(shard, tmp_path, confidence=0.5)
    for path in parts.values():
        with Part.open(path) as part:
            assert (part.row_count("short"), part.frame_count("short")) == (frames, frames)
    with Part.open(parts["regions"]) as regions, Part.open(parts["histograms"]) as histograms:
        boxes = regions.ragged_rows("short", "regions", "box")
        found = histograms.ragged_rows("short", "regions", "histogram")
        assert sum(map(len, boxes)) > 0
        fields = list(HevcVectors().fields(decoded(shard.parent / "videos/short.mp4")))
        assert (fields[0] == -32768).all()
        for some, each in zip(boxes, found, strict=True):
            moved = orientation_histograms(some, fields[-1]) if frames == 2 else np.zeros((len(some), 8))
            assert np.array_equal(each, moved)


def test_frames_without_detections_have_rows_without_regions(tmp_path: Path) -> None:
    """Of a whole video, and of some frames between others that have some."""
    random = np.random.default_rng(0)
    folder = tmp_path / "clips/mixed"
    folder.mkdir(parents=True)
    for number in range(9):
        noise = random.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        Image.fromarray(noise if number in (3, 4, 7) else np.zeros_like(noise)).save(folder / f"{number}.png")
    write_video(tmp_path / "clips/none.mp4", 0, 5)
    shard = write_list(
        tmp_path / "clips",
        [{"id": id, "path": id, "bytes": 1} for id in ("mixed", "none.mp4")],
    )
    with Part.open(run_all(shard, tmp_path / "probe", confidence=0.001, most=1)["regions"]) as part:
        surest = [row.max() for id in part.videos for row in part.ragged_rows(id, "regions", "score")]
    ranked = sorted(set(surest))
    between = float(ranked[len(ranked) // 2 - 1] + ranked[len(ranked) // 2]) / 2
    parts = run_all(shard, tmp_path / "some", confidence=between)
    with Part.open(parts["regions"]) as regions, Part.open(parts["histograms"]) as histograms:
        counts = [len(row) for id in regions.videos for row in regions.ragged_rows(id, "regions", "box")]
        assert [count > 0 for count in counts] == [score > between for score in surest]
        assert 0 in counts
        assert max(counts) > 0
        found = [
            row for id in histograms.videos for row in histograms.ragged_rows(id, "regions", "histogram")
        ]
        assert [row.shape for row in found] == [(count, 8) for count in counts]
    nothing = run_all(shard, tmp_path / "nothing", confidence=0.9999999)
    for stage in ("regions", "histograms"):
        with Part.open(nothing[stage]) as part:
            rows = [
                row
                for id in part.videos
                for row in part.ragged_rows(id, "regions", next(iter(part.groups["regions"])))
            ]
            assert [len(row) for row in rows] == [0] * 14
        link(nothing[stage].parent, 1)
        assert verify(nothing[stage].parent) == []


def write_changing(folder: Path) -> None:
    """Six images, the last three of them larger."""
    folder.mkdir(parents=True)
    for number in range(6):
        image = Image.fromarray(picture(0, number))
        image.resize((WIDTH * (1 + number // 3), HEIGHT * (1 + number // 3))).save(folder / f"{number}.png")


def write_changing_stream(file: Path) -> None:
    """The same as an H.264 stream, whose second half has headers of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    for half in range(2):
        with av.open(stream, "w", format="h264") as container:
            video: Any = container.add_stream("libx264", rate=25, options={"bf": "0"})
            video.width, video.height = WIDTH * (1 + half), HEIGHT * (1 + half)
            for number in range(3):
                image = Image.fromarray(picture(0, number)).resize((video.width, video.height))
                frame = av.VideoFrame.from_image(image)
                frame.pts = 3 * half + number
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
    file.write_bytes(stream.getvalue())


WRITE_CHANGING = {"images": write_changing, "stream.h264": write_changing_stream}


@pytest.mark.parametrize("kind", WRITE_CHANGING)
def test_a_clip_that_changes_its_size_stops_every_stage_with_one_line(tmp_path: Path, kind: str) -> None:
    WRITE_CHANGING[kind](tmp_path / "clips/changes")
    shard = write_list(tmp_path / "clips", [{"id": "changes", "path": "changes", "bytes": 6}])
    said = rf"changes: frame 3: is {2 * WIDTH}x{2 * HEIGHT} .* {WIDTH}x{HEIGHT}"
    for settings in (FramesSettings(), MotionSettings()):
        out = tmp_path / f"{settings.stage}.h5"
        with pytest.raises(VadbenchError, match=said) as caught:
            run_stage(settings, videos=shard, data_root=shard.parent, out=out)
        assert "\n" not in str(caught.value)
        assert not out.exists()


@pytest.mark.parametrize("kind", WRITE_CHANGING)
def test_a_clip_that_changes_its_size_is_skipped_by_every_stage(tmp_path: Path, kind: str) -> None:
    WRITE_CHANGING[kind](tmp_path / "clips/changes")
    shard = write_shard(tmp_path / "clips", {"before": 7, "after": 4})
    listed = json.loads(shard.read_text())["videos"]
    shard = write_list(shard.parent, [listed[0], {"id": "changes", "path": "changes", "bytes": 6}, listed[1]])
    parts = run_all(shard, tmp_path / "with", on_bad_video="skip", batch_size=1)
    plain = run_all(write_list(shard.parent, listed), tmp_path / "without", batch_size=1)
    for stage, path in parts.items():
        with Part.open(path) as part:
            assert set(part.skipped) == {"changes"}
            assert part.skipped["changes"].startswith("changes: frame 3: ")
            assert part.row_count("changes") == 0
        for id in ("before", "after"):
            pairs = zip(read(path, id), read(plain[stage], id), strict=True)
            assert all(np.array_equal(*pair) for pair in pairs)
