"""Reading a part: only the rows asked for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.store.hdf5 import DAMAGE_ERRORS, check_extent, get_text, open_file, read_header, read_texts
from vadbench.store.layout import ArraySpec, Header

# Bounds of this many rows are read at once, so that row after row of a group costs one read each.
_BOUNDS_ROWS = 4096


class Part:
    """One finished part, open for reading.

    >>> with Part.open(Path("stores/demo/clip/part-0003.h5")) as part:
    ...     for id in part.videos:
    ...         part.read(id, "embedding", 0, 100)  # the first 100 rows, float16 (100, crops, D)

    Attributes:
        path: the file.
        stage, settings, revision, weights, videos_digest, attributes: as given to PartWriter.
        digest: digest over arrays and settings.
        arrays: type of each per-row array (without frame and time).
        groups: type of each array of each group.
        videos: ids in the shard's order.
        skipped: reason by id, for videos that could not be read; they have no rows and no frames.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        self._header = read_header(file)
        self.digest = get_text(file, "digest")
        videos = file["videos"]
        for dataset in videos.values():
            check_extent(dataset)
        self.videos: tuple[str, ...] = tuple(read_texts(videos["id"]))
        self._positions = {id: position for position, id in enumerate(self.videos)}
        self._starts, self._counts, self._frames = (videos[name][:] for name in ("start", "count", "frames"))
        reasons = read_texts(videos["skipped"])
        self.skipped = {id: reason for id, reason in zip(self.videos, reasons, strict=True) if reason}
        self._datasets: dict[str, h5py.Dataset] = {}
        self._bounds: dict[str, _Bounds] = {group: _Bounds() for group in self._header.groups}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a part.

        Raises:
            VadbenchError: if it is missing or damaged; says what to type.
        """
        path = Path(path)
        if not path.exists():
            raise VadbenchError(f"{path} is missing; {remedy(path)}")
        try:
            file = open_file(path)
        except OSError as error:
            raise damage(path, str(error)) from None
        try:
            return cls(path, file)
        except DAMAGE_ERRORS as error:
            file.close()
            raise damage(path, str(error)) from None

    def select(self, videos: Sequence[str], videos_digest: str) -> None:
        """Present some of its videos alone, as if the part were of their list, whose digest is given.

        Raises:
            VadbenchError: for a video that it does not hold.
        """
        for id in videos:
            self._position(id)
        self.videos = tuple(videos)
        self._positions = {id: self._positions[id] for id in videos}
        self.skipped = {id: self.skipped[id] for id in videos if id in self.skipped}
        self._header = replace(self._header, videos_digest=videos_digest)

    @property
    def header(self) -> Header:
        """All that the part is, apart from its numbers."""
        return self._header

    def lengths(self) -> dict[str, int]:
        """Rows of each dataset but those of the videos."""
        return {name: len(self._file[name]) for name in self._header.specs()}

    @property
    def stage(self) -> str:
        """Name of the stage, or "scores"."""
        return self._header.stage

    @property
    def settings(self) -> Mapping[str, object]:
        """Settings the arrays depend on."""
        return self._header.settings

    @property
    def revision(self) -> int:
        """The stage's REVISION."""
        return self._header.revision

    @property
    def weights(self) -> Mapping[str, str]:
        """sha256 of the weights used, by name."""
        return self._header.weights

    @property
    def videos_digest(self) -> str:
        """Digest of the shard's list of videos."""
        return self._header.videos_digest

    @property
    def attributes(self) -> Mapping[str, object]:
        """What else the writer noted."""
        return self._header.attributes

    @property
    def arrays(self) -> Mapping[str, ArraySpec]:
        """Type of each per-row array."""
        return self._header.arrays

    @property
    def groups(self) -> Mapping[str, Mapping[str, ArraySpec]]:
        """Type of each array of each group."""
        return self._header.groups

    def row_count(self, id: str) -> int:
        """Number of rows of a video."""
        return int(self._counts[self._position(id)])

    def frame_count(self, id: str) -> int:
        """Number of frames that were decoded."""
        return int(self._frames[self._position(id)])

    def frame(self, id: str, start: int = 0, stop: int | None = None) -> NDArray[np.int32]:
        """(n,) 0-based index of the source frame of each row."""
        return self._rows(id, "rows/frame", start, stop).astype(np.int32, copy=False)

    def time(self, id: str, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
        """(n,) presentation time of each row, in seconds."""
        return self._rows(id, "rows/time", start, stop).astype(np.float64, copy=False)

    def read(self, id: str, array: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Rows of an array, (n, …) in the stored type; `start` and `stop` as in a slice of the video."""
        self._known(array, self.arrays)
        return self._rows(id, f"rows/{array}", start, stop)

    def ragged(self, id: str, group: str, array: str, row: int) -> NDArray[Any]:
        """What one row has in a group, (r, …): the bytes of its JPEG, the boxes of its frame."""
        return self.ragged_rows(id, group, array, row, row + 1)[0]

    def ragged_rows(
        self, id: str, group: str, array: str, start: int = 0, stop: int | None = None
    ) -> list[NDArray[Any]]:
        """What each of some rows has in a group, (r, …) each, by one read; views of one array."""
        self._known(group, self.groups)
        self._known(array, self.groups[group])
        first, last = self._range(id, start, stop)
        starts, counts = self._group_bounds(id, group, first, last)
        if not len(starts):
            return []
        origin, end = int(starts[0]), int(starts[-1] + counts[-1])
        with self._reading(f"{group}/{array}", id):
            values = self._dataset(f"{group}/{array}")[origin:end]
        ends = starts + counts - origin
        return [values[s:e] for s, e in zip((starts - origin).tolist(), ends.tolist(), strict=True)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _position(self, id: str) -> int:
        if id not in self._positions:
            raise VadbenchError(f"{self.path}: no video {id!r}; it holds {len(self.videos)} others")
        return self._positions[id]

    def _known(self, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            raise VadbenchError(f"{self.path}: no {name!r}; it holds {', '.join(sorted(known)) or 'none'}")

    def _dataset(self, name: str) -> h5py.Dataset:
        # Kept open: with a dataset goes HDF5's cache of its chunks, which row after row is read from.
        if name not in self._datasets:
            self._datasets[name] = self._file[name]
        return self._datasets[name]

    def _range(self, id: str, start: int, stop: int | None) -> tuple[int, int]:
        """Rows of the part for a slice within a video."""
        position = self._position(id)
        first, last, _ = slice(start, stop).indices(int(self._counts[position]))
        origin = int(self._starts[position])
        return origin + first, origin + max(first, last)

    def _rows(self, id: str, name: str, start: int, stop: int | None) -> NDArray[Any]:
        first, last = self._range(id, start, stop)
        with self._reading(name, id):
            rows: NDArray[Any] = self._dataset(name)[first:last]
        return rows

    def _group_bounds(
        self, id: str, group: str, first: int, last: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        bounds = self._bounds[group]
        if not bounds.covers(first, last):
            stop = max(last, first + _BOUNDS_ROWS)
            with self._reading(f"rows/{group}_start", id):
                starts = self._dataset(f"rows/{group}_start")[first:stop].astype(np.int64)
                counts = self._dataset(f"rows/{group}_count")[first:stop].astype(np.int64)
            bounds = self._bounds[group] = _Bounds(first, starts, counts)
        return bounds.cut(first, last)

    @contextmanager
    def _reading(self, dataset: str, id: str) -> Iterator[None]:
        try:
            yield
        except DAMAGE_ERRORS as error:
            raise damage(self.path, f"{dataset}, video {id}: {error}") from None


class _Bounds:
    """Start and count of a run of rows of one group."""

    def __init__(
        self, first: int = 0, starts: NDArray[np.int64] | None = None, counts: NDArray[np.int64] | None = None
    ) -> None:
        self._first = first
        self._starts = np.empty(0, np.int64) if starts is None else starts
        self._counts = np.empty(0, np.int64) if counts is None else counts

    def covers(self, first: int, last: int) -> bool:
        return self._first <= first and last <= self._first + len(self._starts)

    def cut(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        part = slice(first - self._first, last - self._first)
        return self._starts[part], self._counts[part]


def remedy(path: Path) -> str:
    """What to type to make a part again."""
    if path.name.startswith("part-"):
        return f"make it again with: vadbench verify --repair {path.parent}"
    return f"make it again with: rm -f {path} and the command that wrote it"


def damage(path: Path, what: str) -> VadbenchError:
    """The error for a part that is there but cannot be read."""
    return VadbenchError(f"{path} is damaged ({what}); {remedy(path)}")
