"""NWPU Campus: names that occur in both parts, one archive of labels, and what was stated about them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from miniatures import nwpu as miniature
from vadbench.config import NwpuData
from vadbench.datasets import Annotations, index_benchmark, load_videos, nwpu
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.nwpu import PUBLISHED, read_labels
from vadbench.datasets.published import deviations, published_table
from vadbench.errors import VadbenchError

SETTINGS = settings_of({"kind": "nwpu"}, ("one_class",))


def read(data_root: Path) -> Dataset:
    return nwpu.read(NwpuData(), data_root)


def label_path(folder: Path) -> Path:
    return folder / "groundtruth/NWPU_Campus_gt.npz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The labels of the miniature and its videos, which are empty."""
    folder = tmp_path / "NWPUCampusDataset"
    miniature.write_labels(label_path(folder))
    for part, names in (("Train", miniature.TRAIN), ("Test", miniature.TEST)):
        (folder / "videos" / part).mkdir(parents=True)
        for name in names:
            (folder / "videos" / part / f"{name}.avi").write_bytes(part.encode())
    return folder


def test_the_index_of_the_miniature(tmp_path: Path) -> None:
    miniature.write(tmp_path)
    report = index_benchmark("nwpu", SETTINGS, tmp_path, tmp_path / "stores")
    assert not any(count.published for count in report.counts)
    annotations = Annotations.load(tmp_path / "stores/nwpu/annotations.json")
    split = annotations.split("one_class")
    assert split.train == tuple(f"Train/{name}" for name in miniature.TRAIN)
    assert split.test == tuple(f"Test/{name}" for name in miniature.TEST)
    assert not any(annotations.is_abnormal(id) for id in split.train)
    for name, (frames, events) in miniature.TEST.items():
        video = annotations.videos[f"Test/{name}"]
        assert (video.frames, video.intervals) == (frames, tuple(events))
        assert video.segments == tuple(("abnormal", *event) for event in events)
        assert video.classes == (("abnormal",) if events else ())
    paths = {e.id: e.path for e in load_videos(tmp_path / "stores/nwpu/videos/0000.json")}
    assert paths["Train/D001_01"] == "NWPUCampusDataset/videos/Train/D001_01.avi"
    assert paths["Test/D001_01"] == "NWPUCampusDataset/videos/Test/D001_01.avi"


def test_counts_and_notes_of_other_videos(folder: Path) -> None:
    found = read(folder.parent)
    assert [(count.what, count.found, count.published) for count in found.counts] == [
        ("scenes", 2, None),
        ("training videos", 4, None),
        ("test videos", 4, None),
        ("test frames", 292, None),
        ("abnormal test frames", 144, None),
        ("abnormal test videos", 3, None),
    ]
    assert [note.split(";")[0] for note in found.notes] == [
        "other test videos than the published 242: 4 of them and 0 others"
    ]


def test_a_missing_test_video_is_not_its_namesake(folder: Path) -> None:
    (folder / "videos/Test/D001_01.avi").unlink()
    found = read(folder.parent)
    assert found.missing == ("Test/D001_01",)
    paths = [entry.path for entry in found.entries]
    assert len(set(paths)) == len(paths)
    with pytest.raises(VadbenchError, match=r"1 of 8 listed videos are not below .*: Test/D001_01"):
        index_benchmark("nwpu", SETTINGS, folder.parent, folder.parent / "stores")


def test_folders_may_be_called_otherwise(folder: Path) -> None:
    videos = read(folder.parent).videos
    (folder / "videos/Train").rename(folder / "training")
    (folder / "videos/Test").rename(folder / "TEST")
    (folder / "groundtruth/NWPU_Campus_gt.npz").rename(folder / "NWPU_Campus_gt.npz")
    found = read(folder.parent)
    assert found.missing == ()
    assert found.videos == videos


def test_extracted_frames_are_left_out_where_the_file_is_there(folder: Path) -> None:
    for name in ("D001_01", "D003_03"):
        (folder / "frames/Test" / name).mkdir(parents=True)
        (folder / "frames/Test" / name / "0000.jpg").touch()
    (folder / "videos/Test/D003_03.avi").unlink()
    found = read(folder.parent)
    paths = {entry.id: entry.path for entry in found.entries}
    assert paths["Test/D001_01"].endswith("videos/Test/D001_01.avi")
    assert paths["Test/D003_03"].endswith("frames/Test/D003_03")
    assert "1 videos of Test are there as files and as frames; the files are read" in found.notes


def test_videos_of_other_names_or_places_are_named(folder: Path) -> None:
    (folder / "videos/Test/shown.avi").touch()
    (folder / "D001_05.avi").touch()
    notes = read(folder.parent).notes
    assert "1 videos of Test are no videos of NWPU Campus: Test/shown" in notes
    assert "1 videos lie neither in Train nor in Test and are left out" in notes


def test_training_videos_are_needed(folder: Path) -> None:
    shutil.rmtree(folder / "videos/Train")
    with pytest.raises(VadbenchError, match=r"Train: holds no video D001_01\.avi"):
        read(folder.parent)


def test_the_labels_are_needed(folder: Path) -> None:
    label_path(folder).unlink()
    with pytest.raises(VadbenchError, match=r"holds no NWPU_Campus_gt\.npz \(the frame labels"):
        read(folder.parent)


def test_a_video_without_labels_is_named(folder: Path) -> None:
    (folder / "videos/Test/D001_09.avi").touch()
    with pytest.raises(
        VadbenchError, match=r"NWPU_Campus_gt\.npz: has no key D001_09, but there is .*D001_09\.avi"
    ):
        read(folder.parent)


