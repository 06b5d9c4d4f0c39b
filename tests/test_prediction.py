"""Predicting: a finished run scores any video as it scored its own, from its folder alone."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from feature_sets import read_scores, score_inputs, train_inputs, weak_split
from tiny_clip import write_architecture, write_weights
from vadbench.config import (
    ClipSettings,
    FrameDifferenceSettings,
    FramesSettings,
    HistogramsSettings,
    LocalisationSettings,
    MotionMagnitudeSettings,
    MotionSettings,
    QuerySettings,
    RegionsSettings,
    StPromptSettings,
    SultaniPatchSettings,
    SultaniSettings,
    TextSettings,
    WindowsSettings,
    ZeroShotSettings,
)
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.prediction import predict
from vadbench.stages import run_stage
from vadbench.store import Part, Store, link

TEXTS = TextSettings(labels={"normal": ("a person walking",), "fire": ("a fire",), "fall": ("a fall",)})
QUERIES = QuerySettings(background=("a street", "a wall"), abnormal={"fire": ("flames",)})
SIDES = ("left", "top", "right", "bottom")


@dataclass
class Project:
    """Videos, feature sets and finished runs, as a workflow leaves them."""

    data: Path
    runs: dict[str, Path]


def write_video(path: Path, seed: int, frames: int = 30) -> None:
    generator = np.random.default_rng(seed)
    base = generator.integers(0, 200, (36, 48, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 48, 36, "yuv420p"
        for number in range(frames):
            image = np.roll(base, number * (seed + 1), axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    data, stores = root / "data", root / "stores"
    data.mkdir()
    ids = ["normal1", "normal2", "abnormal1", "abnormal2", "test1"]
    for number, id in enumerate(ids):
        write_video(data / f"{id}.avi", number)
    videos = root / "0000.json"
    entries = [{"id": id, "path": f"{id}.avi", "bytes": None} for id in ids]
    videos.write_text(json.dumps({"benchmark": "toy", "shard": 0, "shards": 1, "videos": entries}))
    architecture = write_architecture(root)
    clip = ClipSettings(model=str(architecture), weights=str(write_weights(architecture)), every=2, crops=5)
    frames = stores / "frames" / "part-0000.h5"
    run_stage(FramesSettings(stride=2, short_side=30), videos=videos, data_root=data, out=frames)
    run_stage(
        clip, videos=videos, reads=frames, data_root=data, out=stores / "clip/part-0000.h5", device="cpu"
    )
    tower = {"model": clip.model, "weights": clip.weights}
    kept = {"windows": "test", "all_windows": "all"}
    for name, keep in kept.items():
        windows = WindowsSettings(**tower, every=3, scales=("2/2", "3/1"), top=2, keep=keep)
        (stores / name).mkdir()
        run_stage(
            windows,
            videos=videos,
            reads=frames,
            data_root=data,
            out=stores / name / "part-0000.h5",
            device="cpu",
            test_videos=tuple(ids[4:]),
        )
    regions, motion = (stores / name / "part-0000.h5" for name in ("regions", "motion"))
    run_stage(
        RegionsSettings(window=20), videos=videos, reads=frames, data_root=data, out=regions, device="cpu"
    )
    run_stage(MotionSettings(preset="fast", crf=10), videos=videos, data_root=data, out=motion)
    histograms = stores / "histograms/part-0000.h5"
    run_stage(
        HistogramsSettings(zeros="counted"),
        videos=videos,
        reads=regions,
        data_root=data,
        out=histograms,
        motion=motion,
    )
    split = weak_split(ids[:4], ids[4:])
    runs = {}
    for name, settings in {
        "sultani": SultaniSettings(epochs=2),
        "zero_shot": ZeroShotSettings(),
        "frame_difference": FrameDifferenceSettings(),
        "motion_magnitude": MotionMagnitudeSettings(),
        "stprompt": StPromptSettings(
            epochs=2,
            prompt_before=2,
            localisation=LocalisationSettings(tau=0.2, threshold="otsu", queries="video_class"),
        ),
        "sultani_patch": SultaniPatchSettings(epochs=2, segments=4, reads="all_windows"),
    }.items():
        link(stores / settings.reads, 1)
        runs[name] = root / "results/toy/weak" / name / "seed-0"
        runs[name].mkdir(parents=True)
        with Store.open(stores / settings.reads) as features:
            if METHODS[name].trains:
                METHODS[name].train(train_inputs(features, split, settings, runs[name], texts=TEXTS))
            METHODS[name].score(
                score_inputs(features, split, settings, runs[name], texts=TEXTS, queries=QUERIES)
            )
    shutil.rmtree(stores)  # a run's folder is all that is needed
    return Project(data, runs)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("method", ["sultani", "zero_shot", "frame_difference", "motion_magnitude"])
def test_a_test_video_gets_the_scores_of_the_run(project: Project, tmp_path: Path, method: str) -> None:
    run = project.runs[method]
    table, picture = predict(project.data / "test1.avi", run, tmp_path, device="cpu")
    rows = read_csv(table)
    step = 2 if method in ("frame_difference", "motion_magnitude") else 4
    assert [int(row["frame"]) for row in rows] == list(range(0, 30, step))
    assert [float(row["time"]) for row in rows] == pytest.approx([frame / 10 for frame in range(0, 30, step)])
    scores = read_scores(run / "scores.h5")["test1"]
    # Batches of one video are not those of a shard, which moves the last bits.
    assert [float(row["score"]) for row in rows] == pytest.approx(scores.tolist(), abs=2e-4)
    with Image.open(picture) as image:
        assert image.width == 1400
    assert picture.stat().st_size < 200_000


@pytest.mark.parametrize("method", ["stprompt", "sultani_patch"])
def test_a_run_that_localises_also_gives_boxes_and_an_annotated_video(
    project: Project, tmp_path: Path, method: str
) -> None:
    run = project.runs[method]
    written = predict(project.data / "test1.avi", run, tmp_path, device="cpu")
    assert [path.name for path in written] == [
        f"test1.avi.{ending}" for ending in ("csv", "png", "boxes.csv", "annotated.mp4")
    ]
    assert set(tmp_path.iterdir()) == set(written)
    rows, boxes = read_csv(written[0]), read_csv(written[2])
    frames = list(range(0, 30, 6))
    assert [int(row["frame"]) for row in rows] == frames
    assert list(boxes[0]) == ["frame", "time", *SIDES, "score"]
    with Part.open(run / "scores.h5") as part:
        assert [float(row["score"]) for row in rows] == pytest.approx(
            part.read("test1", "score").tolist(), abs=2e-4
        )
        for row, frame in enumerate(frames):
            found = [box for box in boxes if int(box["frame"]) == frame]
            assert {float(box["time"]) for box in found} == {frame / 10}
            for name in (*SIDES, "score"):
                expected = part.ragged("test1", "boxes", name, row)
                assert [float(box[name]) for box in found] == pytest.approx(expected.tolist(), abs=1e-2)
    assert all(0 <= float(box["left"]) < float(box["right"]) <= 48 for box in boxes)
    assert all(0 <= float(box["top"]) < float(box["bottom"]) <= 36 for box in boxes)
    check_film(written[3], project.data / "test1.avi", boxes, frames)


def check_film(film: Path, video: Path, boxes: list[dict[str, str]], frames: list[int]) -> None:
    """A picture per scored row: the video's own frame with the best box in red, and the curve so far."""
    with av.open(str(video)) as container:
        source = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert float(stream.average_rate) == pytest.approx(10 / 6, rel=1e-2)
        pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(stream)]
    assert len(pictures) == len(frames)
    bars = []
    for number, picture in zip(frames, pictures, strict=True):
        best = next(box for box in boxes if int(box["frame"]) == number)
        left, top, right, bottom = (round(float(best[side]) * 10) for side in SIDES)
        red = (np.abs(picture[:360, :480] - (228, 26, 28)).max(axis=2) < 80)[top:bottom, left:right]
        for edge in (red[:4], red[-4:], red[:, :4].T, red[:, -4:].T):
            assert edge.any(axis=0).mean() > 0.7
        # Inside the box it is that frame of the video, and of no other time.
        shown = picture[top + 20 : bottom - 20, left + 20 : right - 20]
        differences = []
        for frame in frames:
            large = Image.fromarray(source[frame]).resize((480, 360), Image.Resampling.BICUBIC)
            other = np.asarray(large, int)[top + 20 : bottom - 20, left + 20 : right - 20]
            differences.append(np.abs(shown - other).mean())
        assert frames[int(np.argmin(differences))] == number
        bars.append(int((np.abs(picture[360:] - (213, 94, 0)).max(axis=2) < 60).sum(axis=0).argmax()))
    assert (np.diff(bars) > 50).all()


