"""UCF-Crime: the published layout in small, what contradicts itself in it, and the real annotation files."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of

from miniatures.ucf_crime import FRAMES, TEST, TRAIN, TRAIN_NORMAL, write
from vadbench.config import UcfCrimeData
from vadbench.datasets import Annotations, index_benchmark, ucf_crime
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.ucf_crime_lists import CLASSES, read_temporal_annotation
from vadbench.errors import VadbenchError
from vadbench.video import open_video

SETTINGS = settings_of({"kind": "ucf_crime"}, ("weak",))
EVENTS = "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write(root)
    return root


@pytest.fixture
def lists(written: Path, tmp_path: Path) -> Path:
    """A data root of its own with the text files and boxes alone."""
    shutil.copytree(written, tmp_path / "data", ignore=shutil.ignore_patterns("*.mp4"))
    return tmp_path / "data"


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / "UCF-Crime" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def read(root: Path) -> Dataset:
    return ucf_crime.read(UcfCrimeData(), root)


def counts(found: Dataset) -> dict[str, tuple[int, int | None]]:
    return {count.what: (count.found, count.published) for count in found.counts}


def test_the_miniature_is_indexed(written: Path, tmp_path: Path) -> None:
    report = index_benchmark("ucf_crime", SETTINGS, written, tmp_path)
    annotations = Annotations.load(tmp_path / "ucf_crime/annotations.json")
    split = annotations.split("weak")
    assert split.supervision == "weak"
    assert set(split.train) == {name.split("/")[1] for name in TRAIN} | set(TRAIN_NORMAL)
    assert set(split.test) == {name.split("/")[1] for name in TEST}
    assert annotations.classes == tuple(CLASSES.values())
    assert len(report.entries) == 10
    for entry in report.entries:
        with open_video(written / entry.path) as reader:
            assert sum(1 for _ in reader.frames()) == FRAMES
        assert entry.id in entry.path


def test_labels_events_and_boxes_of_videos(lists: Path) -> None:
    videos = read(lists).videos
    road = videos["RoadAccidents102_x264"]
    assert (road.classes, road.intervals, road.segments) == (("road accidents",), None, ())
    normal = videos["Normal_Videos901_x264"]
    assert (normal.classes, normal.intervals) == ((), ())
    test = videos["Shoplifting105_x264"]
    assert test.classes == ("shoplifting",)
    assert test.intervals == ((32, 38), (41, 48))
    assert test.segments == (("shoplifting", 32, 38), ("shoplifting", 41, 48))
    assert test.boxes == ((35, 32, 16, 64, 48), (44, 32, 16, 64, 48))
    assert (videos["Normal_Videos_904_x264"].intervals, videos["Normal_Videos_904_x264"].boxes) == ((), ())


def test_lists_of_ones_own_are_held_against_themselves(lists: Path) -> None:
    found = read(lists)
    assert found.notes == (
        "other lists than the published ones; checked against themselves",
        "videos with two events, 1: Shoplifting105_x264",
    )
    assert counts(found) == {
        "training videos": (6, None),
        "abnormal training videos": (3, None),
        "test videos": (4, None),
        "abnormal test videos": (2, None),
        "events": (3, None),
        "boxes": (3, None),
        "videos with boxes": (2, None),
    }


def test_without_videos_the_lists_are_read_and_all_are_missing(lists: Path, tmp_path: Path) -> None:
    found = read(lists)
    assert len(found.missing) == len(found.entries) == 10
    assert {entry.path for entry in found.entries} >= {
        "UCF-Crime/Abuse/Abuse101_x264.mp4",
        "UCF-Crime/Testing_Normal_Videos_Anomaly/Normal_Videos_904_x264.mp4",
    }
    with pytest.raises(VadbenchError, match=r"10 of 10 listed videos are not below .* on_bad_video: skip"):
        index_benchmark("ucf_crime", SETTINGS, lists, tmp_path / "stores")
    skip = settings_of({"kind": "ucf_crime"}, ("weak",), on_bad_video="skip")
    assert "10 of 10 listed videos are missing" in index_benchmark("u", skip, lists, tmp_path / "s").notes


def test_videos_may_lie_flat_or_as_folders_of_frames(lists: Path) -> None:
    folder = lists / "UCF-Crime"
    (folder / "Abuse101_x264.mp4").touch()
    (folder / "frames" / "Arson103_x264").mkdir(parents=True)
    (folder / "frames" / "Arson103_x264" / "image_0001.jpg").touch()
    found = read(lists)
    paths = {entry.id: entry.path for entry in found.entries}
    assert paths["Abuse101_x264"] == "UCF-Crime/Abuse101_x264.mp4"
    assert paths["Arson103_x264"] == "UCF-Crime/frames/Arson103_x264"
    assert len(found.missing) == 8


def test_the_normal_videos_that_come_twice_are_taken_from_the_listed_folder(lists: Path) -> None:
    for folder in ("Normal_Videos_event", "Testing_Normal_Videos_Anomaly"):
        path = lists / "UCF-Crime" / folder / "Normal_Videos_904_x264.mp4"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    paths = {entry.id: entry.path for entry in read(lists).entries}
    assert paths["Normal_Videos_904_x264"].startswith("UCF-Crime/Testing_Normal_Videos_Anomaly/")


def test_boxes_are_optional_and_may_be_json(lists: Path) -> None:
    pickled = lists / "UCF-Crime" / "Test_annotation.pkl"
    with_pickle = read(lists)
    content = {
        id: {str(box[0]): list(map(int, box[1:])) for box in video.boxes}
        for id, video in with_pickle.videos.items()
        if video.boxes
    }
    (lists / "UCF-Crime" / "Test_Spatial_Annotation.json").write_text(json.dumps(content))
    pickled.unlink()
    assert read(lists).videos == with_pickle.videos
    (lists / "UCF-Crime" / "Test_Spatial_Annotation.json").unlink()
    found = read(lists)
    assert not any(video.boxes for video in found.videos.values())
    assert "boxes" not in counts(found)
    assert (
        found.notes[-1] == "no boxes: neither Test_annotation.pkl nor Test_Spatial_Annotation.json is there"
    )


def test_boxes_that_fit_no_event_or_video_are_named(lists: Path) -> None:
    (lists / "UCF-Crime" / "Test_annotation.pkl").unlink()
    box = [1, 1, 5, 5]
    content = {
        "Fighting104_x264": {"32": box, "48": box, "31": box},
        "Normal_Videos_904_x264": {"3": box},
        "Abuse101_x264": {"1": box},
    }
    (lists / "UCF-Crime" / "Test_Spatial_Annotation.json").write_text(json.dumps(content))
    found = read(lists)
    assert found.notes[-2:] == (
        "videos with boxes that are not tested, 1, the first is Abuse101_x264",
        "boxes on no frame of an event, 3: Fighting104_x264 (31), Fighting104_x264 (48), "
        "Normal_Videos_904_x264 (3)",
    )
    assert counts(found)["boxes"] == (4, None)


def with_frames(root: Path, frames: int) -> None:
    """Give the annotation in UR-DMU's form: every test video has `frames`."""
    path = root / "UCF-Crime" / EVENTS
    path.write_text(re.sub(r"(?m)^(\S+\.mp4)  ", rf"x/\1 {frames} ", path.read_text()))


