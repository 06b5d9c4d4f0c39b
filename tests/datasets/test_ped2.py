"""UCSD Ped2: the published archive with its traps, its labels, its splits and its counts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of
from hypothesis import given, settings
from hypothesis import strategies as st
from ped2_folder import LABELS, PUBLISHED_INTERVALS, make_ped2

from vadbench.config import Ped2Data
from vadbench.datasets import Annotations, index_benchmark, load_videos, ped2
from vadbench.datasets.masks import MaskDigests
from vadbench.datasets.ped2 import PUBLISHED_FRAMES, parse_label_file
from vadbench.datasets.published import deviations
from vadbench.errors import VadbenchError
from vadbench.video import open_video

SETTINGS = settings_of({"kind": "ped2"}, ("one_class", "weak"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the whole published layout."""
    root = tmp_path_factory.mktemp("data")
    make_ped2(root / "UCSD_Anomaly_Dataset.v1p2" / "UCSDped2")
    return root


def test_the_published_lists_and_counts(published: Path, tmp_path: Path) -> None:
    report = index_benchmark("ped2", SETTINGS, published, tmp_path)
    assert report.notes == ()
    assert [(count.what, count.found) for count in report.counts] == [
        ("training clips", 16),
        ("test clips", 12),
        ("abnormal test clips", 12),
        ("training frames", 2550),
        ("test frames", 2010),
        ("abnormal test frames", 1648),
    ]
    assert all(count.published == count.found for count in report.counts)
    assert len(report.entries) == 28
    annotations = Annotations.load(tmp_path / "ped2" / "annotations.json")
    split = annotations.split("one_class")
    assert split.supervision == "one_class"
    assert (len(split.train), len(split.test)) == (16, 12)
    assert all(not annotations.is_abnormal(id) for id in split.train)
    labels = [annotations.frame_labels(id, PUBLISHED_FRAMES[id]) for id in split.test]
    assert sum(map(len, labels)) == 2010
    assert sum(int(one.sum()) for one in labels) == 1648
    assert annotations.frame_labels("Test001", 180).tolist() == [False] * 60 + [True] * 120


def test_entries_name_the_frame_folders(published: Path, tmp_path: Path) -> None:
    index_benchmark("ped2", SETTINGS, published, tmp_path)
    (entry,) = (e for e in load_videos(tmp_path / "ped2" / "videos" / "0000.json") if e.id == "Test003")
    assert entry.path == "UCSD_Anomaly_Dataset.v1p2/UCSDped2/Test/Test003"
    assert entry.bytes == 150
    assert (published / entry.path / "001.tif").exists()


def test_ten_weak_draws_of_six_abnormal_and_four_normal_clips(published: Path) -> None:
    annotations = ped2.read(Ped2Data(), published)
    draws = annotations.splits["weak"].draws
    assert draws is not None
    assert list(draws) == [str(number) for number in range(10)]
    for lists in draws.values():
        for part, abnormal, normal in ((lists.train, 6, 4), (lists.test, 6, 12)):
            assert sum(id.startswith("Test") for id in part) == abnormal
            assert sum(id.startswith("Train") for id in part) == normal
        assert sorted((*lists.train, *lists.test)) == sorted(PUBLISHED_FRAMES)
    assert len({lists.train for lists in draws.values()}) == 10
    chosen = [id for lists in draws.values() for id in lists.train]
    assert set(chosen) == set(PUBLISHED_FRAMES), "over ten draws every clip should be trained on"


def test_a_draw_never_changes(published: Path) -> None:
    draws = ped2.read(Ped2Data(), published).splits["weak"].draws
    assert draws is not None
    assert draws["0"].train == (
        *("Test003", "Test005", "Test006", "Test010", "Test011", "Test012"),
        *("Train005", "Train007", "Train009", "Train016"),
    )