def test_class_scores_are_columns_by_name(project: Project, tmp_path: Path) -> None:
    table, _ = predict(project.data / "test1.avi", project.runs["zero_shot"], tmp_path, device="cpu")
    rows = read_csv(table)
    assert list(rows[0])[:4] == ["frame", "time", "score", "normal"]
    assert set(list(rows[0])[4:]) == {"fire", "fall"}
    for row in rows:
        assert float(row["score"]) == pytest.approx(float(row["fire"]) + float(row["fall"]), abs=1e-6)
        assert float(row["normal"]) + float(row["score"]) == pytest.approx(1, abs=1e-6)


def test_nothing_is_left_beside_the_files(project: Project, tmp_path: Path) -> None:
    run = project.runs["frame_difference"]
    before = {path: path.stat().st_mtime_ns for path in sorted(run.rglob("*"))}
    files = predict(project.data / "test1.avi", run, tmp_path / "new/folder", device="cpu")
    assert set((tmp_path / "new/folder").iterdir()) == set(files)
    assert {path: path.stat().st_mtime_ns for path in sorted(run.rglob("*"))} == before


@pytest.mark.parametrize("name", ["a b#=?[1]$x$.avi", "видео.avi", "-x.avi"])
def test_hostile_file_names(project: Project, tmp_path: Path, name: str) -> None:
    shutil.copy(project.data / "test1.avi", tmp_path / name)
    table, _ = predict(tmp_path / name, project.runs["frame_difference"], tmp_path / "out", device="cpu")
    assert len(read_csv(table)) == 15


