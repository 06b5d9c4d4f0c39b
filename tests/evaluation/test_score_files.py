"""Files of scores: the same scores in every form, and what is refused."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vadbench.errors import VadbenchError
from vadbench.evaluation.score_files import read_score_file

SCORES = {"a/one": [0.25, 1e-3, 7.0], "v=2__#1": [0.5]}


class Harmful:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("harmed"),)


@pytest.fixture(autouse=True)
def _nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    yield
    assert not Path("harmed").exists()


def as_folder(dtype: str) -> Path:
    for name, row in SCORES.items():
        path = Path("folder", f"{name}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array(row, dtype=dtype))
    Path("folder/._hidden.npy").write_bytes(b"litter")
    Path("folder/readme.txt").write_text("scores")
    return Path("folder")


def as_archive(dtype: str) -> Path:
    np.savez("scores.npz", **{name: np.array(row, dtype=dtype) for name, row in SCORES.items()})
    return Path("scores.npz")


def as_table(dtype: str) -> Path:
    lines = [f"{score!r}, {name} ,x" for name, row in SCORES.items() for score in row]
    Path("scores.csv").write_text("\ufeff" + "\r\n".join(["score,Video,note", *lines, "", ""]))
    return Path("scores.csv")


@pytest.mark.parametrize("dtype", ["<f8", ">f8"])
@pytest.mark.parametrize("write", [as_folder, as_archive, as_table])
def test_the_forms_hold_the_same(write, dtype: str) -> None:  # type: ignore[no-untyped-def]
    found = read_score_file(write(dtype))
    assert {name: video.score.tolist() for name, video in found.items()} == SCORES
    assert all(video.score.dtype == np.dtype(float) and video.frame is None for video in found.values())


@pytest.mark.parametrize("dtype", ["u1", "?", "i8", "f2", "f4"])
def test_any_kind_of_number_will_do(dtype: str) -> None:
    np.savez("scores.npz", a=np.array([0, 1], dtype=dtype))
    score = read_score_file(Path("scores.npz"))["a"].score
    assert score.tolist() == [0, 1]
    assert score.dtype.kind == "f"


def test_a_table_may_name_the_frames() -> None:
    Path("s.tsv").write_text("video\tframe\tscore\na b\t0\t-1e-3\nc\t7\t.5\na b\t16\t+2\n")
    found = read_score_file(Path("s.tsv"))
    assert {
        name: (v.frame.tolist(), v.score.tolist()) for name, v in found.items() if v.frame is not None
    } == {
        "a b": ([0, 16], [-0.001, 2]),
        "c": ([7], [0.5]),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video,score\na,0.5\na,nan\n", "line 3: score is 'nan'"),
        ("video,score\na,inf\n", "line 2: score is 'inf'"),
        ("video,score\na,1_0\n", "line 2: score is '1_0'"),
        ("video,score\na,٣\n", "line 2: score is '٣'"),
        ("video,score\na,\n", "line 2: score is ''"),
        ("video,frame,score\na,-1,0\n", "line 2: frame is '-1'"),
        ("video,frame,score\na,1.0,0\n", "line 2: frame is '1.0'"),
        ("video,score\na,0,1\n", "line 2: has 3 cells"),
        ("name,score\na,0\n", "line 1: must name the columns video,score and may name frame"),
        ("a,0.5\n", "line 1: must name"),
        ("video,score\n", "holds no line below its first"),
        ("", "line 1: must name"),
        ('video,score\n"a,0\n', "line 2"),
    ],
)
def test_a_damaged_table_names_the_line(text: str, said: str) -> None:
    Path("scores.csv").write_text(text, encoding="utf-8")
    with pytest.raises(VadbenchError) as error:
        read_score_file(Path("scores.csv"))
    assert str(error.value).startswith("scores.csv")
    assert said in str(error.value)


def test_text_of_another_encoding_is_named() -> None:
    Path("scores.csv").write_bytes("video,score\nBär,0\n".encode("latin-1"))
    with pytest.raises(VadbenchError, match=r"scores\.csv, line 1 or below: is not UTF-8"):
        read_score_file(Path("scores.csv"))


def test_pickles_are_not_opened_under_any_name() -> None:
    harmful = pickle.dumps(Harmful())
    objects = np.array([Harmful()], dtype=object)
    for name in ("s.pkl", "s.pt", "s.npz", "f/s.npy"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(harmful)
    np.savez("o.npz", allow_pickle=True, a=objects)
    Path("g").mkdir()
    np.save("g/o.npy", objects, allow_pickle=True)
    for name in ("s.pkl", "s.pt", "s.npz", "f", "o.npz", "g"):
        with pytest.raises(VadbenchError, match=r"can run code") as error:
            read_score_file(Path(name))
        assert name in str(error.value)
        assert "\n" not in str(error.value)
        assert "allow_pickle" not in str(error.value)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4, 10)), r"key 'a': has the shape \(4, 10\)"),
        (np.array(0.5), r"has the shape \(\)"),
        (np.array(["0.5"]), "holds <U3; scores are numbers"),
        (np.array([1j]), "holds complex128"),
        (np.zeros(2, dtype=[("x", "f8")]), "scores are numbers"),
    ],
)
def test_anything_but_a_row_of_numbers_is_refused(array: np.ndarray, said: str) -> None:
    np.savez("s.npz", a=array)
    with pytest.raises(VadbenchError, match=said):
        read_score_file(Path("s.npz"))


def test_what_is_no_form_of_scores_is_refused_with_those_that_are() -> None:
    Path("empty").mkdir()
    np.save("one.npy", np.zeros(3))
    np.savez("s.npz", a=np.zeros(3))
    Path("plain.npz").write_bytes(Path("one.npy").read_bytes())
    with zipfile.ZipFile("twice.npz", "w") as file:
        for name in ("a.npy", "a"):
            file.writestr(name, Path("one.npy").read_bytes())
    with zipfile.ZipFile("other.npz", "w") as file:
        file.writestr("readme.txt", "scores")
    for name, said in [
        ("none.npz", "no such file or folder; --scores takes a folder with one .npy file per video"),
        ("empty", "holds no .npy file; --scores takes"),
        ("one.npy", "does not say which scores are of which video"),
        ("plain.npz", "is no .npz archive"),
        ("twice.npz", "holds a key twice"),
        ("other.npz", "key 'readme.txt': holds no array"),
    ]:
        with pytest.raises(VadbenchError) as error:
            read_score_file(Path(name))
        assert str(error.value).startswith(f"{name}"), name
        assert said in str(error.value)


def test_a_header_that_is_no_text_of_python_is_damage() -> None:
    Path("f").mkdir()
    header = b"{'descr': ('f8'".ljust(64)
    Path("f/a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(VadbenchError, match=r"f/a\.npy: is damaged"):
        read_score_file(Path("f"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["f/a.npy", "s.npz"]), st.data())
def test_a_damaged_array_is_an_error_or_a_row_of_numbers(name: str, data: st.DataObject) -> None:
    Path("f").mkdir(exist_ok=True)
    np.save("f/a.npy", np.arange(5.0))
    np.savez("s.npz", a=np.arange(5.0))
    content = bytearray(Path(name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:at]
    else:
        content[at] = data.draw(st.sampled_from(b"9(,' \0\xff"))
    Path(name).write_bytes(content)
    try:
        found = read_score_file(Path(name).parent if name.startswith("f/") else Path(name))
    except VadbenchError:
        return
    assert all(video.score.ndim == 1 for video in found.values())