def test_what_lies_beyond_the_last_frame_is_named(lists: Path) -> None:
    with_frames(lists, 44)
    found = read(lists)
    assert found.notes[1] == (
        "events that end after the last frame, 2: Fighting104_x264 (48 of 44), Shoplifting105_x264 (48 of 44)"
    )
    assert found.notes[-1] == "boxes after the last frame, 1: Shoplifting105_x264 (44 of 44)"
    assert counts(found)["test frames"] == (176, None)
    assert counts(found)["abnormal test frames"] == (12 + 6 + 3, None), "cut at the last frame"
    assert found.videos["Fighting104_x264"].intervals == ((32, 48),), "kept as published"
    assert found.videos["Fighting104_x264"].frames == 44


def test_an_event_that_starts_after_the_last_frame_is_an_error(lists: Path) -> None:
    with_frames(lists, 32)
    with pytest.raises(
        VadbenchError, match=rf"{EVENTS}, line 1: an event starts at 32, Fighting104_x264 has 32"
    ):
        read(lists)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (
            "Anomaly_Train.txt",
            "Abuse101",
            "Abyss101",
            r"Anomaly_Train\.txt, line 1: 'Abyss101_x264' is no name",
        ),
        (
            "Anomaly_Train.txt",
            "Abuse/Abuse101",
            "Fighting/Fighting104",
            "is listed for training and for testing",
        ),
        (
            "Anomaly_Test.txt",
            "Fighting104",
            "Fighting106",
            rf"{EVENTS}, line 1: Fighting104_x264 is not in the",
        ),
        (
            EVENTS,
            "Fighting104",
            "Fighting105",
            rf"{EVENTS}, line 1: Fighting105_x264 is not in the test list",
        ),
        (
            EVENTS,
            "Normal_Videos_904_x264.mp4  Normal  -1  -1  -1  -1  \n",
            "",
            "no line for Normal_Videos_904",
        ),
        (EVENTS, "  Fighting  ", "  Abuse  ", rf"{EVENTS}, line 1: the class of Fighting104_x264"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    lists: Path, name: str, old: str, new: str, words: str
) -> None:
    change(lists, name, old, new)
    with pytest.raises(VadbenchError, match=words):
        read(lists)


