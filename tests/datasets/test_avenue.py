"""CUHK Avenue: its layouts, both label sets, and the published figures."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of
from real_scripts import load_script
from scipy.io import savemat

from miniatures import avenue as miniature
from miniatures.avenue import cells, write_masks
from vadbench.config import AvenueData
from vadbench.datasets import Annotations, avenue, index_benchmark, load_videos
from vadbench.errors import VadbenchError

SETTINGS = settings_of({"kind": "avenue"}, ("one_class",))
LENGTHS = [frames for frames, _ in miniature.TESTING.values()]
MASKS = "Avenue Dataset/ground_truth_demo/testing_label_mask"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the miniature, which no test changes."""
    root = tmp_path_factory.mktemp("avenue")
    miniature.write(root)
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(written, tmp_path / "data")
    return tmp_path / "data"


def _labels(number: int) -> list[bool]:
    frames, events = miniature.TESTING[number]
    return [any(start <= frame < end for start, end in events) for frame in range(frames)]


def test_split_labels_and_paths_of_the_miniature(written: Path, tmp_path: Path) -> None:
    report = index_benchmark("avenue", SETTINGS, written, tmp_path)
    annotations = Annotations.load(tmp_path / "avenue" / "annotations.json")
    split = annotations.split("one_class")
    assert split.supervision == "one_class"
    assert split.train == ("training_01", "training_02", "training_03")
    assert split.test == ("testing_01", "testing_02", "testing_03")
    for number in miniature.TESTING:
        id = f"testing_{number:02d}"
        assert annotations.frame_labels(id, LENGTHS[number - 1]).tolist() == _labels(number)
        assert annotations.videos[id].frames == LENGTHS[number - 1]
        masks = annotations.videos[id].masks
        assert masks is not None
        assert (masks.path, masks.files) == (f"{MASKS}/{number}_label.mat", 1)
    assert not any(annotations.is_abnormal(id) for id in split.train)
    entries = {entry.id: entry for entry in load_videos(tmp_path / "avenue" / "videos" / "0000.json")}
    assert entries["testing_03"].path == "Avenue Dataset/testing_videos/03.avi"
    assert entries["training_03"].path == "Avenue Dataset/training_videos/03.avi"
    assert entries["testing_03"].bytes == (written / entries["testing_03"].path).stat().st_size
    assert report.notes == (
        "other test videos than the published ones; checked against themselves",
        "abnormal frames are those of the label set masks",
    )
    assert [(count.what, count.found, count.published) for count in report.counts] == [
        ("training videos", 3, None),
        ("test videos", 3, None),
        ("test frames", 108, None),
        ("wholly abnormal test videos", 0, None),
        ("abnormal test frames by masks", 37, None),
    ]


def test_the_layout_of_frames(root: Path, tmp_path: Path) -> None:
    """As Liu et al. publish it; the number of images is held against that of the masks."""
    folder = root / "avenue"
    shutil.move(root / MASKS, folder / "masks")
    for part, lengths in (("training", [5, 6]), ("testing", [*LENGTHS[:2], 31])):
        for number, frames in enumerate(lengths, 1):
            images = folder / part / "frames" / f"{number:02d}"
            images.mkdir(parents=True)
            for frame in range(frames):
                (images / f"{frame:04d}.jpg").touch()
    found = avenue.read(AvenueData(folders=("avenue",)), root)
    assert [entry.path for entry in found.entries][:3] == [
        "avenue/training/frames/01",
        "avenue/training/frames/02",
        "avenue/testing/frames/01",
    ]
    assert found.entries[0].bytes == 5
    assert found.missing == ()
    assert found.notes[-1] == "testing_03: 31 frames, its labels have 32"


def test_a_file_goes_before_its_frames_and_two_files_are_refused(root: Path) -> None:
    images = root / "Avenue Dataset" / "testing" / "frames" / "01"
    images.mkdir(parents=True)
    (images / "0000.jpg").touch()
    found = {entry.id: entry.path for entry in avenue.read(AvenueData(), root).entries}
    assert found["testing_01"] == "Avenue Dataset/testing_videos/01.avi"
    (root / "Avenue Dataset" / "testing_videos" / "1.avi").touch()
    with pytest.raises(VadbenchError, match="are both testing_01; keep one"):
        avenue.read(AvenueData(), root)


def test_annotations_alone_are_enough(root: Path) -> None:
    for path in root.rglob("*.avi"):
        path.unlink()
    found = avenue.read(AvenueData(), root)
    assert found.missing == ("testing_01", "testing_02", "testing_03")
    assert found.entries[0].path == "Avenue Dataset/testing_videos/01.avi"
    assert found.videos["testing_02"].intervals == ((5, 15),)


