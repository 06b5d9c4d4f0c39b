"""UBnormal: its lists, tracks and masks, what contradicts itself, and the published figures."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from miniatures import ubnormal as miniature
from vadbench.config import UbnormalData
from vadbench.datasets import Annotations, index_benchmark, load_videos, ubnormal
from vadbench.datasets.published import deviations
from vadbench.errors import VadbenchError

SETTINGS = settings_of({"kind": "ubnormal"}, ("weak", "one_class"))
NAMES = {kind: tuple(videos) for kind, videos in miniature.LISTS.items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the miniature, which no test changes."""
    root = tmp_path_factory.mktemp("ubnormal")
    miniature.write(root)
    return root


@pytest.fixture
def root(written: Path, tmp_path: Path) -> Path:
    """A copy that a test may change: annotations and lists, and empty files for videos."""
    target = tmp_path / "data"
    for path in written.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            copy = target / path.relative_to(written)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(b"" if path.suffix == ".mp4" else path.read_bytes())
    return target


def _tracks(root: Path, video: str) -> Path:
    scene = f"Scene{video.split('_')[2]}"
    return root / "UBnormal" / scene / f"{video}_annotations" / f"{video}_tracks.txt"


def test_splits_labels_and_frames_of_the_miniature(written: Path, tmp_path: Path) -> None:
    report = index_benchmark("ubnormal", SETTINGS, written, tmp_path)
    annotations = Annotations.load(tmp_path / "ubnormal" / "annotations.json")
    weak, one_class = annotations.split("weak"), annotations.split("one_class")
    assert (weak.supervision, one_class.supervision) == ("weak", "one_class")
    assert weak.train == (*NAMES["abnormal_training"], *NAMES["normal_training"])
    assert one_class.train == NAMES["normal_training"]
    assert weak.test == one_class.test == (*NAMES["abnormal_test"], *NAMES["normal_test"])
    for kind, videos in miniature.LISTS.items():
        for video, tracks in videos.items():
            if "validation" in kind:
                assert video not in annotations.videos
                continue
            truth = [any(a <= frame <= b for _, a, b in tracks) for frame in range(miniature.FRAMES)]
            assert annotations.frame_labels(video, miniature.FRAMES).tolist() == truth
            assert annotations.is_abnormal(video) == video.startswith("abnormal")
            assert annotations.videos[video].frames == miniature.FRAMES
    assert report.notes == (
        "other lists than the published ones (training, validation, test); checked against themselves",
    )
    assert all(count.published is None for count in report.counts)
    assert {count.what: count.found for count in report.counts} == {
        "training videos": 4,
        "abnormal training videos": 2,
        "training frames": 160,
        "abnormal training frames": 22,
        "validation videos": 2,
        "abnormal validation videos": 1,
        "validation frames": 80,
        "abnormal validation frames": 6,
        "test videos": 3,
        "abnormal test videos": 2,
        "test frames": 120,
        "abnormal test frames": 52,
    }


def test_videos_and_masks_have_the_published_paths(written: Path, tmp_path: Path) -> None:
    index_benchmark("ubnormal", SETTINGS, written, tmp_path)
    entries = {entry.id: entry for entry in load_videos(tmp_path / "ubnormal" / "videos" / "0000.json")}
    assert len(entries) == 7
    video = "abnormal_scene_2_scenario_6_smoke"
    assert entries[video].path == f"UBnormal/Scene2/{video}.mp4"
    assert (written / entries[video].path).stat().st_size == entries[video].bytes
    masks = Annotations.load(tmp_path / "ubnormal" / "annotations.json").videos[video].masks
    assert masks is not None
    assert (masks.path, masks.files) == (f"UBnormal/Scene2/{video}_annotations", miniature.FRAMES)
    found = ubnormal.read(UbnormalData(), written)
    assert set(found.masks) == set(NAMES["abnormal_test"])


def test_annotations_alone_are_enough(root: Path) -> None:
    for path in root.rglob("*.mp4"):
        path.unlink()
    found = ubnormal.read(UbnormalData(), root)
    assert set(found.missing) == {entry.id for entry in found.entries}
    assert found.videos["abnormal_scene_1_scenario_5"].intervals == ((12, 40),)
    assert found.entries[0].bytes is None
    with pytest.raises(VadbenchError, match="7 of 7 listed videos are not below"):
        index_benchmark("ubnormal", SETTINGS, root, root / "stores")


def test_copies_in_the_wild(root: Path) -> None:
    """Flat folders, endings and white space in lists, Windows line ends, a byte order mark, frame folders."""
    folder = root / "UBnormal"
    for path in [*folder.rglob("*_tracks.txt"), *folder.rglob("*.mp4")]:
        shutil.move(path, folder / path.name)
    names = NAMES["abnormal_test"]
    text = f"\ufeffScene1/{names[0]}.mp4  \r\n\r\n {names[1]}\r\n"
    (folder / "abnormal_test_video_names.txt").write_bytes(text.encode())
    (folder / f"{names[1]}.mp4").unlink()
    (folder / names[1]).mkdir()
    for frame in range(3):
        (folder / names[1] / f"{frame:05d}.jpg").touch()
    found = ubnormal.read(UbnormalData(), root)
    assert found.missing == ()
    assert found.splits["weak"].test == (*names, *NAMES["normal_test"])
    assert {entry.id: entry.path for entry in found.entries}[names[1]] == f"UBnormal/{names[1]}"
    assert "0 of 2 abnormal test videos have masks with tracks beside them" in found.notes


