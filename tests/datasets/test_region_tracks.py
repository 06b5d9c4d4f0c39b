"""The track files of RBDC and TBDC: what they say, and that a damaged one never passes."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.region_tracks import read_tracks
from vadbench.errors import VadbenchError

SOUND = b"0,154,4,142,119,249\n0,155,6,145,129,254\n1,155,300,10,300,12\n"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "01_0014.txt"
    path.write_bytes(content)
    return path


def test_inclusive_corners_become_half_open_boxes(tmp_path: Path) -> None:
    track, frame, box = read_tracks(written(tmp_path, SOUND), 856, 480)
    assert track.tolist() == [0, 0, 1]
    assert frame.tolist() == [154, 155, 155]
    assert box.tolist() == [[4, 142, 120, 250], [6, 145, 130, 255], [300, 10, 301, 13]]
    assert {array.dtype for array in (track, frame, box)} == {np.dtype(np.int64)}


def test_one_line_windows_line_ends_and_blanks_are_read(tmp_path: Path) -> None:
    sound = read_tracks(written(tmp_path, SOUND), 856, 480)
    for content in (SOUND.replace(b"\n", b"\r\n"), SOUND.replace(b",", b", ").replace(b"\n", b" \n")):
        again = read_tracks(written(tmp_path, content), 856, 480)
        for one, other in zip(sound, again, strict=True):
            np.testing.assert_array_equal(one, other)
    assert read_tracks(written(tmp_path, b"0,0,0,0,855,479\n"), 856, 480).box.tolist() == [[0, 0, 856, 480]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"", "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,6,145,129", "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,6,145,129,254,0.9", "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,6.0,145,129,254", "is damaged; a line reads track_id,frame_idx"),
        (b"0,-1,6,145,129,254", "is damaged; a line reads track_id,frame_idx"),
        (b"track,frame,x,y,x,y", "is damaged; a line reads track_id,frame_idx"),
        (b"0 156 6 145 129 254", "is damaged; a line reads track_id,frame_idx"),
        ("0,156,6,145,129,25٤".encode(), "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,6,145,129,25\xff", "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,6,145,129,25\x00", "is damaged; a line reads track_id,frame_idx"),
        ("0,156,6,145,129,254\u00a0".encode(), "is damaged; a line reads track_id,frame_idx"),
        (b"0,156,130,145,129,254", "does not fit a frame of 856 x 480"),
        (b"0,156,6,255,129,254", "does not fit a frame of 856 x 480"),
        (b"0,156,6,145,856,254", "does not fit a frame of 856 x 480"),
        (b"0,156,6,145,129,480", "does not fit a frame of 856 x 480"),
        (b"0,155,7,145,129,254", "a second box of track 0 on frame 155, after line 2"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = written(tmp_path, SOUND + line + b"\n")
    with pytest.raises(VadbenchError) as raised:
        read_tracks(path, 856, 480)
    assert f"{path}, line 4: " in str(raised.value)
    assert message in str(raised.value)


def test_a_file_that_is_cut_off_empty_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"line 3: .*cut off"):
        read_tracks(written(tmp_path, SOUND[:-2]), 856, 480)
    with pytest.raises(VadbenchError, match=r"line 1: .*cut off"):
        read_tracks(written(tmp_path, SOUND[:19]), 856, 480)
    with pytest.raises(VadbenchError, match="line 1: '' is damaged"):
        read_tracks(written(tmp_path, b""), 856, 480)
    with pytest.raises(VadbenchError, match="No such file"):
        read_tracks(tmp_path / "02_0001.txt", 856, 480)
    with pytest.raises(VadbenchError, match="Is a directory"):
        read_tracks(tmp_path, 856, 480)


@given(st.integers(0, len(SOUND) - 1), st.binary(max_size=3), st.integers(0, 3))
@settings(max_examples=60)
def test_any_damage_gives_an_error_with_its_line_or_another_sound_file(
    tmp_path_factory: pytest.TempPathFactory, at: int, replacement: bytes, length: int
) -> None:
    content = SOUND[:at] + replacement + SOUND[at + length :]
    path = written(tmp_path_factory.mktemp("tracks"), content)
    try:
        tracks = read_tracks(path, 856, 480)
    except VadbenchError as error:
        message = str(error)
    else:
        # What is read says just what the file says: written out again it is the file, but for white space.
        rows = np.column_stack([tracks.track, tracks.frame, tracks.box - [0, 0, 1, 1]])
        assert rows.ravel().tolist() == [int(cell) for cell in re.split(rb"[,\r\n]+", content.strip())]
        return
    assert f"{path}, line " in message


@given(st.binary(max_size=60))
@settings(max_examples=60)
def test_bytes_of_any_kind_give_an_error_with_a_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("tracks"), content)
    with pytest.raises(VadbenchError, match=r"line [0-9]+: "):
        read_tracks(path, 856, 480)


@pytest.mark.real
def test_the_published_files_hold_158_tracks(real_data: Path) -> None:
    paths = sorted((real_data / "rbdc/shanghaitech_tracks").glob("*.txt"))
    files = [read_tracks(path, 856, 480) for path in paths]
    assert len(files) == 107
    assert sum(len(np.unique(file.track)) for file in files) == 158
    assert sum(len(file.track) for file in files) == 18_937
    assert min(int(file.frame.min()) for file in files) == 0
    assert max(int(file.box[:, 2].max()) for file in files) <= 856
    assert max(int(file.box[:, 3].max()) for file in files) <= 480