def test_a_name_that_is_not_utf_8_is_refused(project: Project, tmp_path: Path) -> None:
    video = tmp_path / os.fsdecode(b"caf\xe9.avi")
    try:
        shutil.copy(project.data / "test1.avi", video)
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    with pytest.raises(VadbenchError, match="not UTF-8"):
        predict(video, project.runs["frame_difference"], tmp_path / "out", device="cpu")


def test_folder_of_frames_and_a_single_frame(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    Image.new("RGB", (48, 36), (90, 80, 70)).save(folder / "0001.png")
    table, picture = predict(folder, project.runs["sultani"], tmp_path / "out", device="cpu")
    assert len(read_csv(table)) == 1
    assert picture.exists()


def _truncated(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[:400])


def _text(_: Path, target: Path) -> None:
    target.write_text("no video")


@pytest.mark.parametrize("spoil", [_truncated, _text, lambda source, target: None])
def test_bad_video_gives_one_line_and_no_files(
    project: Project, tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    spoil(project.data / "test1.avi", tmp_path / "bad.avi")
    with pytest.raises(VadbenchError, match=r"bad\.avi") as error:
        predict(tmp_path / "bad.avi", project.runs["frame_difference"], tmp_path / "out", device="cpu")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.clear(), "make the run again"),
        (lambda record: record["method"].update(method="unheard_of"), "make the run again"),
        (lambda record: record["features"].update(reads=None), "make the run again"),
        (lambda record: record["features"].update(weights={"other": "0" * 64}), "weights"),
        (lambda record: record["features"].update(revision=0), "revision"),
        (lambda record: record["method"].update(segments=31), "trained with segments 32, asked for is 31"),
    ],
)
def test_runs_of_other_versions_and_weights_are_refused(
    project: Project, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    run = shutil.copytree(project.runs["sultani"], tmp_path / "run")
    record = json.loads((run / "settings.json").read_text())
    change(record)
    (run / "settings.json").write_text(json.dumps(record))
    with pytest.raises(VadbenchError, match=message) as error:
        predict(project.data / "test1.avi", run, tmp_path / "out", device="cpu")
    assert "\n" not in str(error.value)


def test_a_localising_run_of_an_earlier_version_is_refused(project: Project, tmp_path: Path) -> None:
    """Its settings.json holds no queries."""
    run = shutil.copytree(project.runs["stprompt"], tmp_path / "run")
    record = json.loads((run / "settings.json").read_text())
    del record["queries"]
    (run / "settings.json").write_text(json.dumps(record))
    with pytest.raises(VadbenchError, match=r"queries.*make the run again"):
        predict(project.data / "test1.avi", run, tmp_path / "out", device="cpu")


def test_a_run_without_its_checkpoint_is_refused_before_the_video_is_read(
    project: Project, tmp_path: Path
) -> None:
    run = shutil.copytree(project.runs["sultani"], tmp_path / "run")
    (run / "checkpoint.safetensors").unlink()
    with pytest.raises(VadbenchError, match="no such checkpoint"):
        predict(tmp_path / "none.avi", run, tmp_path / "out", device="cpu")


def test_a_folder_without_a_run(project: Project, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="finished run"):
        predict(project.data / "test1.avi", tmp_path, tmp_path / "out", device="cpu")