def test_a_file_goes_before_its_extracted_frames(root: Path) -> None:
    video = NAMES["normal_test"][0]
    frames = root / "UBnormal" / "Scene2" / video
    frames.mkdir()
    (frames / "0001.jpg").touch()
    found = ubnormal.read(UbnormalData(), root)
    assert {entry.id: entry.path for entry in found.entries}[video].endswith(".mp4")
    assert "1 videos are there as files and as frames; the files are read" in found.notes


def test_corrected_tracks_go_before_the_first_ones(root: Path) -> None:
    path = _tracks(root, NAMES["abnormal_test"][0])
    path.with_name(path.name.replace("_tracks", "_new_tracks")).write_text("2,0,3\n")
    assert ubnormal.read(UbnormalData(), root).videos[NAMES["abnormal_test"][0]].intervals == ((0, 4),)


def test_training_tracks_and_validation_lists_may_be_absent(root: Path) -> None:
    _tracks(root, NAMES["abnormal_training"][0]).unlink()
    (root / "UBnormal" / "normal_validation_video_names.txt").unlink()
    found = ubnormal.read(UbnormalData(), root)
    assert found.videos[NAMES["abnormal_training"][0]].intervals is None
    assert found.videos[NAMES["abnormal_training"][0]].classes == ("abnormal",)
    assert "no lists of validation videos, which are in no split" in found.notes
    assert "1 of 2 abnormal training videos have no tracks; no split needs any" in found.notes
    assert "abnormal training frames" not in {count.what for count in found.counts}


def test_tracks_beyond_the_masks_are_named(written: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(written, root)
    video = NAMES["abnormal_test"][1]
    path = _tracks(root, video)
    path.write_bytes(path.read_bytes() + b"2,35,40\r\n")
    found = ubnormal.read(UbnormalData(), root)
    assert found.notes[-1] == f"{video}: tracks end at frame 41, its masks at 40"
    assert found.videos[video].intervals == ((8, 24), (32, 41))


def test_masks_beside_an_array_show_no_abnormal_objects(written: Path, tmp_path: Path) -> None:
    """An array tells when something is abnormal, not which of the objects in the masks."""
    root = tmp_path / "data"
    shutil.copytree(written, root)
    _save(_tracks(root, ABNORMAL), np.repeat([1.0, 0.0], 20))
    found = ubnormal.read(UbnormalData(), root)
    assert found.videos[ABNORMAL].intervals == ((20, 40),)
    assert set(found.masks) == {NAMES["abnormal_test"][1]}
    assert "1 of 2 abnormal test videos have masks with tracks beside them" in found.notes


def _remove(path: Path) -> None:
    path.unlink()


def _text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


ABNORMAL, NORMAL = NAMES["abnormal_test"][0], NAMES["normal_test"][0]
LIST = "abnormal_test_video_names.txt"


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("tracks", _remove, f"1 of 2 abnormal test videos have no tracks, {ABNORMAL} among them"),
        ("tracks", _text(""), "_tracks.txt: is empty"),
        ("tracks", _text("1,5"), "_tracks.txt, line 1: '1,5'"),
        (LIST, _remove, f"holds no {LIST}"),
        (LIST, _text(f"{ABNORMAL}\n{ABNORMAL}"), f"line 2: {ABNORMAL} is listed in {LIST}, line 1, already"),
        (LIST, _text(f"{ABNORMAL}\n{NORMAL}"), f"line 2: {NORMAL} stands in a list of abnormal videos"),
        (LIST, _text(f"{ABNORMAL} 1"), f"line 1: '{ABNORMAL} 1' is no name of a video"),
        (LIST, _text("abnormal_scene_1_scenario_1"), "listed in abnormal_training_video_names.txt, line 1,"),
    ],
)
def test_what_is_damaged_or_contradicts_itself_is_named(
    root: Path, name: str, change: Callable[[Path], object], words: str
) -> None:
    change(_tracks(root, ABNORMAL) if name == "tracks" else root / "UBnormal" / name)
    with pytest.raises(VadbenchError, match=re.escape(words)):
        ubnormal.read(UbnormalData(), root)