def _write_events(root: Path, form: str) -> None:
    """Events that differ from the masks on frames 18 to 24 of the first video."""
    events = [[(10, 32)], *(list(events) for _, events in list(miniature.TESTING.values())[1:])]
    folder = root / "Avenue Dataset"
    if form == "mat":
        matrices = [np.add(np.array(one).T, [[1], [0]]) for one in events]
        savemat(folder / "avenue.mat", {"gt": cells(matrices)})
        return
    labels = [np.zeros(frames, np.int8) for frames in LENGTHS]
    for one, video in zip(events, labels, strict=True):
        for start, end in one:
            video[start:end] = 1
    np.save(folder / "frame_labels_avenue.npy", np.concatenate(labels)[None])


@pytest.mark.parametrize("form", ["mat", "npy"])
def test_the_label_set_events(root: Path, form: str) -> None:
    _write_events(root, form)
    difference = "the label sets masks and events differ on 7 frames in 1 videos: testing_01 7"
    masks = avenue.read(AvenueData(), root)
    events = avenue.read(AvenueData(labels="events"), root)
    assert masks.videos["testing_01"].intervals == ((10, 18), (25, 32))
    assert events.videos["testing_01"].intervals == ((10, 32),)
    assert events.videos["testing_02"] == masks.videos["testing_02"]
    assert events.masks == masks.masks
    for found, name in ((masks, "masks"), (events, "events")):
        assert found.notes[1:] == (f"abnormal frames are those of the label set {name}", difference)
    assert events.counts[-1].what == "abnormal test frames by events"
    assert events.counts[-1].found == 44


def test_events_without_masks(root: Path) -> None:
    _write_events(root, "mat")
    shutil.rmtree(root / MASKS)
    found = avenue.read(AvenueData(labels="events"), root)
    assert found.videos["testing_01"].frames is None
    assert found.videos["testing_03"].intervals == ((20, 32),)
    assert found.notes[-1] == "no masks, so where in a frame something is abnormal is unknown"
    assert [count.what for count in found.counts] == [
        "training videos",
        "test videos",
        "abnormal test frames by events",
    ]
    _write_events(root, "npy")
    (root / "Avenue Dataset" / "avenue.mat").unlink()
    with pytest.raises(VadbenchError, match="labels 108 frames, where the test videos have 15324"):
        avenue.read(AvenueData(labels="events"), root)


def test_events_beyond_a_video_are_named(root: Path) -> None:
    savemat(root / "Avenue Dataset" / "avenue.mat", {"gt": cells([np.array([[5], [50]])] * 3)})
    found = avenue.read(AvenueData(labels="events"), root)
    assert "testing_01: events end at frame 50, its masks at 40" in found.notes
    assert found.videos["testing_01"].intervals == ((4, 50),)


@pytest.mark.parametrize(
    ("labels", "change", "words"),
    [
        ("masks", "no masks", "holds no 1_label.mat, 2_label.mat, …, which the label set masks is read from"),
        ("events", "nothing", "holds no avenue.mat or frame_labels_avenue.npy, which the label set events"),
        ("masks", "a mask less", "02.avi: has no labels in the label set masks"),
        ("events", "a mask less", "have test video 2; complete them"),
        ("masks", "damage", "3_label.mat: no MATLAB file that can be read (cut short)"),
        ("masks", "two masks", "have one name and differ"),
    ],
)
def test_what_is_missing_or_damaged_is_named(root: Path, labels: str, change: str, words: str) -> None:
    path = root / MASKS / "3_label.mat"
    if change == "no masks":
        shutil.rmtree(root / MASKS)
    elif change == "a mask less":
        (root / MASKS / "2_label.mat").unlink()
        if labels == "events":
            _write_events(root, "mat")
    elif change == "damage":
        path.write_bytes(path.read_bytes()[:-20])
    elif change == "two masks":
        write_masks(root / "Avenue Dataset" / "3_label.mat", 32, [(0, 1)])
    with pytest.raises(VadbenchError, match=re.escape(words)):
        avenue.read(AvenueData(labels=labels), root)


def test_the_index_reads_masks_once(root: Path, tmp_path: Path) -> None:
    index_benchmark("avenue", SETTINGS, root, tmp_path / "stores")
    before = (tmp_path / "stores" / "avenue" / "annotations.json").read_bytes()
    for path in (root / MASKS).iterdir():
        state = path.stat()
        path.write_bytes(bytes(state.st_size))
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    report = index_benchmark("avenue", SETTINGS, root, tmp_path / "stores")
    assert report.written == ()
    assert (tmp_path / "stores" / "avenue" / "annotations.json").read_bytes() == before


