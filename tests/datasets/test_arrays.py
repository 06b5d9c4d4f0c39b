"""Arrays of frame labels in NumPy's format, and their damage."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.arrays import frame_flags, intervals_of, read_array
from vadbench.errors import VadbenchError


def test_an_array_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    with path.open("wb") as file:
        np.save(file, np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(read_array(path), [[0, 1, 2], [3, 4, 5]])


def _saved(tmp_path: Path, change: str) -> Path:
    path = tmp_path / "a.npy"
    if change == "objects":
        np.save(path, np.array([print, {}], dtype=object), allow_pickle=True)
    elif change == "archive":
        np.savez(tmp_path / "a.npz", a=np.zeros(3))
        (tmp_path / "a.npz").rename(path)
    elif change != "missing":
        np.save(path, np.zeros(3))
        content = path.read_bytes()
        changed = {
            "longer": content + b"\0",
            "shorter": content[:-1],
            "huge": content.replace(b"(3,)", b"(9**9,)"),
        }
        path.write_bytes(changed.get(change, b""))
    return path


@pytest.mark.parametrize("change", ["objects", "archive", "missing", "longer", "shorter", "huge", "empty"])
def test_what_is_no_single_array_of_values_is_refused(tmp_path: Path, change: str) -> None:
    path = _saved(tmp_path, change)
    with pytest.raises(VadbenchError, match=re.escape(f"{path}: ")):
        read_array(path)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 1)])
@pytest.mark.parametrize("kind", [np.int8, np.float64, np.bool_, np.uint16])
def test_flags_of_any_numeric_type_and_shape(shape: tuple[int, ...], kind: type) -> None:
    values = np.array([0, 1, 1, 0], kind).reshape(shape)
    assert frame_flags(values, "here").tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    "values",
    [np.array([0, 2]), np.array([0.5]), np.array([np.nan]), np.array(["1"]), np.zeros((2, 2)), np.zeros(0)],
)
def test_other_values_and_shapes_are_refused(values: np.ndarray) -> None:
    with pytest.raises(VadbenchError, match=r"^here: "):
        frame_flags(values, "here")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=30))
def test_intervals_are_the_runs_of_true_values(flags: list[bool]) -> None:
    intervals = intervals_of(flags)
    covered = [any(start <= frame < end for start, end in intervals) for frame in range(len(flags))]
    assert covered == flags
    assert all(end < start for (_, end), (start, _) in pairwise(intervals))
    assert all(start < end for start, end in intervals)
