"""Frame folders by their names alone: cheap enough to run before every workflow."""

import os
import re
from pathlib import Path

from vadbench.errors import VadbenchError

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp")

_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]+)")


def image_names(folder: Path) -> list[str]:
    """Names of the images in `folder`, in any order.

    Hidden files are left out: archives made on a Mac hold a `._001.tif` beside each `001.tif`. Raises
    VadbenchError for a folder that cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return [
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES
                and entry.is_file()
            ]
    except OSError as error:
        raise VadbenchError(f"{folder}: {error.strerror}; check the folder and its permissions") from error


def frame_files(folder: Path, ending: str = "") -> list[Path]:
    """The frames of `folder` in the order of the numbers that end their names (`001.tif`, `frame001.tif`).

    `ending` may follow the number in a name (`_gt`: `video_0000_gt.png`). Numbering may start anywhere and
    need not be padded, but it has to be whole. Raises VadbenchError, naming the folder and the file or
    number, for a folder without images, a name without a number, a second series of names, a number that
    occurs twice and a gap.
    """
    files: dict[int, str] = {}
    series: dict[str, str] = {}
    for name in sorted(image_names(folder)):
        match = _NUMBERED.fullmatch(os.path.splitext(name)[0].removesuffix(ending))
        if match is None:
            raise _unordered(folder, f"{name} has no frame number at the end of its name")
        number = int(match["number"])
        if number in files:
            raise _unordered(folder, f"{files[number]} and {name} have the same frame number")
        files[number] = name
        series.setdefault(match["prefix"], name)
    if not files:
        raise VadbenchError(f"{folder}: holds no frames; they are {', '.join(IMAGE_SUFFIXES)} files")
    if len(series) > 1:
        one, other = list(series.values())[:2]
        raise _unordered(folder, f"{one} and {other} are not of one series")
    numbers = sorted(files)
    for position, number in enumerate(numbers):
        if number != numbers[0] + position:
            gap = f"number {numbers[0] + position} is missing between {files[numbers[position - 1]]}"
            raise _unordered(folder, f"{gap} and {files[number]}")
    return [folder / files[number] for number in numbers]


def _unordered(folder: Path, reason: str) -> VadbenchError:
    return VadbenchError(f"{folder}: {reason}; number the frames of a folder without gaps")
