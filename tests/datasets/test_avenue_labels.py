"""Frame labels of CUHK Avenue: masks, events, what is remembered of them, and damage."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from miniatures.avenue import cells, write_masks
from vadbench.datasets.avenue_labels import (
    mask_files,
    read_event_cells,
    read_frame_labels,
    read_mask_truth,
    remembered_truths,
)
from vadbench.datasets.ped2 import parse_label_file
from vadbench.datasets.tree import list_tree
from vadbench.errors import VadbenchError

EVENTS = [(3, 5), (9, 12)]


def test_a_frame_is_abnormal_where_its_mask_marks_a_pixel(tmp_path: Path) -> None:
    masks = np.zeros((5, 4, 6), np.uint8)
    masks[1, 0, 0] = masks[2, 3, 5] = masks[4] = 1
    savemat(tmp_path / "7_label.mat", {"volLabel": cells(masks)}, do_compression=True)
    assert read_mask_truth(tmp_path / "7_label.mat") == (((1, 3), (4, 5)), 5)
    savemat(tmp_path / "7_label.mat", {"volLabel": cells(masks).T})
    assert read_mask_truth(tmp_path / "7_label.mat") == (((1, 3), (4, 5)), 5)


def test_mask_files_by_number_wherever_they_lie(tmp_path: Path) -> None:
    names = [
        "b/10_label.mat",
        "b/2_label.mat",
        "01_label.mat",
        "b/x_label.mat",
        "b/2_label.txt",
        "0_label.mat",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = mask_files(list_tree(tmp_path))
    assert list(found.items()) == [
        (1, tmp_path / "01_label.mat"),
        (2, tmp_path / "b" / "2_label.mat"),
        (10, tmp_path / "b" / "10_label.mat"),
    ]
    (tmp_path / "1_label.mat").touch()
    with pytest.raises(VadbenchError, match="are both the masks of video 1; keep one"):
        mask_files(list_tree(tmp_path))


@pytest.mark.parametrize(
    "matrices",
    [
        [np.zeros((2, 3)), np.zeros((3, 2))],
        [np.full((2, 3), 2)],
        [np.full((2, 3), -1)],
        [np.full((2, 3), np.nan)],
        [np.zeros((0, 3))],
        [np.array("text")],
        [cells([np.zeros((2, 3))])],
        [],
    ],
)
def test_cells_that_are_no_masks_are_refused(tmp_path: Path, matrices: list[np.ndarray]) -> None:
    savemat(tmp_path / "7_label.mat", {"volLabel": cells(matrices)})
    with pytest.raises(VadbenchError, match=re.escape(f"{tmp_path / '7_label.mat'}: ")):
        read_mask_truth(tmp_path / "7_label.mat")


def test_masks_are_read_again_only_where_their_file_changes(tmp_path: Path) -> None:
    files = {number: tmp_path / f"{number}_label.mat" for number in (1, 2)}
    for path in files.values():
        write_masks(path, 14, EVENTS)
    memory = tmp_path / "stores" / "labels.json"
    truths = remembered_truths(files, memory)
    assert truths == {1: (tuple(EVENTS), 14), 2: (tuple(EVENTS), 14)}
    # Of the same size and time, so that only what is remembered can tell.
    state = files[1].stat()
    files[1].write_bytes(bytes(state.st_size))
    os.utime(files[1], ns=(state.st_atime_ns, state.st_mtime_ns))
    assert remembered_truths(files, memory) == truths
    write_masks(files[2], 14, [(0, 14)])
    assert remembered_truths(files, memory)[2] == (((0, 14),), 14)
    with pytest.raises(VadbenchError, match=re.escape(str(files[1]))):
        remembered_truths(files, None)
    memory.write_text("{")
    with pytest.raises(VadbenchError, match=re.escape(str(files[1]))):
        remembered_truths(files, memory)


def test_events_count_from_1_and_include_their_last_frame(tmp_path: Path) -> None:
    path = tmp_path / "avenue.mat"
    events = [
        np.array([[4, 11], [6, 13]], np.uint16),
        np.zeros((0, 0)),
        np.array([[1.0], [1.0]]),
        np.zeros((2, 0)),
    ]
    savemat(path, {"gt": cells(events)})
    assert [truth.intervals for truth in read_event_cells(path)] == [((3, 6), (10, 13)), (), ((0, 1),), ()]
    assert {truth.frames for truth in read_event_cells(path)} == {None}


@pytest.mark.parametrize(
    "cell",
    [
        np.array([[0], [5]]),
        np.array([[6], [5]]),
        np.array([[1.5], [5]]),
        np.array([[1], [np.inf]]),
        np.array([[1], [np.nan]]),
        np.array([[1, 5, 9]]),
        np.array([[1], [5], [9]]),
    ],
)
def test_damaged_events_are_named(tmp_path: Path, cell: np.ndarray) -> None:
    path = tmp_path / "avenue.mat"
    savemat(path, {"gt": cells([np.array([[1], [5]]), cell])})
    with pytest.raises(VadbenchError, match=re.escape(f"{path}, cell 2 of gt: ")):
        read_event_cells(path)


@pytest.mark.parametrize("shape", [(9,), (1, 9)])
def test_frame_labels_are_cut_at_the_videos_lengths(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "frame_labels_avenue.npy"
    np.save(path, np.array([0, 1, 1, 1, 0, 0, 0, 0, 1], np.int8).reshape(shape))
    assert read_frame_labels(path, [3, 4, 2]) == [(((1, 3),), 3), (((0, 1),), 4), (((1, 2),), 2)]
    with pytest.raises(VadbenchError, match="labels 9 frames, where the test videos have 8"):
        read_frame_labels(path, [3, 4, 1])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_of_masks_is_refused_or_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Published files are compressed, with a checksum, so that no damage can change a label."""
    path = tmp_path_factory.mktemp("masks") / "7_label.mat"
    write_masks(path, 14, EVENTS)
    content = path.read_bytes()
    place = data.draw(st.integers(100, len(content)))
    removed = data.draw(st.integers(0, 8))
    path.write_bytes(content[:place] + data.draw(st.binary(max_size=8)) + content[place + removed :])
    try:
        truth = read_mask_truth(path)
    except VadbenchError as error:
        message = str(error)
    else:
        assert truth == (tuple(EVENTS), 14)
        return
    assert message.startswith(f"{path}: ")
    assert path.read_bytes() != content


