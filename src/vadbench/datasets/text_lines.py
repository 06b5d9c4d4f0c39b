"""Annotation files that are read line by line, as copies of them look in the wild."""

from collections.abc import Iterator
from pathlib import Path

from vadbench.errors import VadbenchError

VIDEO_ENDINGS = (".mp4", ".avi", ".mkv")


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of every line that is not blank, without white space at its ends.

    UTF-8, with or without a byte order mark; lines may end as in Windows, the last may lack its end.

    Raises VadbenchError for a file that is missing or no text, or holds no line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise VadbenchError(f"{path}: is missing; it comes with the data set") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VadbenchError(f"{path}: cannot be read as text ({error}); get it again") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise VadbenchError(f"{path}: is empty; get it again")
    yield from lines


def damaged(path: Path, number: int, what: str, form: str) -> VadbenchError:
    """The error for a line that is not of its `form`."""
    remedy = "correct it or get the file again"
    return VadbenchError(f"{path}, line {number}: {what}; a line reads {form}; {remedy}")


def video_name(text: str) -> str:
    """The video's name in a list: without folders before it and without the ending of a video file."""
    name = text.replace("\\", "/").rsplit("/", 1)[-1]
    for ending in VIDEO_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def frame_number(text: str) -> int | None:
    """A whole number of ASCII digits, or -1 as lists write it; None for anything else."""
    if text == "-1":
        return -1
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