def test_masks_of_any_name_have_a_digest(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    try:
        (tmp_path / "masks" / os.fsdecode(b"caf\xe9.bmp")).touch()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    assert MaskDigests(tmp_path, tmp_path / "masks.json").masks("masks").files == 1


def test_masks_have_a_path_a_number_and_a_digest(tmp_path: Path) -> None:
    root = tmp_path / "data"
    folder = make_ped2(root / "ped2", {"Train001": 3, "Test001": 4}, LABELS)

    def masks() -> tuple[str, int, str]:
        index_benchmark("ped2", SETTINGS, root, tmp_path / "stores")
        found = Annotations.load(tmp_path / "stores/ped2/annotations.json").videos["Test001"].masks
        assert found is not None
        return found.path, found.files, found.sha256

    first = masks()
    assert first[:2] == ("ped2/Test/Test001_gt", 4)
    assert masks() == first
    (folder / "Test/Test001_gt/002.bmp").write_bytes(b"corrected")
    changed = masks()
    assert changed[2] != first[2]
    (tmp_path / "stores/ped2/masks.json").write_text("damaged")
    assert masks() == changed


@contextmanager
def changed(folder: Path) -> Iterator[None]:
    """A frame and a mask less, a frame more and a longer interval; as before afterwards."""
    gone = [folder / "Test/Test003/150.tif", folder / "Test/Test002_gt/180.bmp"]
    added = folder / "Train/Train008/121.tif"
    for path in gone:
        path.unlink()
    added.touch()
    (folder / "Test/UCSDped2.m").write_text(LABELS.replace("[61:180]", "[61:185]"))
    try:
        yield
    finally:
        for path in gone:
            path.touch()
        added.unlink()
        (folder / "Test/UCSDped2.m").write_text(LABELS)


def test_other_counts_than_the_published_are_named(published: Path) -> None:
    with changed(published / "UCSD_Anomaly_Dataset.v1p2" / "UCSDped2"):
        found = ped2.read(Ped2Data(), published)
    assert found.notes == (
        "Test003: 149 frames, published are 150",
        "Train008: 121 frames, published are 120",
        "Test001: labels end at frame 185, its frames at 180",
        "Test002: 179 masks for 180 frames",
        "Test003: 150 masks for 149 frames",
    )
    assert deviations(found.counts) == (
        "2,551 training frames, published are 2,550",
        "2,009 test frames, published are 2,010",
        "1,653 abnormal test frames, published are 1,648",
    )
    assert found.videos["Test003"].frames == 150


def test_other_clips_are_held_against_themselves(tmp_path: Path) -> None:
    make_ped2(tmp_path / "ped2", {"Train002": 5, "Test004": 40, "Test012": 100})
    found = ped2.read(Ped2Data(), tmp_path)
    assert found.notes[0] == "not the published 28 clips but 3; counts are those of the files"
    assert found.videos["Test004"].intervals == ((30, 180),), "by the clip's number, not its position"
    assert found.videos["Test012"].frames == 100
    assert all(count.published is None for count in found.counts)


def test_the_first_folder_with_train_and_test_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a" / "Train").mkdir(parents=True)
    make_ped2(tmp_path / "b", {"Train001": 2, "Test001": 2})
    data = Ped2Data(folders=("a", "b"))
    assert {entry.path for entry in ped2.read(data, tmp_path).entries} == {
        "b/Train/Train001",
        "b/Test/Test001",
    }
    with pytest.raises(VadbenchError, match="none of its folders a, c holds Train and Test"):
        ped2.read(Ped2Data(folders=("a", "c")), tmp_path)


@pytest.mark.parametrize(
    ("remove", "words"),
    [
        ("Test/UCSDped2.m", "UCSDped2.m: is missing"),
        ("Train/Train001/001.tif", "Train001: holds no frames"),
    ],
)
def test_an_incomplete_folder_names_what_is_missing(tmp_path: Path, remove: str, words: str) -> None:
    folder = make_ped2(tmp_path / "ped2", {"Train001": 1, "Test001": 1})
    (folder / remove).unlink()
    with pytest.raises(VadbenchError, match=words):
        ped2.read(Ped2Data(), tmp_path)


def test_a_clip_beyond_the_labels_is_named(tmp_path: Path) -> None:
    make_ped2(tmp_path / "ped2", {"Train001": 1, "Test001": 1, "Test013": 1})
    with pytest.raises(VadbenchError, match="labels of 12 clips, none for Test013"):
        ped2.read(Ped2Data(), tmp_path)


def _parse(folder: Path, text: str | bytes) -> list[tuple[tuple[int, int], ...]]:
    path = folder / "UCSDped2.m"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return parse_label_file(path)


def test_the_published_label_file(tmp_path: Path) -> None:
    parsed = _parse(tmp_path, LABELS)
    assert parsed[:3] == [((60, 180),), ((94, 180),), ((0, 146),)]
    assert len(parsed) == len(PUBLISHED_INTERVALS)


def test_forms_that_matlab_allows(tmp_path: Path) -> None:
    text = (
        "% labels\r\n TestVideoFile={};\r\n\r\n"
        "TestVideoFile{ end + 1 }.gt_frame = [ 5:90 , 140:200 ] % two\r\n"
        "TestVideoFile{end+1}.gt_frame = [];\r\n"
    )
    assert _parse(tmp_path, text) == [((4, 90), (139, 200)), ()]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("TestVideoFile{end+1}.gt_frame = [61:];", "line 2: '61:'"),
        ("TestVideoFile{end+1}.gt_frame = [0:5];", "line 2: the range 0:5"),
        ("TestVideoFile{end+1}.gt_frame = [9:5];", "line 2: the range 9:5"),
        ("TestVideoFile{end+1}.gt_frame = [1:5,];", "line 2: ''"),
        ("TestVideoFile{end+1}.gt_frame = [1:5", "line 2: 'TestVideoFile"),
        ("TestVideoFile{3}.gt_frame = [1:5];", "line 2: 'TestVideoFile"),
        ("system('ls');", 'line 2: "system'),
        ("TestVideoFile{end+1}.gt_frame = [1:99999999999];", "line 2"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(VadbenchError) as caught:
        _parse(tmp_path, f"TestVideoFile = {{}};\n{line}\n")
    assert f"UCSDped2.m, {words}" in str(caught.value)


def test_a_label_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="cannot be read as text"):
        _parse(tmp_path, b"\xff\xfe\x00T")


RANGES = st.lists(st.tuples(st.integers(1, 500), st.integers(0, 100)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(RANGES, max_size=5))
def test_labels_agree_with_a_plain_loop_over_frames(
    tmp_path_factory: pytest.TempPathFactory, clips: list[list[tuple[int, int]]]
) -> None:
    lines = [
        "TestVideoFile{end+1}.gt_frame = [" + ", ".join(f"{a}:{a + length}" for a, length in clip) + "];"
        for clip in clips
    ]
    parsed = _parse(tmp_path_factory.mktemp("labels"), "\n".join(lines))
    assert len(parsed) == len(clips)
    for intervals, clip in zip(parsed, clips, strict=True):
        truth = np.zeros(700, bool)
        for first, length in clip:
            for frame in range(first, first + length + 1):
                truth[frame - 1] = True
        found = np.zeros(700, bool)
        for start, end in intervals:
            found[start:end] = True
        np.testing.assert_array_equal(found, truth)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text("TestVideoFile{end+1}.gt_frame=[0:9, ];\n%'", max_size=80)))
