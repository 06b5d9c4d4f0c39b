"""What is remembered of files, and when they are read again."""

import os
from pathlib import Path

import pytest

from vadbench.datasets.remembered import Remembered


class Reader:
    """Counts how often a file is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times = 0

    def __call__(self) -> str:
        self.times += 1
        return self.path.read_text()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    path = tmp_path / "file"
    path.write_text("one")
    return Reader(path)


def _ask(memory: Path | None, reader: Reader) -> str:
    remembered = Remembered(memory)
    text = remembered.text("key", [reader.path], reader)
    remembered.save()
    return text


def test_an_unchanged_file_is_read_once(tmp_path: Path, reader: Reader) -> None:
    memory = tmp_path / "stores" / "memory.json"
    assert [_ask(memory, reader) for _ in range(3)] == ["one"] * 3
    assert reader.times == 1


@pytest.mark.parametrize("change", ["time", "size", "name"])
def test_a_change_of_any_kind_is_noticed(tmp_path: Path, reader: Reader, change: str) -> None:
    memory = tmp_path / "memory.json"
    _ask(memory, reader)
    state = reader.path.stat()
    if change == "name":
        reader.path = reader.path.rename(tmp_path / "other")
    reader.path.write_text("four" if change == "size" else "two")
    later = 1 if change == "time" else 0
    os.utime(reader.path, ns=(state.st_atime_ns, state.st_mtime_ns + later))
    assert _ask(memory, reader) == reader.path.read_text()
    assert reader.times == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 3}', '{"key": ["a", "b", "c"]}'])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, reader: Reader, content: str) -> None:
    memory = tmp_path / "memory.json"
    _ask(memory, reader)
    memory.write_text(content)
    assert _ask(memory, reader) == _ask(memory, reader) == "one"
    assert reader.times == 2


def test_without_a_memory_everything_is_read(reader: Reader) -> None:
    assert _ask(None, reader) == _ask(None, reader) == "one"
    assert reader.times == 2