@pytest.mark.parametrize("name", ["Anomaly_Train.txt", "Anomaly_Test.txt", EVENTS])
def test_a_missing_file_is_named(lists: Path, name: str) -> None:
    (lists / "UCF-Crime" / name).unlink()
    with pytest.raises(VadbenchError, match=rf"UCF-Crime: holds no .*{re.escape(name)}.*; put it there"):
        read(lists)


def test_copies_of_the_annotation_must_agree(lists: Path) -> None:
    folder = lists / "UCF-Crime"
    other = folder / "lists" / "UCF_Annotation.txt"
    other.parent.mkdir()
    shutil.copy(folder / EVENTS, other)
    with_frames(lists, 48)
    assert read(lists).videos["Fighting104_x264"].intervals == ((32, 48),)
    other.write_text(other.read_text().replace("38", "39"))
    with pytest.raises(
        VadbenchError, match=rf"{EVENTS} and .*UCF_Annotation\.txt differ on Shoplifting105_x264"
    ):
        read(lists)


def test_lists_under_their_other_names_anywhere_below(lists: Path) -> None:
    folder = lists / "UCF-Crime"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / EVENTS).rename(folder / "deep" / "er" / "Temporal_Anomaly_Annotation.txt")
    (folder / "Anomaly_Train.txt").rename(folder / "deep" / "Train_Annotation.txt")
    assert len(read(lists).videos) == 10


REAL = (
    "Anomaly_Train.txt",
    "Anomaly_Test.txt",
    EVENTS,
    "Test_annotation.pkl",
    "Test_Spatial_Annotation.json",
)


