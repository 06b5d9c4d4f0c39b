"""XD-Violence: the published layout in small, what contradicts itself, and the real annotation files."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of

from miniatures.xd_violence import FRAMES, TEST, TRAIN, write
from vadbench.config import XdViolenceData
from vadbench.datasets import Annotations, index_benchmark, xd_violence
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.xd_violence_lists import CLASSES, codes_of
from vadbench.errors import VadbenchError
from vadbench.video import open_video

SETTINGS = settings_of({"kind": "xd_violence"}, ("weak",))
ACCIDENT, FILM, *NORMALS = TEST


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write(root)
    return root


@pytest.fixture
def lists(written: Path, tmp_path: Path) -> Path:
    """A data root of its own with the text files alone."""
    shutil.copytree(written, tmp_path / "data", ignore=shutil.ignore_patterns("*.mp4"))
    return tmp_path / "data"


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / "XD-Violence" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def read(root: Path) -> Dataset:
    return xd_violence.read(XdViolenceData(), root)


def counts(found: Dataset) -> dict[str, tuple[int, int | None]]:
    return {count.what: (count.found, count.published) for count in found.counts}


def test_the_miniature_is_indexed(written: Path, tmp_path: Path) -> None:
    report = index_benchmark("xd_violence", SETTINGS, written, tmp_path)
    annotations = Annotations.load(tmp_path / "xd_violence/annotations.json")
    split = annotations.split("weak")
    assert split.supervision == "weak"
    assert (set(split.train), set(split.test)) == (set(TRAIN), set(TEST))
    assert annotations.classes == tuple(CLASSES.values())
    assert len(report.entries) == 9
    for entry in report.entries:
        with open_video(written / entry.path) as reader:
            assert sum(1 for _ in reader.frames()) == FRAMES
        assert entry.path.endswith(f"/{entry.id}.mp4")


def test_labels_and_segments_of_videos(lists: Path) -> None:
    videos = read(lists).videos
    assert videos[TRAIN[1]].classes == ("shooting", "explosion", "car accident")
    assert videos[TRAIN[1]].intervals is None
    assert (videos[TRAIN[3]].classes, videos[TRAIN[3]].intervals) == ((), ())
    assert videos[ACCIDENT].classes == ("car accident",)
    assert videos[ACCIDENT].intervals == ((32, 48),)
    assert videos[FILM].classes == ("shooting", "explosion")
    assert videos[FILM].intervals == ((32, 38), (41, 48))
    assert videos[FILM].segments == (("explosion", 41, 48), ("shooting", 32, 38)), "in the file's order"
    assert [(videos[id].classes, videos[id].intervals) for id in NORMALS] == [((), ())] * 2


def test_lists_of_ones_own_are_held_against_themselves(lists: Path) -> None:
    found = read(lists)
    assert found.notes == (
        "other lists than the published ones; checked against themselves",
        f"names without the filling -0-0, 1: {TRAIN[2]}",
        f"videos whose segments with classes are not in order of time, 1: {FILM}",
    )
    assert counts(found) == {
        "training videos": (5, None),
        "abnormal training videos": (3, None),
        "test videos": (4, None),
        "abnormal test videos": (2, None),
        "violent segments": (3, None),
        "segments with a class": (3, None),
        "segments of fighting": (0, None),
        "segments of shooting": (1, None),
        "segments of riot": (0, None),
        "segments of abuse": (0, None),
        "segments of car accident": (1, None),
        "segments of explosion": (1, None),
    }


def test_without_videos_the_lists_are_read_and_all_are_missing(lists: Path, tmp_path: Path) -> None:
    assert set(read(lists).missing) == {*TRAIN, *TEST}
    with pytest.raises(VadbenchError, match=r"9 of 9 listed videos are not below .* on_bad_video: skip"):
        index_benchmark("xd_violence", SETTINGS, lists, tmp_path / "stores")
    skip = settings_of({"kind": "xd_violence"}, ("weak",), on_bad_video="skip")
    assert "9 of 9 listed videos are missing" in index_benchmark("x", skip, lists, tmp_path / "s").notes


def test_segments_without_classes_have_those_of_the_name(lists: Path) -> None:
    (lists / "XD-Violence" / "annotations_multiclasses.txt").unlink()
    found = read(lists)
    assert found.videos[ACCIDENT].segments == (("car accident", 32, 48),)
    assert found.videos[FILM].segments == ()
    assert found.videos[FILM].intervals == ((32, 38), (41, 48))
    assert found.notes[-1] == (
        "no annotations_multiclasses.txt: segments have the class of their video, and 1 test videos of "
        "several classes have no segments"
    )
    assert "segments with a class" not in counts(found)


def test_annotations_that_differ_are_named_and_frames_follow_the_binary_one(lists: Path) -> None:
    change(lists, "annotations_multiclasses.txt", "B6 32 48", "B6 32 40 B6 35 44")
    change(lists, "annotations_multiclasses.txt", "B2 32 38", "B2 32 42")
    found = read(lists)
    assert found.videos[ACCIDENT].intervals == ((32, 48),)
    assert found.videos[ACCIDENT].segments == (("car accident", 32, 40), ("car accident", 35, 44))
    assert found.notes[2:] == (
        f"videos on which the two annotations differ, and on how many frames, 2: {FILM} (3), {ACCIDENT} (4)",
        f"videos whose segments with classes are not in order of time, 1: {FILM}",
        f"videos with segments of different classes that overlap, 1: {FILM} (1)",
        f"videos with segments of one class that overlap, 1: {ACCIDENT} (1)",
    )


def test_names_that_end_in_mp4_are_matched_and_named(lists: Path) -> None:
    plain = read(lists).videos
    change(lists, "annotations.txt", ACCIDENT, f"{ACCIDENT}.mp4")
    found = read(lists)
    assert found.videos == plain
    assert found.notes[2] == f"names that end in .mp4 in the annotation, 1: {ACCIDENT}"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("rgb.list", "label_B4__3", "lable_B4__3", r"rgb\.list, line 14: "),
        ("rgb_test.list", f"{NORMALS[1]}__3.npy\n", "", r"rgb_test\.list, line 19: .* has other crops"),
        ("annotations.txt", "v=ccc", "v=fcc", r"annotations\.txt, line 1: .* is not in the test list"),
        (
            "annotations_multiclasses.txt",
            "v=ccc",
            "v=fcc",
            r"classes\.txt, line 1: .* is not in the test list",
        ),
        ("annotations.txt", f"{ACCIDENT} 32 48\n", "", f"annotations.txt: has no line for {ACCIDENT}"),
        ("annotations_multiclasses.txt", f"{ACCIDENT}.mp4 B6 32 48\n", "", f"has no line for {ACCIDENT}"),
        (
            "annotations_multiclasses.txt",
            "B2 32",
            "B4 32",
            r"classes\.txt, line 2: .* segments of explosion, riot",
        ),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    lists: Path, name: str, old: str, new: str, words: str
) -> None:
    change(lists, name, old, new)
    with pytest.raises(VadbenchError, match=words):
        read(lists)


def test_a_video_in_both_lists_is_refused(lists: Path) -> None:
    shutil.copy(lists / "XD-Violence" / "rgb_test.list", lists / "XD-Violence" / "rgb.list")
    with pytest.raises(VadbenchError, match="is listed for training and for testing"):
        read(lists)


@pytest.mark.parametrize("name", ["rgb.list", "rgb_test.list", "annotations.txt"])
def test_a_missing_file_is_named(lists: Path, name: str) -> None:
    (lists / "XD-Violence" / name).unlink()
    with pytest.raises(VadbenchError, match=rf"XD-Violence: holds no .*{re.escape(name)}.*; put it there"):
        read(lists)


REAL = ("train_videos.txt", "xd_CLIP_rgbtest.csv", "annotations.txt", "annotations_multiclasses.txt")


@pytest.fixture
def real(real_data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "XD-Violence"
    folder.mkdir()
    for name in REAL:
        shutil.copy(real_data / "xd_violence" / name, folder)
    return tmp_path


@pytest.mark.real
def test_the_real_lists_have_the_published_counts(real: Path) -> None:
    found = read(real)
    assert counts(found) == {
        "training videos": (3954, 3954),
        "abnormal training videos": (1905, 1905),
        "test videos": (800, 800),
        "abnormal test videos": (500, 500),
        "violent segments": (1238, 1238),
        "test frames": (2_335_801, 2_335_801),
        "abnormal test frames": (538_324, 538_324),
        "segments with a class": (1272, 1272),
        "segments of fighting": (245, 245),
        "segments of shooting": (214, 214),
        "segments of riot": (154, 154),
        "segments of abuse": (15, 15),
        "segments of car accident": (494, 494),
        "segments of explosion": (150, 150),
    }
    split = found.splits["weak"]
    normal = [sum(not found.videos[id].classes for id in ids) for ids in (split.train, split.test)]
    assert normal == [2049, 300]
    assert len(found.missing) == 4754
    assert sum(video.frames or 0 for video in found.videos.values()) == 2_335_801


@pytest.mark.real
def test_the_real_inconsistencies_are_named(real: Path) -> None:
    found = read(real)
    notes = {note.rsplit(", ", note.split(": ", 1)[1].count(", ") + 1)[0]: note for note in found.notes}
    numbers = {what: int(re.search(r", (\d+): ", note)[1]) for what, note in notes.items()}  # type: ignore[index]
    assert numbers == {
        "names without the filling -0-0": 2,
        "names that end in .mp4 in the annotation": 14,
        "videos whose segments have another class than their name": 1,
        "videos on which the two annotations differ, and on how many frames": 5,
        "videos whose segments with classes are not in order of time": 9,
        "videos with segments of different classes that overlap": 13,
        "videos with segments of one class that overlap": 2,
    }
    text = "\n".join(found.notes)
    assert "2: v=4FzhVu2PR8Y__#1_label_B1, v=l0N5tPaagbc__#1_label_G" in text
    for start in (
        *(
            "v=aWPWHU8x6kE",
            "v=U6MC8JJJZSY",
            "v=qmsQ-obL1Z4",
            "v=f6j3YWgVBto",
            "v=FW_qbiPH7UA",
            "v=BpargJW29Wo",
        ),
        *("v=Q9Re4CnFJRg", "v=Y1hxr1MWLjM", "v=PRH5rYUHoVU", "v=UYFR-XbyZQc", "v=LJ0Pu5_Mefs"),
        "The.Fast.and.the.Furious.2001",
    ):
        assert start in notes["names that end in .mp4 in the annotation"]
    assert "Ip.Man.2008__#01-40-37_01-42-07_label_B4-0-0 (fighting)" in text
    differing = notes["videos on which the two annotations differ, and on how many frames"]
    assert "v=38GQ9L2meyE__#1_label_B6-0-0 (139)" in differing
    assert differing.count("(1)") == 4
    both = notes["videos with segments of different classes that overlap"]
    assert sum(int(pairs) for pairs in re.findall(r"\((\d+)\)", both)) == 18
    assert re.findall(r"(v=\w+)__\S+ \((\d)\)", notes["videos with segments of one class that overlap"]) == [
        ("v=OOjjPGN8jSU", "1"),
        ("v=PRH5rYUHoVU", "3"),
    ]


@pytest.mark.real
def test_real_names_with_an_ending_are_violent(real: Path) -> None:
    """Readers that compare whole names take these fourteen videos for normal ones."""
    found = read(real)
    path = real / "XD-Violence" / "annotations.txt"
    names = [line.split()[0] for line in path.read_text().splitlines() if ".mp4 " in line]
    assert len(names) == 14
    for name in names:
        video = found.videos[name.removesuffix(".mp4")]
        assert video.intervals
        assert video.segments
    path.write_text(path.read_text().replace(".mp4", ""))
    assert read(real).videos == found.videos


@pytest.mark.real
def test_real_frame_labels_are_those_of_pel4vad(real: Path, real_data: Path) -> None:
    """Its arrays: exclusive ends, cut at 16 * floor((frames - 1) / 16), in the order of VadCLIP's list."""
    found = read(real)
    rows = (real_data / "xd_violence" / "test_videos.tsv").read_text().splitlines()[1:]
    with np.load(real_data / "xd_violence" / "gt_frames_uint8.npz") as arrays:
        truth, lengths = arrays["gt"], arrays["lengths"]
    start = 0
    for row, length in zip(rows, lengths, strict=True):
        id, frames, *_ = row.split("\t")
        video = found.videos[id]
        assert video.frames == int(frames)
        assert length == 16 * ((video.frames - 1) // 16)
        ours = np.zeros(length, np.uint8)
        for first, end in video.intervals or ():
            ours[first:end] = 1
        np.testing.assert_array_equal(ours, truth[start : start + length], err_msg=id)
        start += length
    assert start == len(truth) == 2_330_384


@pytest.mark.real
def test_real_segments_are_those_of_vadclip(real: Path, real_data: Path) -> None:
    videos = read(real).videos
    records = json.loads((real_data / "xd_violence" / "vadclip_gt_segment_label.json").read_text())
    violent = [record for record in records if record["labels"] != ["A"]]
    assert len(violent) == 500
    for record in violent:
        segments = [
            (CLASSES[label], *pair) for label, pair in zip(record["labels"], record["segments"], strict=True)
        ]
        assert list(videos[record["video"]].segments) == segments
    assert Counter(len(videos[record["video"]].segments) for record in violent)[1] == 237


@pytest.mark.real
def test_real_segments_that_were_changed_are_named(real: Path) -> None:
    change(real, "annotations.txt", " 0 1517 ", " 1 1518 ")
    change(real, "annotations_multiclasses.txt", " 0 1517 ", " 1 1518 ")
    assert read(real).notes[:2] == (
        "annotations.txt: segments of the published test videos that are not the published ones",
        "annotations_multiclasses.txt: segments of the published test videos that are not the published ones",
    )
    change(real, "train_videos.txt", "v=8cTqh9tMz_I__#1_label_A\n", "")
    found = read(real)
    assert found.notes[0] == "another training list than the published one; checked against itself", (
        "CLIP-TSA's"
    )
    assert counts(found)["training videos"] == (3953, None)
    change(real, "annotations.txt", " 1 1518 1970 3038", " 3273 3274")
    with pytest.raises(
        VadbenchError, match=r"annotations\.txt, line 1: a segment starts at 3273, .* 3273 frames"
    ):
        read(real)


@pytest.mark.real
def test_real_names_all_have_labels(real_data: Path) -> None:
    lines = (real_data / "xd_violence" / "train_videos.txt").read_text().split()
    kinds = Counter(codes_of(name)[0] == "A" for name in lines)
    assert (kinds[False], kinds[True]) == (1905, 2049)
    assert all(codes_of(name) != ("A",) for name in lines[:1905]), "violent ones first"
