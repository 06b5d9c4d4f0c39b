"""`inspect` says what is there."""

from pathlib import Path

import pytest
from part_samples import write_part, write_set

from vadbench.errors import VadbenchError
from vadbench.store import PartWriter, inspect


def test_a_part_is_described(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", [f"video {n}" for n in range(11)] + ["bad"], skip=["bad"])
    lines = inspect(tmp_path / "part-0000.h5").splitlines()
    assert lines[0].startswith(f"{tmp_path / 'part-0000.h5'}: ")
    assert 'settings  {"model": "tiny", "stride": 4}' in lines
    assert "weights   tiny, sha256 abababababababab" in lines
    assert any(
        line.startswith("rows/embedding ") and "float16" in line and " x 2 x 8" in line for line in lines
    )
    assert any(line.startswith("boxes/corner ") and line.endswith("pixels") for line in lines)
    assert any(line.startswith("videos    12, ") and line.endswith("1 skipped") for line in lines)
    assert "  and 2 more" in lines
    assert "skipped   bad: no such file" in lines


def test_a_set_is_described(tmp_path: Path) -> None:
    lines = inspect(write_set(tmp_path / "clip")).splitlines()
    assert lines[0] == f"{tmp_path / 'clip'}: 3 parts"
    assert sum(line.startswith("part-000") for line in lines) == 3
    assert any(line.startswith("videos    6, ") for line in lines)


def test_a_set_that_is_not_linked_is_described_as_it_will_be(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "clip")
    linked = inspect(folder).splitlines()
    for name in ("store.json", "store.h5"):
        (folder / name).unlink()
    first, *lines = inspect(folder).splitlines()
    assert first == f"{folder}: 3 parts, not linked"
    assert lines == linked[1:]


def test_parts_with_other_arrays_are_told_apart(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a"])
    with PartWriter(
        tmp_path / "part-0001.h5", stage="clip", settings={}, revision=1, videos=["b"], arrays={}
    ) as writer:
        writer.skip("b", "none")
        writer.complete()
    with pytest.raises(VadbenchError, match=r"part-0001\.h5 has other arrays than part-0000\.h5"):
        inspect(tmp_path)


def test_a_part_of_a_linked_set_that_is_another_is_an_error(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "clip")
    (folder / "part-0001.h5").replace(folder / "part-0000.h5")
    with pytest.raises(VadbenchError, match="part-000"):
        inspect(folder)


def test_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="neither a part nor"):
        inspect(tmp_path / "part-0000.h5")
