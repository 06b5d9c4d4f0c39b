"""The finished videos of a part that is not complete yet: one file each, in a folder beside the part."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.store.files import check_space, publish, unique_name, write_text
from vadbench.store.hdf5 import DAMAGE_ERRORS, append, create_array, create_file, set_text
from vadbench.store.layout import ArraySpec, Header, to_json

_BUFFER_BYTES = 1 << 20

# One row of a group: an array of r entries by name.
GroupRow = Mapping[str, ArrayLike]

_Piece = tuple[str, NDArray[np.generic]]


class WorkFolder:
    """The folder of a part's finished videos, `.<part>.work` beside it: Snakemake knows nothing of it.

    Args:
        part: path of the part.
        header: what the part will be.
        videos: ids of its videos, in order.
    """

    def __init__(self, part: Path, header: Header, videos: Sequence[str]) -> None:
        self._folder = part.with_name(f".{part.name}.work")
        self._header = header
        self._videos = videos

    def prepare(self) -> int:
        """Make the folder ready and count the leading videos that an earlier run finished.

        Work under another header, for other videos or from a newer store is thrown away.
        """
        specs = {name: [spec.dtype, spec.shape, spec.units] for name, spec in self._header.specs().items()}
        wanted = to_json([self._header.identity(), specs, list(self._videos)])
        note = self._folder / "header.json"
        if not note.exists() or note.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            write_text(note, wanted)
        for leftover in self._folder.glob("*.tmp"):
            leftover.unlink()
        finished = 0
        while finished < len(self._videos) and self.file(finished).exists():
            finished += 1
        return finished

    def file(self, position: int) -> Path:
        """Where the video at `position` is kept."""
        return self._folder / f"video-{position:06d}.h5"

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


class VideoWriter:
    """Takes the rows of one video as they come; memory does not grow with their number.

    Use it as a context manager and call `finish` inside; leaving without it drops what was written.

    Args:
        path: the video's file.
        id: id of the video, for messages.
        header: the part's header.
        check: raises where the claim was lost; called before the file gets its name.
    """

    def __init__(self, path: Path, id: str, header: Header, check: Callable[[], None]) -> None:
        self._path = path
        self._id = id
        self._header = header
        self._check = check
        self._temporary = unique_name(path)
        self._last_frame = -1
        self._file: h5py.File | None = None
        self._columns: dict[str, _Column] = {}

    def __enter__(self) -> Self:
        try:
            self._file = create_file(self._temporary)
        except OSError:
            # Where another process has taken the part over, it has removed the folder when it was done.
            self._check()
            raise
        specs = self._header.specs()
        self._columns = {
            name: _Column(create_array(self._file, name, spec), spec)
            for name, spec in specs.items()
            if not name.endswith("_start")
        }
        return self

    def append(self, frame: ArrayLike, time: ArrayLike, **data: ArrayLike | Sequence[GroupRow]) -> None:
        """Add n rows.

        Args:
            frame: (n,) 0-based indices of source frames, strictly increasing over all calls.
            time: (n,) presentation times in seconds.
            data: each array of the header as (n, …), and each group as a sequence of n mappings from the
                group's arrays to (r, …), r free per row: `jpeg=[{"bytes": b} for b in images]`.

        Raises:
            VadbenchError: for a value that is not finite, or does not fit the stored type.
            ValueError: for missing, unknown or misshapen arrays.
        """
        expected = {*self._header.arrays, *self._header.groups}
        if set(data) != expected:
            raise ValueError(f"rows need {sorted(expected)}, not {sorted(data)}")
        frames = np.atleast_1d(np.asarray(frame))
        self._check_frames(frames)
        values = {"frame": frames, "time": np.atleast_1d(np.asarray(time))}
        values |= {name: np.asarray(data[name]) for name in self._header.arrays}
        pieces = [self._convert(f"rows/{name}", value, len(frames)) for name, value in values.items()]
        for group, arrays in self._header.groups.items():
            pieces += self._convert_group(group, arrays, data[group], len(frames))
        # Nothing is added before everything is found to be right: a caller may catch the error and go on.
        for name, rows in pieces:
            self._columns[name].add(rows)
        if len(frames):
            self._last_frame = int(frames[-1])

    def finish(self, frames: int) -> None:
        """Close the video and give its file its name.

        Args:
            frames: number of frames decoded, also those that gave no row.
        """
        if frames <= self._last_frame:
            raise VadbenchError(
                f"{self._id}: a row of frame {self._last_frame}, but only {frames} frames were decoded"
            )
        self._close(frames, "")

    def skip(self, reason: str) -> None:
        """Close the video without rows; `reason` says in one line why it cannot be read."""
        if self._last_frame >= 0:
            raise ValueError(f"{self._id} has rows already")
        self._close(0, " ".join(reason.split()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        unfinished = self._file is not None
        if self._file is not None:
            with suppress(*DAMAGE_ERRORS) if error else nullcontext():
                self._file.close()
            self._file = None
        with suppress(FileNotFoundError):
            self._temporary.unlink()
        if unfinished and error is None:
            raise ValueError(f"{self._id} was left without finish()")

    def _close(self, frames: int, skipped: str) -> None:
        if self._file is None:
            raise ValueError(f"{self._id} is not open")
        for column in self._columns.values():
            column.flush()
        self._file.attrs["frames"] = frames
        set_text(self._file, "skipped", skipped)
        self._file.close()
        self._file = None
        self._check()
        publish(self._temporary, self._path)

    def _check_frames(self, frames: NDArray[np.generic]) -> None:
        if (np.diff(frames.astype(np.int64), prepend=self._last_frame) <= 0).any():
            raise ValueError(f"{self._id}: frame indices must increase")

    def _convert(self, name: str, values: NDArray[np.generic], rows: int) -> _Piece:
        spec = self._columns[name].spec
        if values.shape != (rows, *spec.shape):
            raise ValueError(f"{self._id}: {name} has shape {values.shape}, not {(rows, *spec.shape)}")
        return name, _convert(self._id, name, values, spec)

    def _convert_group(
        self, group: str, arrays: Mapping[str, ArraySpec], rows: ArrayLike | Sequence[GroupRow], count: int
    ) -> list[_Piece]:
        if not isinstance(rows, Sequence) or isinstance(rows, str | bytes) or len(rows) != count:
            raise ValueError(f"{self._id}: {group} needs a list of {count} mappings")
        pieces, counts = [], []
        for row in rows:
            if not isinstance(row, Mapping) or set(row) != set(arrays):
                raise ValueError(f"{self._id}: a row of {group} needs {sorted(arrays)}")
            values = {name: np.asarray(value) for name, value in row.items()}
            lengths = {len(value) for value in values.values()}
            if len(lengths) != 1:
                raise ValueError(f"{self._id}: the arrays of one row of {group} differ in length")
            counts.append(lengths.pop())
            pieces += [self._convert(f"{group}/{name}", value, counts[-1]) for name, value in values.items()]
        return [*pieces, self._convert(f"rows/{group}_count", np.array(counts, np.int64), count)]


class _Column:
    """Rows of one dataset, collected until a write is worth its cost."""

    def __init__(self, dataset: h5py.Dataset, spec: ArraySpec) -> None:
        self.spec = spec
        self._dataset = dataset
        self._pending: list[NDArray[np.generic]] = []
        self._bytes = 0

    def add(self, rows: NDArray[np.generic]) -> None:
        self._pending.append(rows)
        self._bytes += rows.nbytes
        if self._bytes >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._pending:
            check_space(Path(self._dataset.file.filename).parent, self._bytes)
            append(self._dataset, np.concatenate(self._pending))
            self._pending, self._bytes = [], 0


def _convert(video: str, name: str, values: NDArray[np.generic], spec: ArraySpec) -> NDArray[np.generic]:
    dtype = np.dtype(spec.dtype)
    integers = values.dtype.kind in "iu" and dtype.kind in "iu"
    if values.size and not integers and not np.can_cast(values.dtype, dtype, "same_kind"):
        raise ValueError(f"{video}: {name} is {values.dtype}, which {dtype} does not hold")
    # A copy, since the caller may fill the same buffer again before it is written.
    with np.errstate(over="ignore"):
        converted = np.array(values, dtype=dtype)
    if dtype.kind == "f":
        fits = np.isfinite(converted)
    elif values.dtype == dtype:
        return converted
    else:
        fits = converted == values
    if not fits.all():
        row = int(np.argwhere(~fits)[0][0])
        problem = "not finite" if dtype.kind == "f" else "out of range"
        raise VadbenchError(
            f"{video}: {name} has a value that is {problem} in {dtype} (row {row} of {len(values)} appended)"
        )
    return converted
