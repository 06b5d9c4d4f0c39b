"""Any folder of videos, and its table of labels."""

import csv
import errno
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.config import FolderData
from vadbench.datasets import folder
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.label_table import COLUMNS, read_labels
from vadbench.errors import VadbenchError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def read(root: Path, labels: str | None = None) -> Dataset:
    if labels is not None:
        (root / "labels.csv").write_text(labels)
    return folder.read(FolderData(labels=None if labels is None else "labels.csv"), root)


def ids(found: Dataset) -> list[str]:
    return [entry.id for entry in found.entries]


def test_videos_and_frame_folders_are_found_at_any_depth(tmp_path: Path) -> None:
    touch(tmp_path, "b.MP4", "x/y/a.avi", "x/a.avi", "frames/one/001.png", "frames/one/002.png")
    touch(tmp_path, "notes.txt", "._b.MP4", ".hidden/c.mp4", "__MACOSX/b.mp4", "x/.a.avi.swp")
    found = read(tmp_path)
    assert ids(found) == ["b.MP4", "frames/one", "x/a.avi", "x/y/a.avi"]
    assert found.entries[1].bytes == 2
    assert found.notes == ()
    assert found.splits["all"].test == tuple(ids(found))
    assert found.splits["all"].supervision == "none"
    assert all(video.classes is None and video.intervals is None for video in found.videos.values())


def test_paths_are_relative_to_the_data_root_and_ids_to_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "mine/cam/a.mp4", "other/b.mp4")
    (entry,) = folder.read(FolderData(folder="mine"), tmp_path).entries
    assert (entry.id, entry.path) == ("cam/a.mp4", "mine/cam/a.mp4")


def test_equal_stems_stay_apart(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.avi", "x/a.mp4")
    assert ids(read(tmp_path)) == ["a.avi", "a.mp4", "x/a.mp4"]


def test_images_beside_videos_are_no_frame_folder_and_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "poster.jpg", "x/1.png", "x/deep/b.mp4")
    found = read(tmp_path)
    assert ids(found) == ["a.mp4", "x/deep/b.mp4"]
    assert len(found.notes) == 2
    assert "1 images" in found.notes[0]


def test_links_are_followed_and_circles_are_left(tmp_path: Path) -> None:
    touch(tmp_path, "store/a.mp4", "data/b.mp4")
    os.symlink(tmp_path / "store", tmp_path / "data/link")
    os.symlink(tmp_path / "data", tmp_path / "data/circle")
    os.symlink(tmp_path / "gone.mp4", tmp_path / "data/dangling.mp4")
    found = read(tmp_path / "data")
    assert ids(found) == ["b.mp4", "dangling.mp4", "link/a.mp4"]
    assert found.entries[1].bytes is None