def labels_of(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, list[bool]]:
    np.savez(path, **arrays)
    return {id: flags.tolist() for id, flags in read_labels(path).items()}


@pytest.mark.parametrize("values", [np.bool_, np.int8, np.int64, np.float64])
def test_labels_of_any_type_are_read(tmp_path: Path, values: type) -> None:
    arrays = {"D282_01": np.array([0, 1, 1, 0], values), "D001_01.avi": np.zeros(3, values)}
    assert [*labels_of(tmp_path / "labels.npz", arrays).items()] == [
        ("Test/D001_01", [False] * 3),
        ("Test/D282_01", [False, True, True, False]),
    ]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("D001_02", np.array([0, 1, 2])),
        ("D001_02", np.array([0, -1])),
        ("D001_02", np.array([0, 0.5])),
        ("D001_02", np.zeros((3, 2))),
        ("D001_02", np.zeros(0)),
        ("D001_02", np.array(["0", "1"])),
        ("D001_02", np.array([0, 1], dtype=object)),
        ("D001_2", np.array([0, 1])),
        ("Train/D001_02", np.array([0, 1])),
        ("arr_0", np.array([0, 1])),
        ("D001_01.avi", np.array([0, 1])),
    ],
)
def test_a_key_without_sound_labels_is_named(tmp_path: Path, key: str, values: NDArray[np.generic]) -> None:
    path = tmp_path / "labels.npz"
    with pytest.raises(VadbenchError) as raised:
        labels_of(path, {"D001_01": np.array([0, 1]), key: values})
    assert str(path) in str(raised.value)
    assert key.removesuffix(".avi").split("/")[-1] in str(raised.value)


def test_an_archive_without_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"labels\.npz: holds no labels"):
        labels_of(tmp_path / "labels.npz", {})


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, 10_000),
    replacement=st.binary(max_size=4),
    length=st.integers(0, 300),
)
def test_no_damage_to_the_labels_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory, at: int, replacement: bytes, length: int
) -> None:
    path = tmp_path_factory.mktemp("data") / "NWPU_Campus_gt.npz"
    miniature.write_labels(path)
    before = {id: flags.tolist() for id, flags in read_labels(path).items()}
    content = path.read_bytes()
    at %= len(content)
    path.write_bytes(content[:at] + replacement + content[at + length :])
    try:
        after = {id: flags.tolist() for id, flags in read_labels(path).items()}
    except VadbenchError as error:
        message = str(error)
    else:
        assert after == before
        return
    assert str(path) in message
    assert "\n" not in message


def write_published_labels(data_root: Path, change: Mapping[str, tuple[int, int]]) -> None:
    """Labels of the published test videos, as many frames as stated; `change` says frames and abnormal."""
    counts = {**published_table("nwpu"), **change}
    others = [id for id in PUBLISHED["Test"] if id not in counts]
    frames, abnormal = (384_059 - 39_530, 65_266 - 11_038)
    for number, id in enumerate(others):
        share, rest = divmod(frames, len(others))
        part, left = divmod(abnormal, len(others))
        counts[id] = (share + (number < rest), part + (number < left))
    arrays = {id.removeprefix("Test/"): np.arange(n) < k for id, (n, k) in counts.items()}
    path = data_root / "nwpu/groundtruth/NWPU_Campus_gt.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, **arrays)


def test_the_published_videos_are_compared_with_what_was_stated(tmp_path: Path) -> None:
    write_published_labels(tmp_path, {})
    found = read(tmp_path)
    assert [(count.what, count.found, count.published) for count in found.counts[:5]] == [
        ("scenes", 43, 43),
        ("training videos", 305, 305),
        ("test videos", 242, 242),
        ("test frames", 384_059, 384_059),
        ("abnormal test frames", 65_266, 65_266),
    ]
    assert found.notes == ()
    assert found.missing == (*PUBLISHED["Train"], *PUBLISHED["Test"])


def test_every_deviation_from_what_was_stated_is_named(tmp_path: Path) -> None:
    write_published_labels(tmp_path, {"Test/D001_03": (450, 211), "Test/D013_01": (2851, 2137)})
    found = read(tmp_path)
    assert deviations(found.counts) == (
        "384,058 test frames, published are 384,059",
        "65,267 abnormal test frames, published are 65,266",
    )
    assert found.notes == (
        "Test/D001_03: 450 frames, published are 451",
        "Test/D013_01: 2137 abnormal frames, published are 2136",
    )


@pytest.mark.real
def test_the_published_names(real_data: Path) -> None:
    for part, name in (("Train", "train_videos.txt"), ("Test", "test_videos.txt")):
        names = (real_data / "nwpu" / name).read_text().split()
        assert [id.removeprefix(f"{part}/") for id in PUBLISHED[part]] == sorted(names)
    train, test = ({id.partition("/")[2] for id in PUBLISHED[part]} for part in ("Train", "Test"))
    assert (len(train), len(test), len(train & test)) == (305, 242, 221)
    assert len({name[:4] for name in train}) == 42
    assert len({name[:4] for name in train | test}) == 43


@pytest.mark.real
def test_the_published_counts_of_thirty_videos(real_data: Path) -> None:
    rows = (real_data / "nwpu/test_counts_30.csv").read_text().split()[1:]
    table = {id: (int(frames), int(abnormal)) for id, frames, abnormal in (row.split(",") for row in rows)}
    assert {f"Test/{id}": counts for id, counts in table.items()} == published_table("nwpu")
    assert tuple(map(sum, zip(*table.values(), strict=True))) == (39_530, 11_038)
    assert sum(abnormal == 0 for _, abnormal in table.values()) == 10