@pytest.fixture(scope="module")
def published(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the two published mask files, and the others as masks of one row of pixels."""
    root = tmp_path_factory.mktemp("published")
    folder = root / "Avenue Dataset"
    masks = folder / "ground_truth_demo" / "testing_label_mask"
    masks.mkdir(parents=True)
    packed, lengths = _packed_masks(real_data)
    for number, start in zip(range(1, 20), np.cumsum([0, *lengths]), strict=False):
        rows = packed[start : start + lengths[number - 1]].any(axis=1)[:, None]
        savemat(
            masks / f"{number}_label.mat", {"volLabel": cells(rows.astype(np.uint8))}, do_compression=True
        )
    for number in (20, 21):
        (masks / f"{number}_label.mat").symlink_to(real_data / "avenue" / "masks" / f"{number}_label.mat")
    for part in ("training_videos", "testing_videos"):
        (folder / part).symlink_to(real_data / "avenue" / part)
    return root


def _packed_masks(real_data: Path) -> tuple[np.ndarray, list[int]]:
    """(frames, 360, 80) bytes of 8 pixels each of all 21 videos, and the videos' lengths."""
    module = load_script(real_data / "avenue" / "read_masks.py")
    return np.frombuffer(module._blob(), np.uint8).reshape(-1, module.H, module.W // 8), module.FRAMES


def _concatenated(stores: Path) -> np.ndarray:
    annotations = Annotations.load(stores / "avenue" / "annotations.json")
    test = annotations.split("one_class").test
    return np.concatenate([annotations.frame_labels(id, annotations.videos[id].frames or 0) for id in test])


@pytest.mark.real
def test_the_real_masks(published: Path, real_data: Path, tmp_path: Path) -> None:
    settings = settings_of({"kind": "avenue"}, ("one_class",), on_bad_video="skip")
    report = index_benchmark("avenue", settings, published, tmp_path)
    assert {count.what: (count.found, count.published) for count in report.counts} == {
        "training videos": (16, 16),
        "test videos": (21, 21),
        "test frames": (15_324, 15_324),
        "wholly abnormal test videos": (2, 2),
        "abnormal test frames by masks": (3_712, 3_712),
    }
    assert report.notes == (
        "abnormal frames are those of the label set masks",
        "33 of 37 listed videos are missing",
    )
    labels = real_data / "avenue" / "labels"
    for name in ("from_masks", "hf2vad"):
        expected = np.load(labels / f"frame_labels_avenue_{name}.npy").reshape(-1) == 1
        np.testing.assert_array_equal(_concatenated(tmp_path), expected)
    annotations = Annotations.load(tmp_path / "avenue" / "annotations.json")
    whole = [id for id, video in annotations.videos.items() if video.intervals == ((0, video.frames),)]
    assert whole == ["testing_08", "testing_18"]


@pytest.mark.real
def test_the_real_label_sets_differ(published: Path, real_data: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(published, root, symlinks=True)
    events = real_data / "avenue" / "labels" / "frame_labels_avenue_mnad.npy"
    (root / "Avenue Dataset" / "frame_labels_avenue.npy").symlink_to(events)
    settings = settings_of({"kind": "avenue", "labels": "events"}, ("one_class",), on_bad_video="skip")
    report = index_benchmark("avenue", settings, root, tmp_path / "stores")
    counts = {count.what: (count.found, count.published) for count in report.counts}
    assert counts["abnormal test frames by events"] == (3_867, 3_867)
    assert counts["wholly abnormal test videos"] == (0, 0)
    np.testing.assert_array_equal(_concatenated(tmp_path / "stores"), np.load(events).reshape(-1) == 1)
    assert report.notes[1] == (
        "the label sets masks and events differ on 441 frames in 15 videos: testing_01 43, testing_02 50, "
        "testing_06 26, testing_07 18, testing_08 26, testing_09 44, testing_10 28, testing_11 55, "
        "testing_12 59, testing_13 6, testing_14 13, testing_16 10, testing_17 26, testing_18 29, "
        "testing_19 8"
    )
    shutil.rmtree(root / MASKS)
    found = avenue.read(AvenueData(labels="events"), root)
    assert found.counts[-1].published == 3_867
    assert len(found.splits["one_class"].train) == 16
