"""Tracks of UBnormal: both number forms, the arrays under their name, and damage."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.ubnormal_tracks import find_tracks, is_array, parse_tracks, read_truth
from vadbench.errors import VadbenchError

INTEGERS = "1,94,225\r\n2,177,303\r\n1,288,420\r\n"
FLOATS = "".join(
    ",".join(f"{value:.18e}" for value in track) + "\r\n" for track in ((1, 94, 225), (2, 177, 303))
)


def _write(folder: Path, content: str | bytes) -> Path:
    path = folder / "abnormal_scene_1_scenario_1_tracks.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("end", ["\r\n", "\n", " \r\n\r\n", ""])
def test_one_line_is_one_track(tmp_path: Path, end: str) -> None:
    assert parse_tracks(_write(tmp_path, f"2,6,6{end}")) == ((2, 6, 6),)
    assert read_truth(tmp_path / "abnormal_scene_1_scenario_1_tracks.txt") == (((6, 7),), None)


def test_both_number_forms_say_the_same(tmp_path: Path) -> None:
    integers = parse_tracks(_write(tmp_path, INTEGERS))
    assert integers == ((1, 94, 225), (2, 177, 303), (1, 288, 420))
    assert parse_tracks(_write(tmp_path, FLOATS)) == integers[:2]
    assert parse_tracks(_write(tmp_path, "﻿" + INTEGERS.replace(",", " , "))) == integers


def test_a_frame_is_abnormal_where_any_track_covers_it(tmp_path: Path) -> None:
    truth = read_truth(_write(tmp_path, "3,10,19\n1,15,24\n1,25,25\n2,40,41\n"))
    assert truth.intervals == ((10, 26), (40, 42))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1,94", "'1,94'"),
        ("1,94,225,7", "'1,94,225,7'"),
        ("1,94,", "'1,94,'"),
        ("1 94 225", "'1 94 225'"),
        ("0,94,225", "object 0, but 0 is the background"),
        ("1,225,94", "last frame 94 before the first, 225"),
        ("-1,94,225", "'-1,94,225'"),
        ("1,9.4e+01,225", "'1,9.4e+01,225'"),
        ("1,9.450000000000000000e+00,225", "e+00"),
        ("1,nan,225", "nan"),
        ("1,9999999999,9999999999", "9999999999"),
        ("1,²,225", "²"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = _write(tmp_path, f"4,1,2\r\n{line}\r\n5,1,2\r\n")
    with pytest.raises(VadbenchError) as caught:
        parse_tracks(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert words in str(caught.value)


def test_arrays_under_the_name_have_1_where_it_is_normal(tmp_path: Path) -> None:
    path = tmp_path / "abnormal_scene_1_scenario_1_tracks.txt"
    with path.open("wb") as file:
        np.save(file, np.array([1, 1, 0, 0, 1, 0.0]))
    assert is_array(path)
    assert read_truth(path) == (((2, 4), (5, 6)), 6)


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 0.5]),
        np.array([1, np.nan]),
        np.zeros((2, 2)),
        np.zeros(0),
        np.array(["1"]),
        np.array(1.0),
    ],
)
def test_arrays_that_are_no_labels_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    path = tmp_path / "x_tracks.txt"
    with path.open("wb") as file:
        np.save(file, values)
    with pytest.raises(VadbenchError, match=re.escape(str(path))):
        read_truth(path)


def test_the_corrected_tracks_go_first(tmp_path: Path) -> None:
    folder = tmp_path / "v_annotations"
    folder.mkdir()
    with pytest.raises(VadbenchError, match=r"holds no v_new_tracks.txt or v_tracks.txt"):
        find_tracks(folder)
    (folder / "v_tracks.txt").write_text("1,2,3")
    assert find_tracks(folder).name == "v_tracks.txt"
    (folder / "v_new_tracks.txt").write_text("1,2,3")
    assert find_tracks(folder).name == "v_new_tracks.txt"


def _plain_reading(text: str) -> list[tuple[int, ...]] | None:
    """Every line three numbers in one of the two forms; None where one is not."""
    tracks = []
    for line in re.split("\r\n|\r|\n", text):
        fields = [field.strip() for field in line.strip().split(",")]
        if fields == [""]:
            continue
        for field in fields:
            if (
                re.fullmatch("[0-9]+", field) is None
                and re.fullmatch(r"[0-9][.][0-9]{18}e[+-]..", field) is None
            ):
                return None
        values = [float(field) for field in fields]
        if len(values) != 3 or any(value % 1 for value in values):
            return None
        tracks.append(tuple(int(value) for value in values))
    return tracks


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_named_or_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from([INTEGERS, FLOATS]))
    place = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 3))
    inserted = data.draw(st.text("0123456789,.e+- \n\r;x", max_size=3))
    damaged = text[:place] + inserted + text[place + removed :]
    path = _write(tmp_path_factory.mktemp("tracks"), damaged)
    try:
        found = parse_tracks(path)
    except VadbenchError as error:
        message = str(error)
    else:
        assert list(found) == _plain_reading(damaged)
        assert all(track.object >= 1 and 0 <= track.first <= track.last for track in found)
        return
    assert text != damaged
    assert re.fullmatch(re.escape(str(path)) + r"(, line [0-9]+)?: [^\n]+", message)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_array_is_refused_or_read_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("arrays") / "v_tracks.txt"
    values = np.repeat([1.0, 0.0, 1.0], (3, 4, 2))
    with path.open("wb") as file:
        np.save(file, values)
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content)))
    removed = data.draw(st.integers(0, 9))
    path.write_bytes(content[:place] + data.draw(st.binary(max_size=9)) + content[place + removed :])
    try:
        truth = read_truth(path)
    except VadbenchError as error:
        message = str(error)
    else:
        stands = np.array(struct.unpack("<9d", path.read_bytes()[-72:]))
        found = np.ones(9)
        for start, end in truth.intervals:
            found[start:end] = 0
        assert truth.frames == 9
        np.testing.assert_array_equal(found, stands)
        return
    assert message.startswith(str(path))
    assert path.read_bytes() != content


@pytest.mark.real
def test_the_published_examples(real_data: Path) -> None:
    folder = real_data / "ubnormal" / "raw_examples"
    found = {path.name: list(map(tuple, parse_tracks(path))) for path in sorted(folder.iterdir())}
    assert found == {
        "abnormal_scene_11_scenario_3_fog_tracks.txt": [(1, 336, 450), (4, 391, 450)],
        "abnormal_scene_28_scenario_5_tracks.txt": [(1, 85, 159), (1, 174, 450)],
        "abnormal_scene_28_scenario_6_tracks.txt": [
            (1, 94, 225),
            (1, 288, 420),
            (2, 177, 303),
            (2, 360, 450),
        ],
    }
