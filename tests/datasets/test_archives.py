"""Archives of arrays: what NumPy writes, and what damage or malice makes of it."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.archives import read_archive
from vadbench.errors import VadbenchError

ARRAYS = {"a": np.arange(5), "b_01": np.zeros((2, 3), np.uint8), "c": np.array([0.5], np.float32)}


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def packed(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path: Path, save) -> None:  # type: ignore[no-untyped-def]
    save(tmp_path / "labels.npz", **ARRAYS)
    read = read_archive(tmp_path / "labels.npz")
    assert [*read] == [*ARRAYS]
    for key, array in ARRAYS.items():
        assert read[key].dtype == array.dtype
        np.testing.assert_array_equal(read[key], array)


def test_an_archive_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.npz"
    with pytest.raises(VadbenchError, match=r"labels\.npz: is missing"):
        read_archive(path)
    path.write_bytes(npy(ARRAYS["a"]))
    with pytest.raises(VadbenchError, match=r"labels\.npz: cannot be read as an archive"):
        read_archive(path)


class Malice:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return Path.touch, (self.path,)


def test_nothing_in_an_archive_is_executed(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    objects = io.BytesIO()
    np.save(objects, np.array([Malice(trace)], dtype=object))
    for content in (objects.getvalue(), pickle.dumps(Malice(trace))):
        path = packed(tmp_path / "labels.npz", ("a.npy", content))
        with pytest.raises(VadbenchError, match=r"labels\.npz, array a: no array"):
            read_archive(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(ARRAYS["a"])[:-1], "no array"),
        (npy(ARRAYS["a"]) + b"\0", "more than one array"),
        (npy(ARRAYS["a"]) * 2, "more than one array"),
        (b"", "no array"),
        (b"text", "no array"),
        (npy(ARRAYS["a"]).replace(b"(5,)", b"(4,)"), "more than one array"),
        (npy(ARRAYS["a"]).replace(b"'<i8'", b"'|O8'"), "no array"),
    ],
)
def test_a_member_that_is_no_array_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = packed(tmp_path / "labels.npz", ("a.npy", npy(ARRAYS["b_01"])), ("b.npy", content))
    with pytest.raises(VadbenchError, match=f"labels.npz, array b: .*{words}"):
        read_archive(path)


def test_an_array_that_is_there_twice_is_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "labels.npz", ("a.npy", npy(ARRAYS["a"])), ("a", npy(ARRAYS["b_01"])))
    with pytest.raises(VadbenchError, match="has two arrays a"):
        read_archive(path)


def test_other_compressions_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "labels.npz", ("a.npy", npy(ARRAYS["a"])), compression=zipfile.ZIP_LZMA)
    with pytest.raises(VadbenchError, match="compressed in a way that NumPy does not use"):
        read_archive(path)


@settings(max_examples=60, deadline=None)
@given(
    compressed=st.booleans(),
    at=st.integers(0, 10_000),
    replacement=st.binary(max_size=4),
    length=st.integers(0, 300),
)
def test_damage_is_found_by_checksums(
    tmp_path_factory: pytest.TempPathFactory, compressed: bool, at: int, replacement: bytes, length: int
) -> None:
    path = tmp_path_factory.mktemp("archive") / "labels.npz"
    (np.savez_compressed if compressed else np.savez)(path, **ARRAYS)
    content = path.read_bytes()
    at %= len(content)
    path.write_bytes(content[:at] + replacement + content[at + length :])
    try:
        read = read_archive(path)
    except VadbenchError as error:
        message = str(error)
    else:
        assert [*read] == [*ARRAYS]
        assert all(np.array_equal(read[key], ARRAYS[key]) for key in ARRAYS)
        return
    assert str(path) in message
    assert "\n" not in message


def test_every_bit_of_the_directory_counts(tmp_path: Path) -> None:
    """It has no checksum, and a wrong length in it makes one entry swallow the next."""
    path = tmp_path / "labels.npz"
    arrays = {"a": [0, 1] * 20, "b": [1] * 9}
    np.savez_compressed(path, **{key: np.array(values, np.uint8) for key, values in arrays.items()})
    content = path.read_bytes()
    found = 0
    for at in range(content.index(b"PK\1\2"), len(content)):
        for bit in range(8):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
            try:
                read = read_archive(path)
            except VadbenchError:
                found += 1
            else:
                assert {key: array.tolist() for key, array in read.items()} == arrays
    assert found > 100