def test_frame_labels_that_contradict_the_list_are_an_error(root: Path) -> None:
    """An array with 1 for abnormal would turn every label round; its normal videos tell."""
    path = root / "UBnormal" / f"{NORMAL}_tracks.txt"
    _save(path, np.ones(40))
    assert ubnormal.read(UbnormalData(), root).videos[NORMAL].frames == 40
    _save(path, np.zeros(40))
    with pytest.raises(VadbenchError, match=f"has abnormal frames, but {NORMAL} is listed as normal"):
        ubnormal.read(UbnormalData(), root)
    path.unlink()
    _save(_tracks(root, ABNORMAL), np.ones(40))
    with pytest.raises(VadbenchError, match=f"has no abnormal frame, but {ABNORMAL} is listed as abnormal"):
        ubnormal.read(UbnormalData(), root)


def _save(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, values)


LINES = [f"abnormal_scene_{n}_scenario_{n + 3}{tail}" for n, tail in ((1, ""), (12, "_fog"), (7, "_2"))]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_list_is_named_or_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = "\n".join(LINES)
    place, removed = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 4))
    text = text[:place] + data.draw(st.text("abn_0123 \n\r,.X", max_size=4)) + text[place + removed :]
    path = tmp_path_factory.mktemp("lists") / LIST
    path.write_bytes(text.encode())
    try:
        found = ubnormal._read_list(path, "abnormal", {})
    except VadbenchError as error:
        message = str(error)
    else:
        assert list(found) == [line.strip() for line in re.split("\r\n|\r|\n", text) if line.strip()]
        assert all(name.startswith("abnormal_scene_") for name in found)
        return
    assert re.fullmatch(re.escape(str(path)) + ", line [0-9]+: [^\n]+", message)


def _published_copy(real_data: Path, root: Path, text: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The real lists, and the frame labels of `text` parts as tracks, of the others as arrays.

    Returns the lines of `frames_and_events.tsv` by video.
    """
    folder = root / "UBnormal"
    folder.mkdir(parents=True)
    for path in (real_data / "ubnormal").glob("*_video_names.txt"):
        (folder / path.name).symlink_to(path)
    tracks = json.loads((real_data / "ubnormal" / "tracks_train_val.json").read_text())
    rows = [line.split("\t") for line in (real_data / "ubnormal" / "frames_and_events.tsv").open()][1:]
    table = {row[0]: tuple(row) for row in rows}
    for video, part, _, frames, _, events in table.values():
        path = folder / f"{video}_tracks.txt"
        if part in text:
            form = "{:.18e}" if len(video) % 2 else "{:d}"
            lines = [",".join(map(form.format, track)) + "\r\n" for track in tracks.get(video, [])]
            if lines:
                path.write_bytes("".join(lines).encode())
        else:
            _save(path, 1.0 - _labels(events, int(frames)))
    return table


def _labels(events: str, frames: int) -> np.ndarray:
    labels = np.zeros(frames)
    for event in filter(None, events.strip().split(";")):
        first, last = map(int, event.split("-"))
        labels[first : last + 1] = 1
    return labels


@pytest.mark.real
def test_the_real_lists_and_tracks(real_data: Path, tmp_path: Path) -> None:
    """Text tracks of training and validation videos and arrays of test videos, as STG-NF ships them."""
    table = _published_copy(real_data, tmp_path, ("training", "validation"))
    found = ubnormal.read(UbnormalData(), tmp_path)
    assert {count.what: count.found for count in found.counts} == {
        "training videos": 268,
        "abnormal training videos": 82,
        "abnormal training frames": 25_247,
        "validation videos": 64,
        "abnormal validation videos": 38,
        "abnormal validation frames": 13_938,
        "test videos": 211,
        "abnormal test videos": 158,
        "test frames": 92_640,
        "abnormal test frames": 49_650,
    }
    assert all(count.published == count.found for count in found.counts)
    assert found.notes == ("0 of 158 abnormal test videos have masks with tracks beside them",)
    assert len(found.splits["one_class"].train) == 186
    for id, video in found.videos.items():
        frames, events = int(table[id][3]), table[id][5]
        truth = np.zeros(frames)
        for start, end in video.intervals or ():
            truth[start:end] = 1
        np.testing.assert_array_equal(truth, _labels(events, frames), err_msg=id)


@pytest.mark.real
def test_the_real_numbers_of_frames(real_data: Path, tmp_path: Path) -> None:
    _published_copy(real_data, tmp_path, ())
    counts = {count.what: count for count in ubnormal.read(UbnormalData(), tmp_path).counts}
    for part, frames in (("training", 116_087), ("validation", 28_175), ("test", 92_640)):
        count = counts[f"{part} frames"]
        assert (count.found, count.published) == (frames, frames)
    assert deviations(counts.values()) == ()


@pytest.mark.real
def test_a_changed_real_list_is_another_list(real_data: Path, tmp_path: Path) -> None:
    _published_copy(real_data, tmp_path, ())
    path = tmp_path / "UBnormal" / "normal_training_video_names.txt"
    lines = path.read_text().split("\n")
    path.unlink()
    path.write_text("\n".join(lines[1:]))
    found = ubnormal.read(UbnormalData(), tmp_path)
    assert found.notes[0] == "other lists than the published ones (training); checked against themselves"
    assert [count.published for count in found.counts][:4] == [None] * 4
    assert found.counts[-1].published == 49_650