def test_a_byte_more_anywhere_in_the_pixels_is_noticed(tmp_path: Path) -> None:
    """scipy alone reads other pixels, without a word, where the stream stays readable to the last of them."""
    path = tmp_path / "7_label.mat"
    write_masks(path, 14, EVENTS)
    content = path.read_bytes()
    for place in range(140, len(content)):
        path.write_bytes(content[:place] + b"\0" + content[place:])
        with pytest.raises(VadbenchError, match=re.escape(f"{path}: no MATLAB file that can be read")):
            read_mask_truth(path)


def test_importing_the_data_sets_loads_no_scipy() -> None:
    modules = "avenue, ubnormal, pixel_masks, ped2"
    loaded = "{'scipy', 'PIL', 'av'} & set(sys.modules)"
    code = f"import sys; from vadbench.datasets import {modules}; print({loaded})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.real
def test_real_masks(real_data: Path) -> None:
    truths = [read_mask_truth(real_data / "avenue" / "masks" / f"{number}_label.mat") for number in (20, 21)]
    assert truths == [(((64, 144), (167, 241)), 273), (((13, 66),), 76)]


@pytest.mark.real
def test_real_event_cells_of_the_same_authors(real_data: Path) -> None:
    """Liu et al. give Ped2's labels in the form of avenue.mat."""
    cells_of_ped2 = [
        truth.intervals for truth in read_event_cells(real_data / "ped2" / "labels" / "ped2.mat")
    ]
    assert cells_of_ped2 == parse_label_file(real_data / "ped2" / "labels" / "UCSDped2.m")
