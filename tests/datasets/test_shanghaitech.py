"""ShanghaiTech Campus: its layout, its two splits, its masks, and what copies of it lack."""

import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from benchmark_settings import settings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from miniatures import shanghaitech as miniature
from vadbench.config import ShanghaiTechData
from vadbench.datasets import Annotations, index_benchmark, load_videos, shanghaitech
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.published import deviations, published_table
from vadbench.datasets.shanghaitech import PUBLISHED_TRAINING
from vadbench.errors import VadbenchError

SETTINGS = settings_of({"kind": "shanghaitech"}, ("one_class", "weak"))


def read(data_root: Path) -> Dataset:
    return shanghaitech.read(ShanghaiTechData(), data_root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The annotations of the miniature and its videos, which are empty."""
    folder = tmp_path / "ShanghaiTech"
    miniature.write_masks(folder / "testing")
    miniature.write_lists(folder)
    (folder / "training/videos").mkdir(parents=True)
    for id in miniature.TRAINING:
        (folder / f"training/videos/{id}.avi").write_bytes(b"video")
    for id, (frames, _) in miniature.TEST.items():
        write_images(folder / "testing/frames" / id, frames)
    return folder


def write_images(folder: Path, frames: int) -> None:
    folder.mkdir(parents=True)
    for number in range(frames):
        (folder / f"{number:03d}.jpg").touch()


def mask_path(folder: Path, id: str) -> Path:
    return folder / "testing/test_frame_mask" / f"{id}.npy"


def test_the_index_of_the_miniature(tmp_path: Path) -> None:
    miniature.write(tmp_path)
    report = index_benchmark("shanghaitech", SETTINGS, tmp_path, tmp_path / "stores")
    assert not any(count.published for count in report.counts)
    annotations = Annotations.load(tmp_path / "stores/shanghaitech/annotations.json")
    assert annotations.classes == ("normal", "abnormal")
    for id, (frames, events) in miniature.TEST.items():
        assert annotations.videos[id].frames == frames
        assert annotations.videos[id].intervals == tuple(events)
        assert annotations.videos[id].segments == tuple(("abnormal", *event) for event in events)
    masks = annotations.videos["01_0014"].masks
    assert masks is not None
    assert masks.path == "ShanghaiTech/testing/test_pixel_mask/01_0014.npy"
    paths = {e.id: e.path for e in load_videos(tmp_path / "stores/shanghaitech/videos/0000.json")}
    assert paths["01_001"] == "ShanghaiTech/training/videos/01_001.avi"
    assert paths["02_0003"] == "ShanghaiTech/testing/frames/02_0003"


def test_the_two_splits(folder: Path) -> None:
    found = read(folder.parent)
    assert found.splits["one_class"].supervision == "one_class"
    assert found.splits["one_class"].train == tuple(miniature.TRAINING)
    assert found.splits["one_class"].test == tuple(miniature.TEST)
    assert found.splits["weak"].supervision == "weak"
    assert found.splits["weak"].train == miniature.WEAK["Train"]
    assert found.splits["weak"].test == miniature.WEAK["Test"]
    for id, video in found.videos.items():
        assert video.classes == (("abnormal",) if len(id) == 7 else ())
        assert bool(video.intervals) == (len(id) == 7)
    assert {count.what: count.found for count in found.counts} == {
        "training videos": 4,
        "test videos": 4,
        "test frames": 152,
        "abnormal test frames": 18 + 25 + 14 + 32,
        "test videos abnormal from end to end": 1,
        "training videos (weak)": 4,
        "abnormal training videos (weak)": 2,
        "test videos (weak)": 4,
        "abnormal test videos (weak)": 2,
        "frames of abnormal test videos (weak)": 40 + 32,
        "abnormal test frames (weak)": 25 + 32,
    }


def test_annotations_alone_are_enough(folder: Path) -> None:
    whole = read(folder.parent)
    shutil.rmtree(folder / "training")
    shutil.rmtree(folder / "testing/frames")
    found = read(folder.parent)
    assert found.missing == (*miniature.TRAINING, *miniature.TEST)
    assert (found.videos, found.splits) == (whole.videos, whole.splits)
    with pytest.raises(VadbenchError, match="8 of 8 listed videos are not below"):
        index_benchmark("shanghaitech", SETTINGS, folder.parent, folder.parent / "stores")


def test_a_missing_video_can_be_skipped(folder: Path) -> None:
    (folder / "training/videos/02_001.avi").unlink()
    lenient = SETTINGS.model_copy(update={"on_bad_video": "skip"})
    report = index_benchmark("shanghaitech", lenient, folder.parent, folder.parent / "stores")
    assert "1 of 8 listed videos are missing" in report.notes


def test_other_videos_are_held_against_themselves(folder: Path) -> None:
    others, lists = read(folder.parent).notes
    assert others.startswith("other test videos than the published 107: 2 of them and 2 others; ")
    assert lists == "weak split: other lists than those of Zhong et al.; checked against the masks alone"


def test_without_lists_there_is_no_weak_split(folder: Path) -> None:
    for name in ("SH_Train.txt", "SH_Test.txt"):
        (folder / name).unlink()
    assert [*read(folder.parent).splits] == ["one_class"]
    one = settings_of({"kind": "shanghaitech"}, ("one_class",))
    report = index_benchmark("shanghaitech", one, folder.parent, folder.parent / "stores")
    assert "no split weak: SH_Train.txt and SH_Test.txt of Zhong et al. are not there" in report.notes
    with pytest.raises(VadbenchError, match=r"give no split weak; SH_Train\.txt and SH_Test\.txt of Zhong"):
        index_benchmark("shanghaitech", SETTINGS, folder.parent, folder.parent / "stores")


def test_extracted_frames_beside_the_published_form_are_left_out(folder: Path) -> None:
    write_images(folder / "training/frames/01_001", 40)
    (folder / "testing/videos").mkdir()
    (folder / "testing/videos/01_0014.avi").write_bytes(b"video")
    found = read(folder.parent)
    paths = {entry.id: entry.path for entry in found.entries}
    assert paths["01_001"].endswith("training/videos/01_001.avi")
    assert paths["01_0014"].endswith("testing/frames/01_0014")
    assert "1 training videos are there as files and as frames; the files are read" in found.notes
    assert "1 test videos are there as files and as frames; the frames are read" in found.notes


def test_training_videos_may_be_frames(folder: Path) -> None:
    shutil.rmtree(folder / "training/videos")
    for id, frames in miniature.TRAINING.items():
        write_images(folder / "training/frames" / id, frames)
    found = read(folder.parent)
    assert {
        entry.id: entry.bytes for entry in found.entries if entry.id in miniature.TRAINING
    } == miniature.TRAINING
    assert {id: found.videos[id].frames for id in miniature.TRAINING} == miniature.TRAINING


def test_what_does_not_fit_is_named(folder: Path) -> None:
    (folder / "testing/frames/01_0015/000.jpg").unlink()
    (folder / "testing/test_pixel_mask/02_0003.npy").unlink()
    (folder / "training/videos/01_003.avi").touch()
    (folder / "training/videos/shown.avi").touch()
    assert read(folder.parent).notes[2:] == (
        "1 videos are in neither list of the weak split: 01_003",
        "1 videos are in no list: shown",
        "01_0015: 39 images, its mask has 40 frames",
        "1 test videos are without a pixel mask: 02_0003",
    )


def test_pixel_masks_are_optional(folder: Path) -> None:
    shutil.rmtree(folder / "testing/test_pixel_mask")
    found = read(folder.parent)
    assert found.masks == {}
    assert "no pixel masks (testing/test_pixel_mask); they are needed for TIoU alone" in found.notes


@pytest.mark.parametrize("values", [np.bool_, np.int8, np.int64, np.float32, np.float64])
def test_masks_of_any_type_are_read(folder: Path, values: type) -> None:
    before = read(folder.parent).videos
    for id in miniature.TEST:
        np.save(mask_path(folder, id), np.load(mask_path(folder, id)).astype(values))
    assert read(folder.parent).videos == before


@pytest.mark.parametrize(
    "content",
    [
        np.full(40, 2, np.uint8),
        np.full(40, 0.5),
        np.zeros((40, 480, 1), np.uint8),
        np.zeros(0, np.uint8),
        np.array(["0", "1"]),
        np.full(40, np.nan),
    ],
)
def test_an_array_that_is_no_mask_is_named(folder: Path, content: np.ndarray) -> None:
    np.save(mask_path(folder, "01_0015"), content)
    with pytest.raises(VadbenchError, match=r"01_0015\.npy"):
        read(folder.parent)


def test_a_mask_without_its_header_is_named(folder: Path) -> None:
    path = mask_path(folder, "01_0014")
    path.write_bytes(path.read_bytes()[-44:])
    with pytest.raises(VadbenchError, match=r"01_0014\.npy: no array that can be read"):
        read(folder.parent)


def test_pickled_objects_are_refused(folder: Path) -> None:
    np.save(mask_path(folder, "01_0014"), np.array([0, 1], dtype=object))
    with pytest.raises(VadbenchError, match=r"01_0014\.npy"):
        read(folder.parent)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 400), replacement=st.binary(max_size=3), length=st.integers(0, 200))
def test_a_damaged_mask_gives_an_error_with_its_name_or_what_numpy_reads(
    tmp_path_factory: pytest.TempPathFactory, at: int, replacement: bytes, length: int
) -> None:
    folder = tmp_path_factory.mktemp("data") / "ShanghaiTech"
    miniature.write_masks(folder / "testing")
    miniature.write_lists(folder)
    path = mask_path(folder, "01_0015")
    content = path.read_bytes()
    at %= len(content)
    path.write_bytes(content[:at] + replacement + content[at + length :])
    try:
        found = read(folder.parent)
    except VadbenchError as error:
        message = str(error)
    else:
        flags = np.load(path, allow_pickle=False)
        assert flags.nbytes + 128 == path.stat().st_size
        read_flags = np.zeros(flags.size, bool)
        for start, end in found.videos["01_0015"].intervals or ():
            read_flags[start:end] = True
        assert read_flags.tolist() == [value == 1 for value in flags.ravel().tolist()]
        return
    assert "01_0015" in message
    assert "\n" not in message


def test_a_test_video_without_its_mask_is_named(folder: Path) -> None:
    mask_path(folder, "02_0004").unlink()
    with pytest.raises(
        VadbenchError, match=r"02_0004: is a test video without its test_frame_mask/02_0004\.npy"
    ):
        read(folder.parent)


def test_masks_that_belong_to_no_video_or_to_one_twice_are_named(folder: Path) -> None:
    other = folder / "copy/test_frame_mask"
    shutil.copytree(folder / "testing/test_frame_mask", other)
    with pytest.raises(VadbenchError, match="are masks of one video; keep the right one"):
        read(folder.parent)
    shutil.rmtree(other)
    mask_path(folder, "02_0004").rename(mask_path(folder, "02_004"))
    with pytest.raises(VadbenchError, match=r"02_004\.npy: is no mask of a test video"):
        read(folder.parent)


def test_a_folder_without_masks_or_training_videos_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "training")
    (folder / "SH_Train.txt").unlink()
    (folder / "SH_Test.txt").unlink()
    with pytest.raises(VadbenchError, match="holds no training/videos"):
        read(folder.parent)
    shutil.rmtree(folder / "testing/test_frame_mask")
    with pytest.raises(VadbenchError, match="holds no testing/test_frame_mask"):
        read(folder.parent)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("02_0099", r"SH_Test\.txt, line 5: 02_0099 is no video of ShanghaiTech"),
        ("01_001", "01_001 is listed for training and for testing"),
        ("02_002", r"SH_Test\.txt, line 5: 02_002 again, after line 4"),
    ],
)
def test_lists_that_contradict_masks_or_each_other(folder: Path, line: str, words: str) -> None:
    with (folder / "SH_Test.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(VadbenchError, match=words):
        read(folder.parent)


def test_a_test_video_may_be_normal_unless_the_weak_lists_say_otherwise(folder: Path) -> None:
    np.save(mask_path(folder, "01_0014"), np.zeros(44, np.uint8))
    with pytest.raises(VadbenchError, match=r"SH_Train\.txt, line 2: 01_0014 is abnormal by the digits"):
        read(folder.parent)
    for name in ("SH_Train.txt", "SH_Test.txt"):
        (folder / name).unlink()
    video = read(folder.parent).videos["01_0014"]
    assert (video.classes, video.intervals) == ((), ())


@settings(max_examples=40, deadline=None)
@given(
    part=st.sampled_from(["Train", "Test"]),
    at=st.integers(0, 40),
    replacement=st.text("0123_\n ,", max_size=2),
    length=st.integers(0, 3),
)
def test_no_damage_to_a_list_makes_a_wrong_label(
    tmp_path_factory: pytest.TempPathFactory, part: str, at: int, replacement: str, length: int
) -> None:
    folder = tmp_path_factory.mktemp("data") / "ShanghaiTech"
    miniature.write_masks(folder / "testing")
    miniature.write_lists(folder)
    path = folder / f"SH_{part}.txt"
    text = path.read_text()
    at %= len(text)
    path.write_text(text[:at] + replacement + text[at + length :])
    try:
        found = read(folder.parent)
    except VadbenchError as error:
        message = str(error)
    else:
        lists = {"Train": found.splits["weak"].train, "Test": found.splits["weak"].test}
        names = [line.replace(",", " ").split()[0] for line in path.read_text().split("\n") if line.strip()]
        assert list(lists[part]) == names
        for id in (*lists["Train"], *lists["Test"]):
            assert found.videos[id].classes == (("abnormal",) if id in miniature.TEST else ())
        return
    assert "SH_T" in message


def write_published_masks(folder: Path) -> None:
    """Masks of the published videos: of the right length, and abnormal on wrong frames."""
    masks = folder / "testing/test_frame_mask"
    masks.mkdir(parents=True)
    for id, (frames, abnormal, _) in published_table("shanghaitech").items():
        np.save(masks / f"{id}.npy", (np.arange(frames) < abnormal).astype(np.uint8))


def test_published_videos_must_have_the_published_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_published_masks(tmp_path / "ShanghaiTech")
    message = (
        r"01_0014\.npy: differs from the published mask \(76 of 265 frames are abnormal, published are 76"
    )
    with pytest.raises(VadbenchError, match=message):
        read(tmp_path)
    table = {
        id: (frames, abnormal, zlib.crc32(bytes([1] * abnormal + [0] * (frames - abnormal))))
        for id, (frames, abnormal, _) in published_table("shanghaitech").items()
    }
    monkeypatch.setattr(shanghaitech, "published_table", lambda _: table)
    found = read(tmp_path)
    assert [count.published for count in found.counts] == [330, 107, 40791, 17326, 1]
    assert deviations(found.counts) == ()
    assert found.splits["one_class"].train == PUBLISHED_TRAINING
    assert len(found.missing) == 437


def test_training_videos_that_are_missing_are_known_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(PUBLISHED_TRAINING) == len(set(PUBLISHED_TRAINING)) == 330
    write_published_masks(tmp_path / "ShanghaiTech")
    monkeypatch.setattr(shanghaitech, "_check_published", lambda *_: None)
    videos = tmp_path / "ShanghaiTech/training/videos"
    videos.mkdir(parents=True)
    for id in PUBLISHED_TRAINING[1:]:
        (videos / f"{id}.avi").touch()
    (videos / "13_008.avi").touch()
    found = read(tmp_path)
    assert found.missing[0] == "01_001"
    assert len(found.missing) == 108
    assert "1 videos are in no list: 13_008" in found.notes


@pytest.fixture
def real(real_data: Path, tmp_path: Path) -> Path:
    """The published masks and lists in the published layout."""
    folder = tmp_path / "ShanghaiTech"
    shutil.copytree(real_data / "shanghaitech/test_frame_mask", folder / "testing/test_frame_mask")
    for name in ("SH_Train.txt", "SH_Test.txt"):
        shutil.copy(real_data / "shanghaitech/weak_split" / name, folder / name)
    return folder


@pytest.mark.real
def test_the_published_counts(real: Path, real_data: Path) -> None:
    found = read(real.parent)
    assert [(count.what, count.found) for count in found.counts] == [
        ("training videos", 330),
        ("test videos", 107),
        ("test frames", 40791),
        ("abnormal test frames", 17326),
        ("test videos abnormal from end to end", 1),
        ("training videos (weak)", 238),
        ("abnormal training videos (weak)", 63),
        ("test videos (weak)", 199),
        ("abnormal test videos (weak)", 44),
        ("frames of abnormal test videos (weak)", 17472),
        ("abnormal test frames (weak)", 7962),
    ]
    assert all(count.published == count.found for count in found.counts)
    assert found.notes == ("no pixel masks (testing/test_pixel_mask); they are needed for TIoU alone",)
    assert found.videos["04_0011"].intervals == ((0, 313),)
    rows = (real_data / "shanghaitech/frame_counts_test.csv").read_text().split()[1:]
    for row in rows:
        id, frames, abnormal = row.split(",")
        video = found.videos[id]
        assert video.frames == int(frames)
        assert sum(end - start for start, end in video.intervals or ()) == int(abnormal)
    normal = [found.videos[id] for id in found.splits["weak"].test if len(id) == 6]
    assert all(video.classes == () and video.frames for video in normal)
    assert sum(video.frames or 0 for video in normal) == 124_398


@pytest.mark.real
def test_the_ground_truth_of_rtfm(real: Path, real_data: Path) -> None:
    """Every video padded to whole snippets of 16 with its last label, abnormal videos first."""
    found = read(real.parent)
    with np.load(real_data / "shanghaitech/weak_split/gt_sh_rtfm.npz") as archive:
        truth = archive["gt"]
    joined: list[int] = []
    for id in sorted(id for id in found.splits["weak"].test if len(id) == 7):
        video = found.videos[id]
        labels = [0] * (video.frames or 0)
        for start, end in video.intervals or ():
            labels[start:end] = [1] * (end - start)
        joined += labels + labels[-1:] * (-len(labels) % 16)
    assert (len(truth), int(truth.sum())) == (142_912, 8_028)
    assert len(joined) == 17_968
    assert truth[: len(joined)].tolist() == joined
    assert not truth[len(joined) :].any()


@pytest.mark.real
def test_any_change_of_a_published_mask_is_found(real: Path) -> None:
    """No file is large enough for a changed label to hide in."""
    rng = np.random.default_rng(0)
    labels = read(real.parent).videos
    paths = sorted((real / "testing/test_frame_mask").iterdir())
    messages = []
    for path in rng.choice(np.array(paths, dtype=object), 40):
        sound = path.read_bytes()
        content = bytearray(sound)
        content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        try:
            assert read(real.parent).videos == labels
        except VadbenchError as error:
            messages.append((str(path), str(error)))
        path.write_bytes(sound)
    assert len(messages) > 20
    assert all(path in message for path, message in messages)


@pytest.mark.real
def test_the_damaged_copy_in_circulation_is_named(real: Path) -> None:
    path = mask_path(real, "01_0014")
    path.write_bytes(path.read_bytes()[128:])
    with pytest.raises(VadbenchError, match=r"01_0014\.npy: no array that can be read"):
        read(real.parent)


@pytest.mark.real
def test_a_changed_list_is_no_published_one(real: Path) -> None:
    path = real / "SH_Test.txt"
    path.write_text(path.read_text().replace("01_001\n", ""))
    found = read(real.parent)
    assert {count.published for count in found.counts if "weak" in count.what} == {None}
    assert found.counts[0].published == 330
    assert "1 videos are in neither list of the weak split: 01_001" in found.notes
    path.write_text(path.read_text() + "\n01_084\n")
    with pytest.raises(VadbenchError, match=r"line 199: 01_084 is no video of ShanghaiTech"):
        read(real.parent)
