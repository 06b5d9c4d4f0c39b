"""Checkpoints: what is written comes back, and what is damaged is said so."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import read_arrays, read_record, write_arrays


def test_arrays_and_record_come_back(tmp_path: Path) -> None:
    arrays = {
        "number": np.array(3.0, np.float32),
        "turned": np.arange(6).reshape(2, 3).T,
        "none": np.zeros((0, 4)),
    }
    write_arrays(tmp_path / "a.safetensors", arrays, {"steps": 3, "name": "x"})
    read, record = read_arrays(tmp_path / "a.safetensors")
    assert record == {"steps": 3, "name": "x"}
    assert set(read) == set(arrays)
    for name, value in arrays.items():
        assert read[name].dtype == value.dtype
        assert read[name].shape == value.shape
        np.testing.assert_array_equal(read[name], value)


def test_equal_content_gives_equal_bytes_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_arrays(tmp_path / name, {"x": np.ones(3), "y": np.zeros(2)}, {"k": 1, "l": 2})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_others_may_read_it_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_arrays(tmp_path / "a", {"x": np.ones(1)})
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_missing_and_damaged_files_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(VadbenchError, match="run `vadbench train`"):
        read_arrays(path)
    write_arrays(path, {"x": np.ones(100)})
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(VadbenchError, match=r"a\.safetensors: damaged checkpoint"):
        read_arrays(path)


@pytest.mark.parametrize("record", ["{", "[]", "3", '"x"'])
def test_a_record_that_is_no_object_is_damage(tmp_path: Path, record: str) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"x": np.ones(1)}, path, metadata={"record": record})
    for read in (read_record, read_arrays):
        with pytest.raises(VadbenchError, match=r"a\.safetensors: damaged checkpoint.*vadbench train"):
            read(path)
