"""Lists of ShanghaiTech's weak split: the forms of their copies, and damaged ones."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.tree import list_tree
from vadbench.datasets.weak_lists import find_weak_lists, read_weak_list
from vadbench.errors import VadbenchError

VIDEOS = ["01_001", "01_0015", "13_004", "01_015", "12_0175"]
"""With a training and a test video whose names are nearly the same."""

LABELS = [0, 1, 0, 0, 1]


def written(folder: Path, text: str | bytes, name: str = "SH_Train.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def labelled(form: str) -> str:
    lines = [form.format(video=video, label=label) for video, label in zip(VIDEOS, LABELS, strict=True)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        labelled("{video}"),
        labelled("{video}").rstrip(),
        "\ufeff" + labelled("  {video} \t").replace("\n", "\r\n") + "\r\n\r\n",
        labelled("{video},{label},764"),
        labelled("{video} {label}"),
        labelled("{video}\t{label}.0"),
        labelled("{video}.avi {label}"),
        labelled("/home/me/SH_Train_ten_crop_i3d/{video}_i3d.npy"),
        labelled("C:\\sets\\01_099\\{video}_i3d.npy"),
        labelled("".join(f"train/{{video}}_{crop}.npy {{label}}.0\n" for crop in range(10))),
        labelled("".join(f"test/{{video}}__{crop}.npy\n" for crop in (1, 0))),
        labelled("train/{video}_5.npy"),
    ],
)
def test_every_form_names_the_same_videos(tmp_path: Path, text: str) -> None:
    assert [*read_weak_list(written(tmp_path, text)).lines] == VIDEOS


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "\n01_001\n\n01_0015\n")
    assert read_weak_list(path).lines == {"01_001": 2, "01_0015": 4}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("01_00155", "'01_00155' names no video"),
        ("01_01", "names no video"),
        ("1_001", "names no video"),
        ("01_001_x264.npy", "names no video"),
        ("01_001_12.npy", "names no video"),
        ("01_002_i3d.txt", "names no video"),
        ("01_002 2", "names no video"),
        ("01_002 0.5", "names no video"),
        ("01_002 -1", "names no video"),
        ("01_002,0,7.5", "names no video"),
        ("01_002,0,7,1", "names no video"),
        ("01_002 01_003", "names no video"),
        ("a/01_002_i3d.npy a/01_003_i3d.npy", "names no video"),
        ("\u0660\u0661_002", "names no video"),
        ("01_002 1.0", "label 1 of 01_002, whose name says the other"),
        ("01_0026,0,764", "label 0 of 01_0026, whose name says the other"),
        ("01_001", "01_001 again, after line 1"),
        ("test/01_0015_0.npy", "01_0015 again, after line 2"),
        ("01_002_0.npy", "other crops of 01_002 than of the first video"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = written(tmp_path, f"01_001\n01_0015\n{line}\n")
    with pytest.raises(VadbenchError) as raised:
        read_weak_list(path)
    assert f"{path}, line 3: " in str(raised.value)
    assert words in str(raised.value)


def test_a_video_without_one_of_its_crops_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "01_001_0.npy\n01_001_1.npy\n01_002_0.npy\n01_003_0.npy\n01_003_1.npy\n")
    with pytest.raises(VadbenchError, match="line 3: other crops of 01_002"):
        read_weak_list(path)


def test_a_crop_that_is_listed_twice_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "01_001_0.npy\n01_001_1.npy\n01_001_0.npy\n")
    with pytest.raises(VadbenchError, match="line 3: 01_001 again, after line 1"):
        read_weak_list(path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe01"])
def test_a_file_without_lines_of_text_is_named(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(VadbenchError, match=re.escape(str(path))):
        read_weak_list(path)


def test_both_lists_are_needed_or_none(tmp_path: Path) -> None:
    assert find_weak_lists(list_tree(tmp_path)) is None
    (tmp_path / "lists").mkdir()
    written(tmp_path / "lists", "01_001\n", "SH_Train.txt")
    with pytest.raises(VadbenchError, match=r"SH_Train\.txt: has no SH_Test\.txt beside it"):
        find_weak_lists(list_tree(tmp_path))
    written(tmp_path, "/a/01_0015_i3d.npy\n", "shanghai-i3d-test-10crop.list")
    lists = find_weak_lists(list_tree(tmp_path))
    assert lists is not None
    assert [[*one.lines] for one in lists] == [["01_001"], ["01_0015"]]


FORMS = ["{video}", "{video},{label},764", "/a/b/{video}_i3d.npy", "train/{video}_0.npy {label}.0"]


def strict_reading(text: str) -> list[str] | None:
    """Videos of lines that hold a name and nothing that contradicts it; None where any line is otherwise."""
    videos = []
    for line in text.replace("\r", "\n").split("\n"):
        words = line.replace(",", " ").split()
        if not words:
            continue
        name = words[0].replace("\\", "/").split("/")[-1]
        for ending in (".npy", ".avi", ".mp4", "_i3d"):
            name = name.removesuffix(ending)
        scene, number, *crop = name.replace("__", "_").split("_")
        sound = len(scene) == 2 and len(number) in (3, 4) and (scene + number).isdecimal() and len(crop) <= 1
        if not sound or (len(words) > 1 and float(words[1]) != (len(number) == 4)):
            return None
        videos.append(f"{scene}_{number}")
    return videos


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FORMS),
    st.integers(0, 200),
    st.text("01_5/,. i3dnpy\t\r\\x\u0661", max_size=3),
    st.integers(0, 4),
)
def test_any_damage_gives_an_error_with_its_line_or_another_sound_list(
    tmp_path_factory: pytest.TempPathFactory, form: str, at: int, replacement: str, length: int
) -> None:
    text = labelled(form)
    at %= len(text)
    text = text[:at] + replacement + text[at + length :]
    path = written(tmp_path_factory.mktemp("lists"), text)
    try:
        videos = [*read_weak_list(path).lines]
    except VadbenchError as error:
        message = str(error)
    else:
        assert videos == strict_reading(text)
        return
    assert f"{path}, line " in message


@pytest.mark.real
def test_the_lists_of_zhong_et_al(real_data: Path) -> None:
    lists = find_weak_lists(list_tree(real_data / "shanghaitech" / "weak_split"))
    assert lists is not None
    found = [[*one.lines] for one in lists]
    assert [len(videos) for videos in found] == [238, 199]
    assert [sum(len(video) == 7 for video in videos) for videos in found] == [63, 44]
    assert len({*found[0], *found[1]}) == 437
    assert {"01_0015", "01_015"} <= {*found[0], *found[1]}, "a stripping rule must not make them one"
    for name, videos in zip(("Train", "Test"), found, strict=True):
        table = (real_data / "shanghaitech" / "weak_split" / f"SH_{name}_labels.csv").read_text().split()[1:]
        assert table == [f"{video},{int(len(video) == 7)}" for video in videos]
