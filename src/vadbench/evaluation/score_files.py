"""Files of scores as other methods leave them: arrays or a table, a score per frame or per row."""

import re
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.evaluation.columns import DELIMITERS, read_columns, whole_number

FORMS = (
    "a folder with one .npy file per video, one .npz file with a key per video, a .csv or .tsv file with the "
    "columns video,score or video,frame,score, or a scores.h5 of vadbench"
)
"""What scores may come as."""

_DAMAGE = (
    *(ValueError, EOFError, KeyError, MemoryError, NotImplementedError, RuntimeError),
    *(SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)
"""What NumPy raises for a file that is no plain array, besides OSError; it reads headers as Python's text."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class VideoScores(NamedTuple):
    """The scores of one video."""

    score: NDArray[Any]
    """(n,) floating point, higher is more abnormal."""
    frame: NDArray[np.int64] | None
    """(n,) 0-based frame of each score; None: the file holds scores in order and no frames."""


def read_score_file(path: Path) -> dict[str, VideoScores]:
    """Scores by the name that the file, or the folder, calls each video.

    A folder is searched with all folders in it; the name of a video is its path below the folder, without
    `.npy`. Nothing that could run code is opened: no pickle and no array of objects.

    Raises:
        VadbenchError: naming the file (and line, or key) that is none of `FORMS`, or holds anything but one
            row of numbers per video.
    """
    if path.is_dir():
        return {name: VideoScores(score, None) for name, score in _folder(path)}
    if not path.exists():
        raise VadbenchError(f"{path}: no such file or folder; --scores takes {FORMS}")
    if path.suffix.lower() == ".npz":
        return {name: VideoScores(score, None) for name, score in _archive(path)}
    if path.suffix.lower() in DELIMITERS:
        return _table(path)
    if path.suffix.lower() == ".npy":
        raise VadbenchError(f"{path}: does not say which scores are of which video; --scores takes {FORMS}")
    raise VadbenchError(
        f"{path}: is not opened, as pickles can run code; --scores takes {FORMS}; load yours where you trust "
        f"it and write np.savez('scores.npz', **scores), scores being a dictionary of arrays by video"
    )


def _folder(folder: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    files = sorted(path for path in folder.rglob("*.npy") if not path.name.startswith("."))
    if not files:
        raise VadbenchError(f"{folder}: holds no .npy file; --scores takes {FORMS}")
    for path in files:
        try:
            with path.open("rb") as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
        except _DAMAGE as error:
            raise _no_array(str(path), error) from None
        yield path.relative_to(folder).as_posix().removesuffix(".npy"), _one_row(array, str(path))


def _archive(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    try:
        archive = np.load(path, allow_pickle=False)
    except (*_DAMAGE, OSError) as error:
        raise _no_array(str(path), error) from None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise VadbenchError(f"{path}: is no .npz archive, whatever its name says; --scores takes {FORMS}")
    with archive:
        if len(set(archive.files)) < len(archive.files):
            raise VadbenchError(f"{path}: holds a key twice; write it again with np.savez")
        for name in archive.files:
            where = f"{path}, key {name!r}"
            try:
                array = archive[name]
            except (*_DAMAGE, OSError) as error:
                raise _no_array(where, error) from None
            yield name, _one_row(array, where)


def _one_row(array: Any, where: str) -> NDArray[Any]:
    """The array as floating point in the machine's byte order."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        kind = array.dtype if isinstance(array, np.ndarray) else "no array"
        raise VadbenchError(f"{where}: holds {kind}; scores are numbers, one per frame or row")
    if array.ndim != 1:
        raise VadbenchError(
            f"{where}: has the shape {array.shape}; scores are one row of numbers, one per frame or row: "
            f"average crops and take the column of the anomaly first"
        )
    return array.astype(array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.float64)


def _no_array(where: str, error: Exception) -> VadbenchError:
    said = str(error).split("\n")[0] or type(error).__name__
    # NumPy's own words for a pickle are how to open it all the same.
    kind = "is a pickle or holds objects" if "allow_pickle" in said else f"is damaged ({said})"
    return VadbenchError(
        f"{where}: {kind}; only plain arrays of numbers are opened, as others can run code; write it again "
        f"with np.asarray(scores, dtype=float)"
    )


def _table(path: Path) -> dict[str, VideoScores]:
    scores: dict[str, list[float]] = {}
    frames: dict[str, list[int]] = {}
    for number, (video, score, *frame) in read_columns(path, ("video", "score"), ("frame",)):
        try:
            scores.setdefault(video, []).append(_score(score))
            if frame:
                frames.setdefault(video, []).append(whole_number(frame[0], "frame", 0))
        except ValueError as error:
            raise VadbenchError(f"{path}, line {number}: {error}") from None
    if not scores:
        raise VadbenchError(f"{path}: holds no line below its first; --scores takes {FORMS}")
    return {video: VideoScores(np.array(row), _array_of(frames, video)) for video, row in scores.items()}


def _score(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"score is {text!r}; it is a finite number, such as 0.25")
    return float(text)


def _array_of(frames: Mapping[str, list[int]], video: str) -> NDArray[np.int64] | None:
    return np.array(frames[video], dtype=np.int64) if video in frames else None