@pytest.fixture
def real(real_data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "UCF-Crime"
    folder.mkdir()
    for name in REAL:
        shutil.copy(real_data / "ucf_crime" / name, folder)
    return tmp_path


@pytest.mark.real
def test_the_real_lists_have_the_published_counts(real: Path) -> None:
    found = read(real)
    assert counts(found) == {
        "training videos": (1610, 1610),
        "abnormal training videos": (810, 810),
        "training frames": (12_656_615, 12_656_615),
        "test videos": (290, 290),
        "abnormal test videos": (140, 140),
        "events": (156, 156),
        "test frames": (1_111_808, 1_111_808),
        "abnormal test frames": (84_182, 84_182),
        "boxes": (3102, 3102),
        "videos with boxes": (140, 140),
    }
    annotated = {id: video for id, video in found.videos.items() if id in found.splits["weak"].test}
    labels = [np.zeros(video.frames or 0, bool) for video in annotated.values()]
    for video, one in zip(annotated.values(), labels, strict=True):
        for start, end in video.intervals or ():
            one[start:end] = True
    assert sum(int(one.sum()) for one in labels) == 84_182
    assert sum(len(one) for one in labels) == 1_111_808


@pytest.mark.real
def test_the_real_classes(real: Path, real_data: Path) -> None:
    found = read(real)
    split = found.splits["weak"]
    per_class = [
        Counter((found.videos[id].classes or ("normal",))[0] for id in ids)
        for ids in (split.train, split.test)
    ]
    published = (
        *("Abuse 48/2", "Arrest 45/5", "Arson 41/9", "Assault 47/3", "Burglary 87/13", "Explosion 29/21"),
        *("Fighting 45/5", "RoadAccidents 127/23", "Robbery 145/5", "Shooting 27/23", "Shoplifting 29/21"),
        *("Stealing 95/5", "Vandalism 45/5", "Normal 800/150"),
    )
    for text in published:
        name, train, test = re.split("[ /]", text)
        assert [count[CLASSES[name]] for count in per_class] == [int(train), int(test)]
    spelled = (real_data / "ucf_crime" / "classes.txt").read_text().split()
    assert found.classes == ("normal", *(CLASSES[name] for name in spelled))


@pytest.mark.real
def test_the_real_inconsistencies_are_named(real: Path) -> None:
    overruns, two_events, boxes = read(real).notes
    assert overruns == (
        "events that end after the last frame, 5: Arson011_x264 (1267 of 1266), "
        "Arson016_x264 (1796 of 1795), Explosion033_x264 (3156 of 3154), "
        "Fighting003_x264 (3103 of 3102), Shooting015_x264 (1715 of 1713)"
    )
    two = (
        *(
            "Arson011",
            "Assault010",
            "Burglary021",
            "Burglary037",
            "Explosion033",
            "Shooting046",
            "Shooting047",
        ),
        *(
            "Shoplifting007",
            "Shoplifting010",
            "Shoplifting022",
            "Shoplifting027",
            "Stealing019",
            "Stealing079",
        ),
        *("Vandalism017", "Vandalism028", "Vandalism036"),
    )
    assert two_events == "videos with two events, 16: " + ", ".join(f"{name}_x264" for name in two)
    assert boxes == (
        "boxes on no frame of an event, 3: Arrest039_x264 (10335), Arson009_x264 (315), "
        "Shoplifting022_x264 (1560)"
    ), "on the end of their event, which is exclusive"


@pytest.mark.real
def test_real_events_that_were_changed_are_named(real: Path) -> None:
    change(real, EVENTS, "165  240", "265  340")
    assert read(real).notes[0] == "events of the published test videos that are not the published events"
    change(real, EVENTS, "265  340", "165  241")
    change(real, "Anomaly_Train.txt", "Abuse/Abuse001_x264.mp4\n", "")
    found = read(real)
    assert found.notes[0] == "another training list than the published one; checked against itself"
    assert counts(found)["training videos"] == (1609, None)
    assert counts(found)["abnormal test frames"] == (84_183, 84_182)


@pytest.mark.real
def test_all_real_forms_of_the_annotation_say_the_same(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "ucf_crime"
    published = read_temporal_annotation(folder / EVENTS)
    crlf = tmp_path / "crlf.txt"
    crlf.write_bytes((folder / EVENTS).read_bytes().replace(b"\n", b"\r\n"))
    with_frames = read_temporal_annotation(folder / "UCF_Annotation_with_frames.txt")
    for other in (
        read_temporal_annotation(crlf),
        read_temporal_annotation(folder / "vadclip_Temporal_Anomaly_Annotation.txt"),
        with_frames,
    ):
        assert {id: (v.cls, v.events) for id, v in other.items()} == {
            id: (v.cls, v.events) for id, v in published.items()
        }
    rows = [line.split("\t") for line in (folder / "test_videos.tsv").read_text().splitlines()[1:]]
    assert {row[0]: int(row[2]) for row in rows} == {id: video.frames for id, video in with_frames.items()}
    for row in rows:
        numbers = [int(number) for number in row[4:] if number != "-1"]
        assert [frame for event in published[row[0]].events for frame in event] == numbers


@pytest.mark.real
def test_real_frame_labels_are_those_of_deepmil(real: Path, real_data: Path) -> None:
    """PEL4VAD's arrays: exclusive ends, cut at lengths of their own."""
    found = read(real)
    with np.load(real_data / "ucf_crime" / "gt_frames_deepmil_uint8.npz") as arrays:
        truth, lengths, names = arrays["gt"], arrays["lengths"], arrays["names"]
    start = 0
    for name, length in zip(names, lengths, strict=True):
        ours = np.zeros(length, np.uint8)
        for first, end in found.videos[str(name)].intervals or ():
            ours[first:end] = 1
        np.testing.assert_array_equal(ours, truth[start : start + length], err_msg=str(name))
        start += length
    assert start == len(truth)
    assert len(names) == 290


@pytest.mark.real
def test_real_training_lists_with_frames_are_the_same_list(real: Path, real_data: Path) -> None:
    plain = read(real)
    shutil.copy(
        real_data / "ucf_crime" / "Train_Annotation_with_frames.txt", real / "UCF-Crime" / "Anomaly_Train.txt"
    )
    shutil.copy(real_data / "ucf_crime" / "UCF_Annotation_with_frames.txt", real / "UCF-Crime" / EVENTS)
    found = read(real)
    assert (found.videos, found.splits, found.notes) == (plain.videos, plain.splits, plain.notes)


@pytest.mark.real
def test_real_boxes(real: Path, real_data: Path) -> None:
    """Both forms agree, boxes lie in the frame and in events, and overlap the whole frame as measured."""
    videos = read(real).videos
    boxes = np.array([box for video in videos.values() for box in video.boxes])
    assert boxes.shape == (3102, 5)
    assert boxes[:, [1, 3]].min() >= 1
    assert boxes[:, [2, 4]].min() >= 1
    assert (boxes[:, 3].max(), boxes[:, 4].max()) == (320, 239)
    for video in videos.values():
        assert all(box[0] < (video.frames or 0) for box in video.boxes)
        covered = [sum(start <= box[0] <= end for box in video.boxes) for _, start, end in video.segments]
        assert not video.boxes or all(covered), "every event has a box"
    expected = json.loads((real_data / "ucf_crime" / "tiou_reference_values.json").read_text())
    areas = (boxes[:, 3] - boxes[:, 1]) * (boxes[:, 4] - boxes[:, 2])
    mean = float((areas / (320 * 240)).mean())
    assert mean == pytest.approx(expected["full_frame_0_0_320_240"]["micro_mean_over_3102_boxes"], abs=1e-12)
