"""Pickles of others: plain data is read, and nothing in a hostile one runs, grows or overflows."""

import collections
import copyreg
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets import plain_pickle
from vadbench.datasets.plain_pickle import load_plain_pickle
from vadbench.errors import VadbenchError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "boxes.pkl"
    path.write_bytes(content)
    return path


def refused(folder: Path, content: bytes) -> str:
    with pytest.raises(VadbenchError, match=r"boxes\.pkl: is no pickle of plain lists") as caught:
        load_plain_pickle(written(folder, content))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=60, deadline=None)
@given(content=PLAIN, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_of_every_protocol(
    tmp_path_factory: pytest.TempPathFactory, content: object, protocol: int
) -> None:
    path = written(tmp_path_factory.mktemp("plain"), pickle.dumps(content, protocol))
    assert load_plain_pickle(path) == content


def test_texts_of_python_2(tmp_path: Path) -> None:
    assert load_plain_pickle(written(tmp_path, b"(dp0\nS'a'\np1\n(lp2\nI3\nas.")) == {"a": [3]}
    assert load_plain_pickle(written(tmp_path, b"\x80\x02}U\x01aK\x03s.")) == {"a": 3}


def test_what_is_shared_or_part_of_itself_is_loaded_as_it_is(tmp_path: Path) -> None:
    ring: list[Any] = []
    ring.append(ring)
    loaded = load_plain_pickle(written(tmp_path, pickle.dumps(ring)))
    assert isinstance(loaded, list)
    assert loaded[0] is loaded


class Calls:
    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def hostile(marker: Path) -> dict[str, bytes]:
    """Pickles that would leave `marker` behind, or import something, if they were loaded."""
    write = f"open({str(marker)!r}, 'w').close()"
    touch = f"touch {marker}"
    return {
        "os.system": pickle.dumps(Calls(os.system, touch)),
        "os.system, protocol 0": pickle.dumps(Calls(os.system, touch), 0),
        "eval": pickle.dumps(Calls(eval, write)),
        "exec, deep inside": pickle.dumps({"Abuse028_x264": [[Calls(exec, write), 1, 2, 3, 4]]}),
        "a reduction in a reduction": pickle.dumps(Calls(eval, Calls(str, write))),
        "INST": b"(S'" + touch.encode() + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'" + touch.encode() + b"'\no.",
        "NEWOBJ": pickle.dumps(collections.Counter("a"), 2),
        "BUILD": b"}}b.",
        "a global that is only named": pickle.dumps(os.system),
        "a harmless class": pickle.dumps(collections.OrderedDict(a=1)),
        "an array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n.",
        "a persistent id in text": b"Pboxes\n.",
        "a persistent id": b"S'boxes'\nQ.",
        "a tuple, whose hash may nest": pickle.dumps({(1,): 2}),
        "bytes": pickle.dumps(b"boxes"),
        "a buffer": b"\x80\x05\x97.",
    }


@pytest.mark.parametrize("name", hostile(Path("unused")))
def test_nothing_hostile_runs(tmp_path: Path, name: str) -> None:
    marker = tmp_path / "ran"
    content = hostile(marker)[name]
    refused(tmp_path, content)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["os.system", "eval", "exec, deep inside"])
def test_the_hostile_ones_are_really_hostile(tmp_path: Path, name: str) -> None:
    marker = tmp_path / "ran"
    pickle.loads(hostile(marker)[name])
    assert marker.exists()


@pytest.mark.parametrize(
    "name", ["os.system", "os.system, protocol 0", "eval", "INST", "OBJ", "NEWOBJ", "a harmless class"]
)
def test_the_machine_itself_refuses_every_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Should an instruction slip through the check, nothing is found to be called."""
    monkeypatch.setattr(plain_pickle, "_check_instructions", lambda data: None)
    marker = tmp_path / "ran"
    assert "asks for " in refused(tmp_path, hostile(marker)[name])
    assert not marker.exists()


def test_extension_codes_are_refused_even_where_the_process_knows_them(tmp_path: Path) -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        pickle.loads(b"\x80\x02\x82\xf0.")  # now it is in the interpreter's cache, which asks nobody
        for content in (b"\x80\x02\x82\xf0.", b"\x80\x02\x83\xf0\x00.", b"\x80\x02\x84\xf0\x00\x00\x00."):
            assert "EXT" in refused(tmp_path, content)
    finally:
        copyreg.remove_extension("os", "system", 240)
        copyreg.clear_extension_cache()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "pickle exhausted"),
        (b"(dp0\nS'a'\n", "pickle exhausted"),
        (b"\x80\x04]\xff.", "opcode"),
        (b"(", "pickle exhausted"),
        (b".", ""),
        (b"S'a'\nS'b'\ns.", ""),
        (b"]]s.", ""),
        (b"}]K\x01s.", "unhashable"),
        (b"h\x07.", ""),
        (b"g7\n.", ""),
        (b"I1x\n.", "invalid literal"),
        (b"I" + b"9" * 5000 + b"\n.", "4300 digits"),
        (b"S'\\xff'\n.", "ascii"),
        (b"\x80\x63].", "protocol"),
        (b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f].", ""),
        (b"X\xff\xff\xff\x7fabc.", "expected 2147483647 bytes"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "expected 9223372036854775807 bytes"),
        (b"]r\xff\xff\xff\x7f.", "LONG_BINPUT in place 2147483647"),
        (b"]p2147483647\n.", "PUT in place 2147483647"),
        (b"]p-1\n.", "PUT in place -1"),
    ],
)
def test_damage_and_bombs_are_one_clear_error(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in refused(tmp_path, content)


def test_files_and_programs_that_are_too_long_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_pickle, "MOST_INSTRUCTIONS", 50)
    assert load_plain_pickle(written(tmp_path, b"]" + b"K\x01a" * 24 + b".")) == [1] * 24
    assert "more than 50 instructions" in refused(tmp_path, b"]" + b"K\x01a" * 25 + b".")
    with (tmp_path / "boxes.pkl").open("wb") as file:
        file.truncate(plain_pickle.MOST_BYTES + 1)
    with pytest.raises(VadbenchError, match="has 16,000,001 bytes, annotations at most 16,000,000"):
        load_plain_pickle(tmp_path / "boxes.pkl")


def test_lists_nested_as_deep_as_a_file_allows(tmp_path: Path) -> None:
    depth = 100_000
    loaded = load_plain_pickle(written(tmp_path, b"]" * depth + b"a" * (depth - 1) + b"."))
    assert isinstance(loaded, list)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"boxes\.pkl: No such file or directory; check the file"):
        load_plain_pickle(tmp_path / "boxes.pkl")


SOUND = pickle.dumps({"Abuse028_x264": [["a/image_0180.jpg", 3, 83, 82, 150]]}, 0)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_bytes_are_data_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = data.draw(st.binary(max_size=60) | st.just(SOUND) | st.just(pickle.dumps([["a", 1]])))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(content)))
        content = content[:place] + data.draw(st.binary(max_size=2)) + content[place + 1 :]
    try:
        loaded = load_plain_pickle(written(tmp_path_factory.mktemp("any"), content))
    except VadbenchError as error:
        message = str(error)
    else:
        assert loaded is None or isinstance(loaded, str | int | float | list | dict)
        return
    assert "\n" not in message
