"""The text files of XD-Violence: labels in names, lists, both annotations, and their damage."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.xd_violence_lists import (
    CLASSES,
    AnnotatedVideo,
    Events,
    classes_of,
    codes_of,
    lacks_filling,
    read_class_segments,
    read_list,
    read_segments,
)
from vadbench.errors import VadbenchError

IP_MAN = "Ip.Man.2008__#01-40-37_01-42-07_label_B4-0-0"


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ("A", ()),
        ("B1-0-0", ("fighting",)),
        ("B1", ("fighting",)),
        ("B2-G-0", ("shooting", "explosion")),
        ("B6-B4-B5", ("car accident", "riot", "abuse")),
    ],
)
def test_classes_stand_at_the_end_of_names(label: str, classes: tuple[str, ...]) -> None:
    assert classes_of(f"v=8c-q_label_A__#1_label_{label}") == classes
    assert lacks_filling(f"v=8c__#1_label_{label}") == (label == "B1")


@pytest.mark.parametrize(
    "label",
    [
        *("", "0", "B3-0-0", "B7", "b1", "B", "G1", "A-0-0", "A-B1-0", "B1-A-0", "B1-B2", "B1-0", "B1-0-B2"),
        *("B1-B1-0", "B1-0-0-0", "B1-B2-B4-B5", "0-0-B1", "B1-0-0 ", "B1--0", "B1-0-0__0", "B1-0-0.txt"),
    ],
)
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match="does not end with labels"):
        codes_of(f"v=8c__#1_label_{label}")


@pytest.mark.parametrize(
    "name", ["v=8c__#1_A", "label_A", "_label_A", "a b_label_A", "ä_label_A", "a\n_label_A"]
)
def test_names_without_label_or_of_other_letters_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not end with labels"):
        codes_of(name)


IDS = ("Some.Film.2001__#0-26-51_00-27-53_label_B2-G-0", "v=8cTqh9tMz_I__#1_label_A", "v=4F=_-@__#1_label_B1")
PLAIN = "".join(f"{id}\n" for id in IDS)
CROPS = "".join(f"/media/x y/RGB/{id}__{crop}.npy\n" for id in IDS for crop in range(5))
TABLE = "path,label\r\n" + "".join(f"/home/x/{id}__0.npy,{id.split('_label_')[1]}\r\n" for id in IDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def written(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip(),
        PLAIN.replace("\n", ".mp4  \r\n"),
        CROPS,
        CROPS.replace("/", "\\"),
        TABLE,
        "\ufeff" + TABLE,
        TABLE.replace("path,label\r\n", ""),
        TABLE.replace("__0.npy", ""),
        CROPS.replace("__4.npy", "__9.npy"),
    ],
)
def test_every_form_lists_the_same_videos(tmp_path: Path, text: str) -> None:
    assert read_list(written(tmp_path, text)) == IDS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PLAIN.replace("_label_A", "_lable_A"), "line 2: 'v=8cTqh9tMz_I__#1_lable_A' does not end"),
        (PLAIN.replace("A\n", "A-0-0\n"), "line 2"),
        (PLAIN + f"{IDS[0]}\n", f"line 4: {IDS[0]} is listed before"),
        (CROPS.replace("__3.npy", "__2.npy", 1), f"line 4: {IDS[0]} is listed before"),
        (CROPS.replace(f"{IDS[1]}__2.npy", f"{IDS[1]}__7.npy"), f"line 10: {IDS[1]} has other crops"),
        (CROPS.replace("__2.npy", "_2.npy", 1), "line 3"),
        (CROPS.replace("__2.npy", "__2.txt", 1), "line 3"),
        (PLAIN + "path,label\n", "line 4"),
        ("path,label\n", "line 1: no video is listed"),
        (TABLE.replace(",B2-G-0", ",B2-B4-0"), f"line 2: {IDS[0]} has the label 'B2-B4-0' beside it"),
        (TABLE.replace(",A", ",A,1"), f"line 3: {IDS[1]} has the label 'A,1' beside it"),
    ],
)
def test_a_damaged_line_of_a_list_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(VadbenchError) as caught:
        read_list(written(tmp_path, text))
    assert f"file.txt, {words}" in str(caught.value)


SEGMENTS = (
    "Some.Film__#1_label_B2-G-0 0 1517 1970 3038\n"
    "v=U6MC8JJJZSY__#1_label_G-0-0.mp4 77 1430\n"
    "v=aaa__#1_label_B1 624 912 912 1441 2000 2001"
)
CLASS_SEGMENTS = (
    "Some.Film__#1_label_B2-G-0 G 1970 3038 B2 0 1517 G 10 90\n"
    "v=U6MC8JJJZSY__#1_label_G-0-0.mp4 G 77 1430\n"
    "v=aaa__#1_label_B1 B1 624 912"
)
FIRST, SECOND, THIRD = (line.split()[0].removesuffix(".mp4") for line in SEGMENTS.split("\n"))


def events(videos: Mapping[str, AnnotatedVideo]) -> dict[str, Events]:
    return {id: video.events for id, video in videos.items()}


@pytest.mark.parametrize(
    "form",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n") + "\r\n",
        lambda text: text.replace(" ", "\t") + " \n\n",
        lambda text: "\ufeff" + text.replace(" ", "  "),
    ],
)
def test_segments_in_every_form(tmp_path: Path, form: Callable[[str], str]) -> None:
    found = read_segments(written(tmp_path, form(SEGMENTS)))
    assert events(found) == {
        FIRST: (("", 0, 1517), ("", 1970, 3038)),
        SECOND: (("", 77, 1430),),
        THIRD: (("", 624, 912), ("", 912, 1441), ("", 2000, 2001)),
    }
    assert [video.has_ending for video in found.values()] == [False, True, False]
    by_class = read_class_segments(written(tmp_path, form(CLASS_SEGMENTS)))
    assert events(by_class) == {
        FIRST: (("explosion", 1970, 3038), ("shooting", 0, 1517), ("explosion", 10, 90)),
        SECOND: (("explosion", 77, 1430),),
        THIRD: (("fighting", 624, 912),),
    }


COMMON = [
    (" 77 1430", "", "line 2"),
    ("1430", "77", "line 2: '77 77' is no start and end"),
    ("77 1430", "1430 77", "line 2: '1430 77' is no start and end"),
    ("77", "-1", "line 2: '-1 1430' is no start and end"),
    ("77", "7.7", "line 2: '7.7 1430' is no start and end"),
    ("v=aaa__#1_label_B1", "v=aaa__#1_label_A", "line 3: v=aaa__#1_label_A is normal by its name"),
    ("v=aaa__#1_label_B1", "v=aaa__#1_label_B3", "line 3: 'v=aaa__#1_label_B3' does not end"),
    ("v=aaa__#1_label_B1", "v=U6MC8JJJZSY__#1_label_G-0-0", f"line 3: {SECOND} is annotated in line 2"),
    (".mp4", ".mp5", "line 2"),
]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        *COMMON,
        ("1517 ", "", "line 1: 3 numbers are no pairs"),
        ("1517", "15 17", "line 1: 5 numbers are no pairs"),
        ("1970", "1516", f"line 1: a segment of {FIRST} starts at 1516, before that which ends at 1517"),
        ("624", "B1 624", "line 3: 7 numbers are no pairs"),
    ],
)
def test_a_damaged_line_of_segments_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SEGMENTS
    with pytest.raises(VadbenchError) as caught:
        read_segments(written(tmp_path, SEGMENTS.replace(old, new, 1)))
    assert f"file.txt, {words}" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        *((old, new, words) for old, new, words in COMMON if old != " 77 1430"),
        (" G 77 1430", "", "line 2: 0 entries are no triples"),
        ("1517 ", "", "line 1: 8 entries are no triples"),
        ("B2 0", "B3 0", "line 1: 'B3' is no code of a class"),
        ("B2 0", "A 0", "line 1: 'A' is no code of a class"),
        ("B2 0", "0 0", "line 1: '0' is no code of a class"),
        ("B2 0", "B4 0", f"line 1: {FIRST} has segments of explosion, riot, which is not what"),
        ("B2 0", "G 0", f"line 1: {FIRST} has segments of explosion, which is not what its name"),
        ("B1 624", "B2 624", f"line 3: {THIRD} has segments of shooting, which is not what its name"),
    ],
)
def test_a_damaged_line_of_class_segments_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(VadbenchError) as caught:
        read_class_segments(written(tmp_path, CLASS_SEGMENTS.replace(old, new, 1)))
    assert f"file.txt, {words}" in str(caught.value)


def test_the_one_published_contradiction_is_kept_as_published(tmp_path: Path) -> None:
    found = read_class_segments(written(tmp_path, f"{IP_MAN} B1 3 9"))
    assert found[IP_MAN].events == (("fighting", 3, 9),)
    for code in ("B2", "B4"):
        with pytest.raises(VadbenchError, match="which is not what its name lists"):
            read_class_segments(written(tmp_path, f"{IP_MAN} {code} 3 9"))


@st.composite
def damaged_text(draw: st.DrawFn, text: str) -> str:
    """`text` with one or two characters, or tokens of one line, replaced, removed or added."""
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            place = draw(st.integers(0, len(text)))
            new = draw(st.text(" \t\n-0123456789ABG_.,/#\u0663", max_size=2))
            text = text[:place] + new + text[place + draw(st.integers(0, 2)) :]
        else:
            lines = text.split("\n")
            row = draw(st.integers(0, len(lines) - 1))
            tokens = lines[row].split()
            place = draw(st.integers(0, len(tokens)))
            added = draw(st.lists(st.sampled_from(("B1", "G", "A", "7", "2500", "-1", IDS[1])), max_size=3))
            tokens[place : place + draw(st.integers(0, 3))] = added
            text = "\n".join([*lines[:row], " ".join(tokens), *lines[row + 1 :]])
    return text


def strict_id(name: str) -> tuple[str, set[str]]:
    """Id and abnormal classes of a name, by a reading of its own; fails on any other name."""
    id = re.sub(r"\.(mp4|avi|mkv)$", "", re.split(r"[/\\]", name)[-1], flags=re.IGNORECASE)
    assert re.fullmatch("[A-Za-z0-9_.#=@-]+", id)
    one, two = "(B[12456]|G)", "(B[12456]|G|0)"
    match = re.search(f"._label_(A|{one}|{one}-{two}-{two})$", id)
    assert match
    codes = [code for code in match[1].split("-") if code != "0"]
    assert len(codes) == len(set(codes))
    assert "-0-B" not in match[1]
    assert "-0-G" not in match[1]
    return id, {CLASSES[code] for code in codes} - {"normal"}


def strict_segments(text: str, size: int) -> dict[str, Events]:
    """What an annotation of pairs (`size` 2) or triples (3) says; fails on any other text."""
    found: dict[str, Events] = {}
    for line in filter(str.strip, text.split("\n")):
        name, *tokens = line.split()
        id, classes = strict_id(name)
        assert classes
        assert id not in found
        assert tokens
        assert len(tokens) % size == 0
        rows = [tokens[place : place + size] for place in range(0, len(tokens), size)]
        assert all(re.fullmatch("[0-9]+", number) for row in rows for number in row[-2:])
        segments = tuple((CLASSES[row[0]] if size == 3 else "", int(row[-2]), int(row[-1])) for row in rows)
        assert all(start < end for _, start, end in segments)
        if size == 2:
            frames = [frame for _, *segment in segments for frame in segment]
            assert frames == sorted(frames)
        else:
            assert {cls for cls, _, _ in segments} == classes
        found[id] = segments
    return found


def check_message(message: str, path: Path) -> None:
    assert re.match(re.escape(str(path)) + r", line \d+: ", message)
    assert "\n" not in message


@settings(max_examples=60, deadline=None)
@given(text=damaged_text(SEGMENTS))
def test_damaged_segments_are_an_error_or_what_they_say(folder: Path, text: str) -> None:
    path = written(folder, text)
    try:
        found = read_segments(path)
    except VadbenchError as error:
        message = str(error)
    else:
        assert events(found) == strict_segments(text, 2)
        return
    check_message(message, path)


@settings(max_examples=60, deadline=None)
@given(text=damaged_text(CLASS_SEGMENTS))
def test_damaged_class_segments_are_an_error_or_what_they_say(folder: Path, text: str) -> None:
    path = written(folder, text)
    try:
        found = read_class_segments(path)
    except VadbenchError as error:
        message = str(error)
    else:
        assert events(found) == strict_segments(text, 3)
        return
    check_message(message, path)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_list_is_an_error_or_what_it_says(folder: Path, data: st.DataObject) -> None:
    text = data.draw(damaged_text(data.draw(st.sampled_from((PLAIN, CROPS, TABLE)))))
    path = written(folder, text)
    try:
        found = read_list(path)
    except VadbenchError as error:
        message = str(error)
    else:
        said = []
        for line in filter(str.strip, text.split("\n")):
            file, _, label = line.strip().partition(",")
            if line.strip() != "path,label" or said:
                name = re.sub(r"__[0-9]$", "", re.sub(r"\.npy$", "", file.rstrip()))
                id, _ = strict_id(name)
                assert not label or label.strip() == id.rsplit("_label_", 1)[1]
                said.append(id)
        assert list(found) == list(dict.fromkeys(said))
        assert len({said.count(id) for id in found}) == 1, "one number of crops"
        return
    check_message(message, path)