def test_any_other_text_is_refused_in_one_line_or_read(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    try:
        parsed = _parse(folder, content)
    except VadbenchError as error:
        message = str(error)
    else:
        assert all(0 <= start < end for clip in parsed for start, end in clip)
        return
    assert message.startswith(str(folder / "UCSDped2.m"))
    assert "\n" not in message


@pytest.mark.real
def test_real_clips(real_data: Path, tmp_path: Path) -> None:
    """Frames, labels and masks of a few unpacked clips agree with each other on every frame."""
    subprocess.run(
        [
            *(sys.executable, str(real_data / "ped2" / "unpack.py"), str(tmp_path / "ped2")),
            *("--clips", "Train001,Train008,Test001,Test009"),
        ],
        check=True,
    )
    report = index_benchmark("ped2", SETTINGS, tmp_path, tmp_path / "stores")
    annotations = Annotations.load(tmp_path / "stores/ped2/annotations.json")
    for entry in report.entries:
        with open_video(tmp_path / entry.path) as reader:
            images = [frame.image for frame in reader.frames(30)]
        assert reader.decoded == entry.bytes == PUBLISHED_FRAMES[entry.id]
        assert images[0].shape == (240, 360, 3)
        assert images[0].std() > 10
    for id in ("Test001", "Test009"):
        masks = annotations.videos[id].masks
        assert masks is not None
        with open_video(tmp_path / masks.path) as reader:
            truth = [bool(frame.image.any()) for frame in reader.frames()]
        assert annotations.frame_labels(id, reader.decoded).tolist() == truth


@pytest.mark.real
def test_the_real_label_file(real_data: Path) -> None:
    parsed = parse_label_file(real_data / "ped2" / "labels" / "UCSDped2.m")
    labels = np.zeros(0, bool)
    for number, intervals in enumerate(parsed, 1):
        one = np.zeros(PUBLISHED_FRAMES[f"Test{number:03d}"], bool)
        for start, end in intervals:
            one[start:end] = True
        labels = np.concatenate([labels, one])
    np.testing.assert_array_equal(labels, np.load(real_data / "ped2/labels/frame_labels_ped2.npy")[0] == 1)
