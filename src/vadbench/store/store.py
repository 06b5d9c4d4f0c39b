"""Reading the linked parts of a set as one."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.store.layout import ArraySpec
from vadbench.store.linking import read_index
from vadbench.store.part import Part, remedy

# Far below the usual limit of 1024 open files of a process.
_OPEN_PARTS = 64


class Store:
    """All parts of a linked set, open for reading; methods and attributes are those of `Part`.

    >>> with Store.open(Path("stores/demo/clip")) as store:
    ...     store.read("camera-1/0007", "embedding", 0, 100)

    Attributes:
        folder: the set's folder.
        videos: ids, part after part.
        skipped: reason by id, for videos that could not be read.
        stage, settings, revision, weights, arrays, groups: common to all parts.
    """

    def __init__(
        self, folder: Path, paths: Mapping[str, Path], skipped: Mapping[str, str], first: Part
    ) -> None:
        self.folder = folder
        self.videos: tuple[str, ...] = tuple(paths)
        self.skipped = dict(skipped)
        self.stage = first.stage
        self.settings = first.settings
        self.revision = first.revision
        self.weights = first.weights
        self.arrays: Mapping[str, ArraySpec] = first.arrays
        self.groups: Mapping[str, Mapping[str, ArraySpec]] = first.groups
        self._paths = paths
        self._open: OrderedDict[Path, Part] = OrderedDict()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a linked set; every part must be there and be the one that was linked.

        Raises:
            VadbenchError: if the set is not linked, or a part is missing, damaged or not the one that was
                linked; says what to type.
        """
        folder = Path(folder)
        paths: dict[str, Path] = {}
        skipped: dict[str, str] = {}
        linked = read_index(folder)
        missing = [part.file for part in linked if not (folder / part.file).exists()]
        if missing:
            raise VadbenchError(f"{folder}: {', '.join(missing)} is missing; {remedy(folder / missing[0])}")
        for entry in linked:
            with Part.open(folder / entry.file) as part:
                if part.digest != entry.digest:
                    raise VadbenchError(
                        f"{part.path} was made again since the set was linked; "
                        f"run: vadbench link {folder} --parts {len(linked)}"
                    )
                paths |= dict.fromkeys(part.videos, part.path)
                skipped |= part.skipped
        with Part.open(folder / linked[0].file) as first:
            return cls(folder, paths, skipped, first)

    def part(self, id: str) -> Part:
        """The part that holds a video."""
        if id not in self._paths:
            raise VadbenchError(f"{self.folder}: no video {id!r}; it holds {len(self.videos)} others")
        path = self._paths[id]
        if path not in self._open:
            self._open[path] = Part.open(path)
        self._open.move_to_end(path)
        if len(self._open) > _OPEN_PARTS:
            self._open.popitem(last=False)[1].close()
        return self._open[path]

    def row_count(self, id: str) -> int:
        """Number of rows of a video."""
        return self.part(id).row_count(id)

    def frame_count(self, id: str) -> int:
        """Number of frames that were decoded."""
        return self.part(id).frame_count(id)

    def frame(self, id: str, start: int = 0, stop: int | None = None) -> NDArray[np.int32]:
        """(n,) 0-based index of the source frame of each row."""
        return self.part(id).frame(id, start, stop)

    def time(self, id: str, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
        """(n,) presentation time of each row, in seconds."""
        return self.part(id).time(id, start, stop)

    def read(self, id: str, array: str, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Rows of an array, (n, …); see `Part.read`."""
        return self.part(id).read(id, array, start, stop)

    def ragged(self, id: str, group: str, array: str, row: int) -> NDArray[Any]:
        """What one row has in a group, (r, …); see `Part.ragged`."""
        return self.part(id).ragged(id, group, array, row)

    def ragged_rows(
        self, id: str, group: str, array: str, start: int = 0, stop: int | None = None
    ) -> list[NDArray[Any]]:
        """What each of some rows has in a group; see `Part.ragged_rows`."""
        return self.part(id).ragged_rows(id, group, array, start, stop)

    def close(self) -> None:
        """Close all parts."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
