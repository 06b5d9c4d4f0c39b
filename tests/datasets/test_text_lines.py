"""Lists as copies of them look in the wild, and comparison with what was published."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadbench.datasets.published import Count, check_apart, deviations, frame_deviations, names_digest
from vadbench.datasets.text_lines import damaged, frame_number, text_lines, video_name
from vadbench.errors import VadbenchError


@pytest.mark.parametrize("text", ["a\nb\n", "a\r\nb\r\n", "a\nb", "\ufeffa\n b \n", "a\n\n\nb\n\n"])
def test_lines_however_they_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(text.encode())
    assert [line for _, line in text_lines(path)] == ["a", "b"]


def test_numbers_of_lines_count_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n\na\n\nb\n")
    assert list(text_lines(path)) == [(3, "a"), (5, "b")]


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"\xff\xfe\x00"])
def test_files_that_are_missing_empty_or_no_text(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VadbenchError, match=r"list\.txt"):
        list(text_lines(path))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Abuse/Abuse001_x264.mp4", "Abuse001_x264"),
        ("Abuse001_x264", "Abuse001_x264"),
        (r"C:\ucf\Abuse\Abuse001_x264.MP4", "Abuse001_x264"),
        (
            "v=aWPWHU8x6kE__#00-00-10_00-00-30_label_B2-0-0.mp4",
            "v=aWPWHU8x6kE__#00-00-10_00-00-30_label_B2-0-0",
        ),
        ("Mr.Nobody.2009", "Mr.Nobody.2009"),
    ],
)
def test_names_without_folder_and_ending(text: str, name: str) -> None:
    assert video_name(text) == name


@given(st.text(max_size=12))
def test_numbers_are_ascii_digits_or_minus_one(text: str) -> None:
    number = frame_number(text)
    if number is not None:
        assert number >= -1
        assert set(text) <= set("-0123456789")
        assert int(text) == number


@pytest.mark.parametrize("text", ["", "-", "-2", "-0", "-01", "+1", "1.0", "1e3", " 1", "٣", "1_0", "9" * 12])
def test_other_numbers_are_refused(text: str) -> None:
    assert frame_number(text) is None


def test_damaged_names_file_and_line() -> None:
    error = damaged(Path("a.txt"), 7, "'x' is no frame number", "name start end")
    assert str(error) == (
        "a.txt, line 7: 'x' is no frame number; a line reads name start end; correct it or get the file again"
    )


def test_only_counts_with_a_published_figure_deviate() -> None:
    counts = [Count("test videos", 1289, 1290), Count("events", 5, None), Count("frames", 3, 3)]
    assert deviations(counts) == ("1,289 test videos, published are 1,290",)


def test_lists_are_recognised_in_any_order() -> None:
    assert names_digest(["b", "a"]) == names_digest(["a", "b"])
    assert names_digest(["a", "b"]) != names_digest(["a", "c"])
    assert names_digest(["ab"]) != names_digest(["a", "b"])


def test_frame_counts_that_differ_are_named() -> None:
    found = {"a": 10, "b": 11, "new": 5}
    assert frame_deviations(found, {"a": 10, "b": 12}) == ("b: 11 frames, published are 12",)


def test_lists_that_overlap_or_repeat_are_refused() -> None:
    check_apart(["a", "b"], ["c"], "lists")
    with pytest.raises(VadbenchError, match="lists: a is listed for training and for testing"):
        check_apart(["a", "b"], ["c", "a"], "lists")
    with pytest.raises(VadbenchError, match="lists: b is listed twice"):
        check_apart(["b", "b"], [], "lists")
