"""The stage `regions` against a plain loop over the stored frames."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shards import run_frames, write_list, write_shard

from tiny_detector import NAMES, write_tiny_detector
from vadbench.config import FramesSettings, RegionsSettings
from vadbench.datasets import load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.detector import Detector, load_detector
from vadbench.models.weights import file_digest
from vadbench.stages import run_stage
from vadbench.stages.fixed_windows import fixed_windows
from vadbench.stages.images import read_image
from vadbench.stages.tracks import track_ids
from vadbench.store import ArraySpec, Part, PartWriter, link, verify

LENGTHS = {"a": 11, "b": 1, "c": 14}
ARRAYS = ("box", "score", "class", "track")


@pytest.fixture(scope="module", autouse=True)
def working_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder of weights, where ultralytics keeps its settings, lies below it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shard")
    write_tiny_detector(folder / "tiny.pt")
    return write_shard(folder, LENGTHS)


@pytest.fixture(scope="module")
def frames(shard: Path) -> Path:
    return run_frames(shard, shard.parent / "frames/part-0000.h5", format="png").path


def _run(shard: Path, reads: Path, out: Path, *, threads: int = 1, **settings: Any) -> Part:
    given = {"weights": str(shard.parent / "tiny.pt"), "image_size": 64, "confidence": 0.55, **settings}
    return _run_with(RegionsSettings(**given), shard, reads, out, threads)


def _run_with(settings: RegionsSettings, shard: Path, reads: Path, out: Path, threads: int = 1) -> Part:
    run_stage(
        settings,
        videos=shard,
        reads=reads,
        data_root=shard.parent,
        out=out,
        threads=threads,
        device="cpu",
    )
    return Part.open(out)


@pytest.fixture(scope="module")
def made(shard: Path, frames: Path) -> Iterator[Part]:
    with _run(shard, frames, shard.parent / "regions/part-0000.h5", batch_size=4) as part:
        yield part


def _read(part: Part, id: str) -> list[dict[str, Any]]:
    columns = {name: part.ragged_rows(id, "regions", name) for name in ARRAYS}
    return [{name: columns[name][row] for name in ARRAYS} for row in range(part.row_count(id))]


@pytest.mark.parametrize("every", [1, 3])
def test_regions_are_those_of_a_plain_loop(shard: Path, frames: Path, tmp_path: Path, every: int) -> None:
    detector = load_detector(shard.parent / "tiny.pt", device="cpu", image_size=64, confidence=0.55)
    total = 0
    with (
        _run(shard, frames, tmp_path / "part-0000.h5", every=every) as part,
        Part.open(frames) as source,
    ):
        for id, length in LENGTHS.items():
            rows = range(0, length, every)
            found = [detector.detect([detector.prepare(read_image(source, id, row))])[0] for row in rows]
            tracks = track_ids((each.boxes for each in found), 0.3)
            for stored, each, track in zip(_read(part, id), found, tracks, strict=True):
                assert np.allclose(stored["box"], each.boxes, atol=1e-3)
                assert np.allclose(stored["score"], each.scores, atol=1e-5)
                assert np.array_equal(stored["class"], each.classes)
                assert np.array_equal(stored["track"], track)
                total += len(each.boxes)
            assert part.frame(id).tolist() == list(rows)
            assert part.frame_count(id) == length
            assert np.array_equal(part.read(id, "frame_size"), source.read(id, "frame_size")[::every])
        assert part.attributes["names"] == list(NAMES)
        assert part.attributes["ultralytics"] == version("ultralytics")
        assert part.weights == {"tiny.pt": file_digest(shard.parent / "tiny.pt")}
    assert total > 10


def test_tracks_begin_anew_in_every_video(made: Part) -> None:
    for id in LENGTHS:
        seen = np.concatenate([row["track"] for row in _read(made, id)])
        assert set(seen.tolist()) == set(range(len(set(seen.tolist()))))


def test_boxes_are_in_pixels_of_the_decoded_frame(shard: Path, tmp_path: Path) -> None:
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5", format="png", short_side=18)
    detector = load_detector(shard.parent / "tiny.pt", device="cpu", image_size=64, confidence=0.55)
    with frames, _run(shard, frames.path, tmp_path / "regions/part-0000.h5") as part:
        image = read_image(frames, "a", 3)
        assert image.shape == (18, 24, 3)
        expected = detector.detect([detector.prepare(image)])[0].boxes
        assert len(expected)
        assert np.allclose(_read(part, "a")[3]["box"], 2 * expected, atol=1e-3)


def test_frames_without_detections_and_empty_shards(shard: Path, frames: Path, tmp_path: Path) -> None:
    with _run(shard, frames, tmp_path / "none/part-0000.h5", confidence=0.9999999) as part:
        assert [len(row["box"]) for row in _read(part, "a")] == [0] * LENGTHS["a"]
    empty = write_list(tmp_path, [])
    nothing = run_frames(empty, tmp_path / "frames/part-0000.h5")
    with nothing, _run(shard, nothing.path, tmp_path / "empty/part-0000.h5") as part:
        assert part.videos == ()


def test_threads_and_batches_change_nothing(shard: Path, frames: Path, tmp_path: Path, made: Part) -> None:
    with _run(shard, frames, tmp_path / "part-0000.h5", threads=2, batch_size=3) as part:
        for id in LENGTHS:
            for one, other in zip(_read(part, id), _read(made, id), strict=True):
                assert np.allclose(one["box"], other["box"], atol=1e-3)
                assert np.array_equal(one["track"], other["track"])


def test_out_of_memory_the_batches_are_halved(
    shard: Path, frames: Path, tmp_path: Path, made: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect, sizes = Detector.detect, list[int]()

    def short_of_memory(detector: Detector, images: Any) -> Any:
        sizes.append(len(images))
        if len(images) > 3:
            raise torch.OutOfMemoryError
        return detect(detector, images)

    monkeypatch.setattr(Detector, "detect", short_of_memory)
    with _run(shard, frames, tmp_path / "part-0000.h5", batch_size=5) as part:
        for id in LENGTHS:
            for one, other in zip(_read(part, id), _read(made, id), strict=True):
                assert np.allclose(one["box"], other["box"], atol=1e-3)
    assert sizes[:4] == [5, 2, 2, 1]


def test_the_set_can_be_linked_and_read_as_a_whole(made: Part) -> None:
    link(made.path.parent, 1)
    assert not verify(made.path.parent)


def test_classes_that_are_not_there_are_refused(shard: Path, frames: Path, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="the detector has no 'dog'"):
        _run(shard, frames, tmp_path / "part-0000.h5", classes=["dog"])
    assert not (tmp_path / "part-0000.h5").exists()


def test_fixed_windows_are_the_same_in_every_row(
    shard: Path, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vadbench.stages.embedding.read_encoded", None)  # no image is read
    settings = RegionsSettings(window=20, every=2)
    with _run_with(settings, shard, frames, tmp_path / "part-0000.h5") as part, Part.open(frames) as source:
        for id, length in LENGTHS.items():
            sizes = source.read(id, "frame_size")[::2]
            expected = fixed_windows(*sizes[0].tolist(), 20)
            assert len(expected) > 1
            rows = _read(part, id)
            assert len(rows) == len(range(0, length, 2))
            for row in rows:
                assert np.array_equal(row["box"], expected)
                assert row["score"].tolist() == [1.0] * len(expected)
                assert row["class"].tolist() == [0] * len(expected)
                assert row["track"].tolist() == list(range(len(expected)))
            assert np.array_equal(part.read(id, "frame_size"), sizes)
            assert part.frame(id).tolist() == list(range(0, length, 2))
            assert part.frame_count(id) == length
        assert part.attributes["names"] == ["window"]
        assert "ultralytics" not in part.attributes
        assert part.weights == {}
    link(tmp_path, 1)
    assert not verify(tmp_path)


def test_fixed_windows_are_of_the_decoded_frame(shard: Path, tmp_path: Path) -> None:
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5", format="png", short_side=18)
    settings = RegionsSettings(window=24)
    with frames, _run_with(settings, shard, frames.path, tmp_path / "regions/part-0000.h5") as part:
        assert frames.read("a", "frame_size")[0].tolist() == [48, 36]
        assert _read(part, "a")[0]["box"].max(axis=0).tolist() == [24, 12, 48, 36]


def test_fixed_windows_follow_a_change_of_resolution(tmp_path: Path) -> None:
    shard, sizes = (
        write_list(tmp_path, [{"id": "a", "path": "a.mp4", "bytes": 1}]),
        [(40, 30)] * 3 + [(80, 60)] * 3,
    )
    videos = load_videos(shard)
    with PartWriter(
        tmp_path / "frames/part-0000.h5",
        stage="frames",
        settings=FramesSettings().identity(),
        revision=1,
        videos=["a"],
        arrays={"frame_size": ArraySpec("int32", (2,))},
        videos_digest=videos_digest(videos),
    ) as writer:
        with writer.video("a") as video:
            video.append(frame=range(6), time=np.arange(6.0), frame_size=sizes)
            video.finish(6)
        writer.complete()
    settings = RegionsSettings(window=40, every=2)
    frames = tmp_path / "frames/part-0000.h5"
    with _run_with(settings, shard, frames, tmp_path / "regions/part-0000.h5") as part:
        found = [row["box"].max(axis=0).tolist()[2:] for row in _read(part, "a")]
        assert found == [[40, 30], [40, 30], [80, 60]]
        assert [len(row["box"]) for row in _read(part, "a")] == [1, 1, 6]


def test_fixed_windows_go_on_where_a_run_was_cut_off(shard: Path, frames: Path, tmp_path: Path) -> None:
    settings, written, cut = RegionsSettings(window=20), PartWriter.video, list[str]()

    def only_the_first(writer: PartWriter, id: str) -> Any:
        if cut:
            raise KeyboardInterrupt
        cut.append(id)
        return written(writer, id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PartWriter, "video", only_the_first)
        with pytest.raises(KeyboardInterrupt):
            _run_with(settings, shard, frames, tmp_path / "cut/part-0000.h5")
    with (
        _run_with(settings, shard, frames, tmp_path / "cut/part-0000.h5") as resumed,
        _run_with(settings, shard, frames, tmp_path / "whole/part-0000.h5") as whole,
    ):
        assert resumed.digest == whole.digest


def test_detectors_by_name_are_looked_for_where_they_are_fetched_to(
    shard: Path, frames: Path, tmp_path: Path
) -> None:
    settings = RegionsSettings(weights="yolov8n", image_size=64, confidence=0.55)
    with pytest.raises(VadbenchError, match="type `vadbench fetch-weights ultralytics yolov8n`"):
        _run_with(settings, shard, frames, tmp_path / "part-0000.h5")
    record = Path("weights/ultralytics/yolov8n.json")
    record.parent.mkdir(parents=True, exist_ok=True)
    file = record.with_suffix(".pt")
    file.write_bytes((shard.parent / "tiny.pt").read_bytes())
    content = {"model": "ultralytics", "tag": "yolov8n", "file": file.name, "sha256": file_digest(file)}
    record.write_text(json.dumps(content))
    with _run_with(settings, shard, frames, tmp_path / "part-0000.h5") as part:
        assert part.weights == {"yolov8n.pt": file_digest(file)}


def test_the_packaged_detector_needs_nothing_fetched(shard: Path, frames: Path, tmp_path: Path) -> None:
    settings = RegionsSettings(weights="demo", image_size=64)
    with _run_with(settings, shard, frames, tmp_path / "part-0000.h5") as part:
        assert set(part.weights) == {"detector.safetensors", "detector.yaml"}
        assert "person" in part.attributes["names"]