def test_folders_without_videos_and_outside_of_the_root(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"holds no video; known endings are .*mp4"):
        read(tmp_path)
    with pytest.raises(VadbenchError, match="no such folder"):
        folder.read(FolderData(folder="missing"), tmp_path)
    touch(tmp_path, "out/a.mp4", "root/b.mp4")
    with pytest.raises(VadbenchError, match="lies outside of data_root"):
        folder.read(FolderData(folder=str(tmp_path / "out")), tmp_path / "root")


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.mp4", "locked/b.mp4")
    scandir = os.scandir

    def locked(path: str) -> object:
        if os.fspath(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(VadbenchError, match="locked: Permission denied"):
        read(tmp_path)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.mp4")).touch()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    with pytest.raises(VadbenchError, match="not UTF-8"):
        read(tmp_path)


LABELS = """\
path,part,class,start,end
gate/mon.mp4,train,normal,,
gate/tue.mp4,train,fire,,
gate/wed.mp4,test,fighting,310,452
gate/wed.mp4,test,fire,400,745

gate/thu.mp4,test,normal,,
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    touch(tmp_path, *(f"gate/{day}.mp4" for day in ("mon", "tue", "wed", "thu", "fri")))
    return tmp_path


def test_a_table_gives_classes_intervals_and_splits(gate: Path) -> None:
    found = read(gate, LABELS)
    assert found.classes == ("normal", "fighting", "fire")
    wednesday = found.videos["gate/wed.mp4"]
    assert wednesday.classes == ("fighting", "fire")
    assert wednesday.intervals == ((310, 745),)
    assert wednesday.segments == (("fighting", 310, 452), ("fire", 400, 745))
    assert found.videos["gate/mon.mp4"].intervals == ()
    assert found.videos["gate/tue.mp4"].classes == ("fire",)
    assert found.videos["gate/tue.mp4"].intervals is None
    assert found.videos["gate/fri.mp4"].classes is None
    assert found.notes == ("1 of 5 videos have no label, the first is gate/fri.mp4",)
    assert found.splits["weak"].train == ("gate/mon.mp4", "gate/tue.mp4")
    assert found.splits["one_class"].train == ("gate/mon.mp4",)
    assert found.splits["weak"].test == ("gate/thu.mp4", "gate/wed.mp4")
    assert len(found.splits["all"].test) == 5


def test_columns_may_be_in_any_order_and_times_left_out(gate: Path) -> None:
    found = read(gate, "\ufeffClass, Part ,path\nfire,test,gate/mon.mp4\n")
    assert found.videos["gate/mon.mp4"].classes == ("fire",)
    assert set(found.splits) == {"all"}


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ("gate/sat.mp4,test,normal,,", 2, "no video 'gate/sat.mp4'; the nearest is 'gate/"),
        ("../gate/mon.mp4,test,normal,,", 2, "no video"),
        ("gate/mon.mp4,testing,normal,,", 2, "part is 'testing'; it is train or test"),
        ("gate/mon.mp4,test,,,", 2, "class is empty"),
        ("gate/mon.mp4,test,Normal,,", 2, "class is 'Normal', which would be an anomaly; write normal"),
        ("gate/mon.mp4,test,fire,5,", 2, "end is ''"),
        ("gate/mon.mp4,test,fire,-5,9", 2, "start is '-5'"),
        ("gate/mon.mp4,test,fire,1.5,9", 2, "start is '1.5'"),
        ("gate/mon.mp4,test,fire,1_0,90", 2, "start is '1_0'"),
        ("gate/mon.mp4,test,fire,9,9", 2, "start 9 is not before end 9"),
        ("gate/mon.mp4,test,normal,1,9", 2, "given for a normal video"),
        ("gate/mon.mp4,test,fire,1,9,0", 2, "has 6 cells, the first line names 5 columns"),
        ("gate/mon.mp4,test,fire", 2, "has 3 cells"),
        ("gate/mon.mp4,test,fire,1,9\ngate/mon.mp4,train,fire,11,19", 3, "an earlier line .* has test"),
        ("gate/mon.mp4,test,fire,1,9\ngate/mon.mp4,test,normal,,", 3, "class is normal, but"),
        ("gate/mon.mp4,test,normal,,\ngate/mon.mp4,test,fire,1,9", 3, "says that the video is normal"),
        ("gate/mon.mp4,test,fire,1,9\n\ngate/mon.mp4,test,fire,1,9", 4, "repeats line 2"),
        ("gate/mon.mp4,test,fire,1,9\ngate/mon.mp4,test,fall,,", 3, "in all or none"),
        ('gate/mon.mp4,test,"fire,1,9', 2, "unexpected end of data"),
        ('gate/mon.mp4,test,"a\nb",1,9\ngate/mon.mp4,test,"fire"x,1,9', 4, "expected after"),
        ('gate/mon.mp4,test,"a\nb",1,9\ngate/tue.mp4,test,"c\nd",9,1', 4, "start 9 is not before"),
    ],
)
def test_a_damaged_line_is_named(gate: Path, rows: str, line: int, words: str) -> None:
    with pytest.raises(VadbenchError, match=words) as caught:
        read(gate, f"path,part,class,start,end\n{rows}\n")
    assert str(caught.value).startswith(f"{gate / 'labels.csv'}, line {line}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        *("path;part;class", "path,part", "path,part,class,start", "path,part,class,classes"),
        *("path,path,part,class", "gate/mon.mp4,test,normal,,"),
    ],
)
def test_other_columns_are_refused(gate: Path, header: str) -> None:
    with pytest.raises(
        VadbenchError, match=r"line 1: names the columns .*they are path, part, class, start, end"
    ):
        read(gate, f"{header}\ngate/mon.mp4,test,normal\n")


def test_a_table_that_is_missing_empty_or_no_text(gate: Path) -> None:
    with pytest.raises(VadbenchError, match=r"labels\.csv: No such file"):
        folder.read(FolderData(labels="labels.csv"), gate)
    for content in ("", "path,part,class\n\n"):
        with pytest.raises(VadbenchError, match="holds no labels"):
            read(gate, content)
    (gate / "labels.csv").write_bytes(b"path,part,class\ngate/mon.mp4,test,caf\xe9\n")
    with pytest.raises(VadbenchError, match="not UTF-8"):
        folder.read(FolderData(labels="labels.csv"), gate)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8).map(
    str.strip
)
CLASSES = NAMES.filter(lambda name: name and name != "normal")
SEGMENTS = st.tuples(CLASSES, st.integers(0, 500), st.integers(1, 100))
VIDEOS = st.dictionaries(
    NAMES.filter(bool),
    st.tuples(st.sampled_from(["train", "test"]), st.lists(SEGMENTS, max_size=3, unique=True), st.booleans()),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(VIDEOS)
def test_a_written_table_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory,
    videos: dict[str, tuple[str, list[tuple[str, int, int]], bool]],
) -> None:
    rows: list[tuple[object, ...]] = []
    for name, (part, segments, timed) in videos.items():
        if not segments:
            rows.append((name, part, "normal", "", ""))
        elif timed:
            rows += [(name, part, kind, start, start + length) for kind, start, length in segments]
        else:
            rows += [(name, part, kind, "", "") for kind in {kind for kind, _, _ in segments}]
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    path = tmp_path_factory.mktemp("tables") / "labels.csv"
    path.write_bytes(text.getvalue().encode())
    found = read_labels(path, list(videos))
    assert found.keys() == videos.keys()
    for name, (part, segments, timed) in videos.items():
        assert found[name].part == part
        assert found[name].classes == {kind for kind, _, _ in segments}
        frames = {frame for _, start, length in segments for frame in range(start, start + length)}
        if timed or not segments:
            assert {f for start, end in found[name].intervals or () for f in range(start, end)} == frames
        else:
            assert found[name].intervals is None


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text('path,class\n\r";train5 normal', max_size=60)))
def test_any_other_content_is_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.mktemp("tables") / "labels.csv"
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(b"path,part,class\n" + data)
    try:
        found = read_labels(path, ["path", "a"])
    except VadbenchError as error:
        message = str(error)
    else:
        assert found.keys() <= {"path", "a"}
        return
    assert message.startswith(str(path))
    assert "\n" not in message
