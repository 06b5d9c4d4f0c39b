"""Boxes of UCF-Crime: both files, their damage, and hostile ones."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets import ucf_crime_boxes
from vadbench.datasets.tree import list_tree
from vadbench.datasets.ucf_crime_boxes import (
    JSON_NAME,
    PICKLE_NAME,
    Box,
    find_boxes,
    read_box_json,
    read_box_pickle,
)
from vadbench.errors import VadbenchError

ROWS: dict[str, Any] = {
    "Abuse028_x264": [
        ["/home/x/Abuse/Abuse028_x264/image_0196.jpg", 1, 83, 83, 137],
        ["/home/x/Abuse/Abuse028_x2640/image_0180.jpg", 3, 83, 82, 150],
    ],
    "Arson011_x264": [["image_10335.jpg", 99, 35, 171, 90]],
}
BOXES: dict[str, tuple[Box, ...]] = {
    "Abuse028_x264": ((180, 3, 83, 82, 150), (196, 1, 83, 83, 137)),
    "Arson011_x264": ((10335, 99, 35, 171, 90),),
}
AS_JSON: dict[str, Any] = {
    video: {str(frame): list(box) for frame, *box in boxes} for video, boxes in BOXES.items()
}
TEXT = json.dumps(json.loads(json.dumps(AS_JSON), parse_float=int))


def pickle_file(folder: Path, content: object, protocol: int = 0) -> Path:
    path = folder / PICKLE_NAME
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


def json_file(folder: Path, content: object) -> Path:
    path = folder / JSON_NAME
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_pickle_is_read_sorted_and_keyed_by_its_keys(tmp_path: Path, protocol: int) -> None:
    assert read_box_pickle(pickle_file(tmp_path, ROWS, protocol)) == BOXES


def test_the_json_form_says_the_same(tmp_path: Path) -> None:
    assert read_box_json(json_file(tmp_path, TEXT)) == BOXES


def test_whichever_file_is_there_is_taken(tmp_path: Path) -> None:
    assert find_boxes(list_tree(tmp_path)) is None
    json_file(tmp_path, TEXT)
    assert find_boxes(list_tree(tmp_path)) == BOXES
    pickle_file(tmp_path, ROWS)
    assert find_boxes(list_tree(tmp_path)) == BOXES
    (tmp_path / JSON_NAME).unlink()
    assert find_boxes(list_tree(tmp_path)) == BOXES


def test_files_that_differ_are_refused(tmp_path: Path) -> None:
    json_file(tmp_path, TEXT.replace("150", "151"))
    pickle_file(tmp_path, ROWS)
    with pytest.raises(VadbenchError, match=rf"{PICKLE_NAME} and .*{JSON_NAME} hold different boxes"):
        find_boxes(list_tree(tmp_path))


ROW = ["a/image_0180.jpg", 3, 83, 82, 150]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "holds [], not boxes by video"),
        ({}, "holds no box"),
        ({7: [ROW]}, "7 is no name of a video"),
        ({"v": []}, "'v' has [], which"),
        ({"v": {}}, "'v' has a dict of 0, which should be a list of"),
        ({"v": [ROW[:4]]}, "'v' has ['a/image_0180.jpg', 3, 83, 82]"),
        ({"v": [[*ROW, 1]]}, "'v' has a list of 6"),
        ({"v": [["image_18.jpg", *ROW[1:]]]}, "'v' has ['image_18.jpg', 3"),
        ({"v": [["image_0180.png", *ROW[1:]]]}, "'v' has ['image_0180.png', 3"),
        ({"v": [["/image_0180.jpg/x", *ROW[1:]]]}, "'v' has ['/image_0180.jpg/x', 3"),
        ({"v": [[180, *ROW[1:]]]}, "'v' has [180, 3"),
        ({"v": [[ROW[0], 82, 83, 3, 150]]}, "82, 83, 3, 150]"),
        ({"v": [[ROW[0], 3, 83, 82, 83]]}, "3, 83, 82, 83]"),
        ({"v": [[ROW[0], -1, 83, 82, 150]]}, "-1, 83, 82, 150]"),
        ({"v": [[ROW[0], 3.0, 83, 82, 150]]}, "3.0, 83, 82, 150]"),
        ({"v": [[ROW[0], True, 83, 82, 150]]}, "True, 83, 82, 150]"),
        ({"v": [[ROW[0], "3", 83, 82, 150]]}, "'3', 83, 82, 150]"),
        ({"v": [[ROW[0], 3, 83, 82, 10**50]]}, "a large number]"),
        ({"a\nb": [[]]}, r"'a\nb' has []"),
    ],
)
def test_content_of_another_form_is_named(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(VadbenchError) as caught:
        read_box_pickle(pickle_file(tmp_path, content, 2))
    assert str(caught.value).startswith(f"{tmp_path / PICKLE_NAME}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no JSON of boxes"),
        (TEXT[:-1], "is no JSON of boxes"),
        ("[]", "holds [], not boxes by video"),
        ("{}", "holds no box"),
        ('{"v": {}}', "'v' has a dict of 0"),
        ('{"v": [3, 83, 82, 150]}', "'v' has [3, 83, 82, 150]"),
        ('{"v": {"-1": [3, 83, 82, 150]}}', "'v' has '-1': [3, 83, 82, 150]"),
        ('{"v": {"180": [3, 83, 82]}}', "'v' has '180': [3, 83, 82]"),
        ('{"v": {"180": [3, 83, 82, 150.0]}}', "'v' has '180': [3, 83, 82, 150.0]"),
        ('{"v": {"180": [3, 83, 82, NaN]}}', "'v' has '180': [3, 83, 82, nan]"),
        ('{"v": {"180": null}}', "'v' has '180': None"),
        ('{"v": {"180": [3, 83, 82, 150]}, "v": {}}', "is no JSON of boxes ('v' occurs twice in one object"),
        (
            '{"v": {"180": [3, 83, 82, 150], "180": [0, 0, 1, 1]}}',
            "is no JSON of boxes ('180' occurs twice in one object",
        ),
        ("[" * 100_000, "is no JSON of boxes (maximum recursion depth"),
        ('{"v": {"180": [3, 83, 82, ' + "9" * 5000 + "]}}", "is no JSON of boxes (Exceeds the limit"),
        ("\ud800", "is no JSON of boxes"),
    ],
)
def test_json_of_another_form_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / JSON_NAME
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(VadbenchError) as caught:
        read_box_json(path)
    assert f"{JSON_NAME}: {words}" in str(caught.value)


class Hostile:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("place", ["file", "video", "row", "path", "corner"])
def test_a_malicious_pickle_of_boxes_does_nothing(tmp_path: Path, place: str) -> None:
    evil = Hostile(tmp_path / "ran")
    content = {
        "file": evil,
        "video": {**ROWS, "v": evil},
        "row": {**ROWS, "v": [evil]},
        "path": {**ROWS, "v": [[evil, *ROW[1:]]]},
        "corner": {**ROWS, "v": [[*ROW[:4], evil]]},
    }[place]
    with pytest.raises(VadbenchError, match=r"Test_annotation\.pkl: is no pickle of plain lists"):
        read_box_pickle(pickle_file(tmp_path, content))
    assert not (tmp_path / "ran").exists()


def test_lists_that_are_named_again_and_again_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ucf_crime_boxes, "MOST_BOXES", 500)
    rows = [ROW] * 100
    assert len(read_box_pickle(pickle_file(tmp_path, {str(n): rows for n in range(5)}))) == 5
    with pytest.raises(VadbenchError, match="holds more than 500 boxes"):
        read_box_pickle(pickle_file(tmp_path, {str(n): rows for n in range(6)}))


def test_a_list_that_holds_itself_is_named(tmp_path: Path) -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(VadbenchError, match="'v' has a list of 1"):
        read_box_pickle(pickle_file(tmp_path, {"v": ring}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_pickle_is_an_error_or_what_it_says(folder: Path, data: st.DataObject) -> None:
    content = pickle.dumps(ROWS, data.draw(st.integers(0, 2)))
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.integers(0, len(content)))
        content = content[:place] + data.draw(st.binary(max_size=1)) + content[place + 1 :]
    path = pickle_file(folder, content)
    try:
        found = read_box_pickle(path)
    except VadbenchError as error:
        message = str(error)
    else:
        said = {
            video: tuple(sorted((int(row[0][:-4].split("_")[-1]), *map(float, row[1:])) for row in rows))
            for video, rows in pickle.loads(
                content, encoding="utf-8"
            ).items()  # plain, or it had been refused
        }
        assert found == said
        return
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_json_is_an_error_or_what_it_says(folder: Path, data: st.DataObject) -> None:
    text = TEXT
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.text('0123456789-.,:[]{}" eA', max_size=1)) + text[place + 1 :]
    path = json_file(folder, text)
    try:
        found = read_box_json(path)
    except VadbenchError as error:
        message = str(error)
    else:
        said = {
            video: tuple(sorted((int(frame), *map(float, box)) for frame, box in frames.items()))
            for video, frames in json.loads(text).items()
        }
        assert found == said
        return
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
