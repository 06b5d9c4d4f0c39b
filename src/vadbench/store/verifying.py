"""Finding damage: every chunk, every length, every digest of a part or a set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.store.digests import ArrayDigest, digest_array, digest_part
from vadbench.store.hdf5 import (
    DAMAGE_ERRORS,
    blocks,
    check_extent,
    datasets,
    get_text,
    open_file,
    read_header,
    read_texts,
)
from vadbench.store.layout import Header
from vadbench.store.linking import INDEX, JOINED, LinkedPart, joined_pieces, read_index, unlinked_parts
from vadbench.store.part import Part

_BOUNDS_AT_ONCE = 1 << 20
_NOT_SUMS = "not the sums of the counts before"
_VIDEO_DATASETS = ("videos/count", "videos/frames", "videos/id", "videos/skipped", "videos/start")


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong.

    Args:
        file: the file it is in.
        dataset: the dataset, "" where it is the file as a whole.
        videos: ids of the videos it touches; empty where that cannot be told, and then all may be.
        what: what is wrong, in words.
    """

    file: Path
    dataset: str
    videos: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.dataset}" if self.dataset else str(self.file)
        videos = f"; videos {', '.join(self.videos)}" if self.videos else ""
        return f"{where}: {self.what}{videos}"


def verify(path: Path) -> list[Damage]:
    """Check a part, or the folder of a set; an empty list means no damage.

    Of a linked set every part that it lists must be there, and `store.json` and `store.h5` must agree with
    them. Of a set that is not linked each part is checked by itself (see `unlinked_parts`).

    Raises:
        VadbenchError: if there is neither a file nor a set at `path`.
    """
    path = Path(path)
    if path.is_file():
        return verify_part(path)
    if not path.is_dir():
        raise VadbenchError(f"{path}: neither a part nor the folder of a set")
    if parts := unlinked_parts(path):
        return [damage for part in parts for damage in verify_part(part)]
    try:
        linked = read_index(path)
    except VadbenchError as error:
        found_parts = sorted(path.glob("part-*.h5"))
        if not found_parts:
            raise
        return [
            Damage(path / INDEX, "", (), str(error).removeprefix(f"{path / INDEX} ")),
            *(damage for part in found_parts for damage in verify_part(part)),
        ]
    found = [damage for part in linked for damage in verify_part(path / part.file, part.digest)]
    # What store.h5 must show can be told from sound parts only.
    return found or _verify_joined(path, linked)


def verify_part(path: Path, digest: str | None = None) -> list[Damage]:
    """Check one part.

    Args:
        path: its file.
        digest: the digest it must have; None if only its own is known.
    """
    if not path.exists():
        return [Damage(path, "", (), "missing")]
    try:
        file = open_file(path)
    except OSError as error:
        return [Damage(path, "", (), f"truncated or overwritten, HDF5 cannot open it ({error})")]
    with file:
        try:
            header = read_header(file)
            own_digest = get_text(file, "digest")
        except DAMAGE_ERRORS as error:
            return [Damage(path, "", (), f"its attributes or arrays are not those of a part ({error})")]
        found = _Check(path, file, header, own_digest).run()
    if not found and digest not in (None, own_digest):
        found = [
            Damage(path, "", (), f"not the part that was linked: its digest differs from that in {INDEX}")
        ]
    return found


class _Check:
    """Checks one open part; later steps run where the earlier ones found nothing."""

    def __init__(self, path: Path, file: h5py.File, header: Header, digest: str) -> None:
        self._path = path
        self._file = file
        self._header = header
        self._digest = digest
        self._found: list[Damage] = []
        self._videos: dict[str, NDArray[np.int64]] = {}
        self._ids: list[str] = []

    def run(self) -> list[Damage]:
        """Everything that is wrong with the part."""
        steps = (
            self._check_names,
            self._check_extents,
            self._read_videos,
            self._check_arrays,
            self._check_lengths,
            self._check_frames,
        )
        for step in steps:
            try:
                step()
            except DAMAGE_ERRORS as error:
                self._add("", (), f"its structure is damaged ({error})")
            if self._found:
                break
        return self._found

    def _add(self, dataset: str, videos: Sequence[str], what: str) -> None:
        self._found.append(Damage(self._path, dataset, tuple(videos), what))

    def _check_names(self) -> None:
        expected = {*self._header.specs(), *_VIDEO_DATASETS}
        for name in sorted(expected ^ set(datasets(self._file))):
            self._add(name, (), "missing" if name in expected else "does not belong here")

    def _check_extents(self) -> None:
        for name, dataset in datasets(self._file).items():
            try:
                check_extent(dataset)
            except DAMAGE_ERRORS as error:
                self._add(name, (), str(error))

    def _read_videos(self) -> None:
        for name in _VIDEO_DATASETS:
            dataset = self._file[name]
            try:
                if name in ("videos/id", "videos/skipped"):
                    texts = read_texts(dataset)
                    self._ids = texts if name == "videos/id" else self._ids
                else:
                    self._videos[name.removeprefix("videos/")] = dataset[:].astype(np.int64)
            except DAMAGE_ERRORS as error:
                self._add(name, (), str(error))

    def _check_arrays(self) -> None:
        digests = {name: self._check_array(name, dataset) for name, dataset in datasets(self._file).items()}
        if not self._found and digest_part(self._header, digests) != self._digest:
            self._add("", (), "its attributes do not match its digest")

    def _check_array(self, name: str, dataset: h5py.Dataset) -> str:
        """Read every chunk; name what cannot be read or is not finite, and return the digest."""
        digest = ArrayDigest(dataset, len(dataset))
        broken: list[tuple[int, int]] = []
        bad: list[tuple[int, int]] = []
        for first in range(0, len(dataset), dataset.chunks[0]):
            last = min(first + dataset.chunks[0], len(dataset))
            try:
                block = dataset[first:last]
            except DAMAGE_ERRORS:
                broken.append((first, last))
                continue
            digest.update(block)
            if block.dtype.kind == "f":
                rows = np.flatnonzero(~np.isfinite(block).reshape(len(block), -1).all(axis=1))
                bad.extend((first + int(row), first + int(row) + 1) for row in rows)
        if broken:
            self._add(name, self._videos_of(name, broken), "a chunk does not match its checksum")
        if bad:
            self._add(name, self._videos_of(name, bad), f"NaN or infinity in {len(bad)} rows")
        if not broken and digest.hexdigest() != get_text(dataset, "sha256"):
            self._add(name, (), "its values do not match their digest")
        return digest.hexdigest()

    def _videos_of(self, name: str, ranges: Sequence[tuple[int, int]]) -> list[str]:
        """The videos whose rows of a dataset meet any of some ranges of rows."""
        group = name.split("/")[0]
        if group == "videos":
            return []
        starts = self._videos["start"]
        ends = starts + self._videos["count"]
        if group != "rows":
            try:
                starts, ends = self._group_ranges(group, starts, ends)
            except DAMAGE_ERRORS:
                return []
        hit = np.zeros(len(self._ids), bool)
        for first, last in ranges:
            hit |= (starts < last) & (ends > first)
        return [id for id, is_hit in zip(self._ids, hit, strict=True) if is_hit]

    def _group_ranges(
        self, group: str, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last row in a group of each video, from the bounds of its first and last row."""
        first, count = self._file[f"rows/{group}_start"], self._file[f"rows/{group}_count"]
        firsts, lasts = np.zeros_like(starts), np.zeros_like(ends)
        for video in np.flatnonzero(ends > starts):
            firsts[video] = first[starts[video]]
            lasts[video] = first[ends[video] - 1] + count[ends[video] - 1]
        return firsts, lasts

    def _check_lengths(self) -> None:
        rows = int(self._videos["count"].sum())
        for name, dataset in datasets(self._file).items():
            if name.startswith("rows/") and len(dataset) != rows:
                self._add(name, (), f"{len(dataset)} rows, the videos have {rows}")
            if name.startswith("videos/") and len(dataset) != len(self._ids):
                self._add(name, (), f"{len(dataset)} entries for {len(self._ids)} videos")
        if not self._found and not _sums(self._videos["start"], self._videos["count"], 0):
            self._add("videos/start", (), _NOT_SUMS)
        if not self._found:
            for group in self._header.groups:
                self._check_group(group)

    def _check_group(self, group: str) -> None:
        starts, counts = self._file[f"rows/{group}_start"], self._file[f"rows/{group}_count"]
        end = 0
        for start_block, count_block in zip(_equal_blocks(starts), _equal_blocks(counts), strict=True):
            if not _sums(start_block, count_block, end):
                self._add(f"rows/{group}_start", (), _NOT_SUMS)
                return
            end += int(count_block.sum())
        for name in self._header.groups[group]:
            length = len(self._file[f"{group}/{name}"])
            if length != end:
                self._add(f"{group}/{name}", (), f"{length} rows, its counts sum to {end}")

    def _check_frames(self) -> None:
        frames = self._file["rows/frame"]
        for id, start, count, decoded in zip(
            self._ids, self._videos["start"], self._videos["count"], self._videos["frames"], strict=True
        ):
            last = -1
            for block in blocks(frames, int(start), int(start + count)):
                if (np.diff(block.astype(np.int64), prepend=last) <= 0).any():
                    self._add("rows/frame", (id,), "frame indices do not increase")
                last = int(block[-1])
            if last >= decoded:
                self._add("rows/frame", (id,), f"a row of frame {last}, but {decoded} frames were decoded")


def _sums(starts: NDArray[np.int64], counts: NDArray[np.int64], end: int) -> bool:
    """Whether each start is the sum of the counts before it, the first one `end`."""
    return bool((counts >= 0).all()) and np.array_equal(
        starts, end + np.cumsum(counts, dtype=np.int64) - counts
    )


def _equal_blocks(dataset: h5py.Dataset) -> Iterator[NDArray[np.int64]]:
    for first in range(0, len(dataset), _BOUNDS_AT_ONCE):
        yield dataset[first : first + _BOUNDS_AT_ONCE].astype(np.int64)


def _verify_joined(folder: Path, linked: Sequence[LinkedPart]) -> list[Damage]:
    """Check that `store.h5` shows exactly the parts, which are sound."""
    path = folder / JOINED
    if not path.exists():
        return [Damage(path, "", (), "missing")]
    try:
        with open_file(path) as file:
            return [Damage(path, name, (), what) for name, what in _joined_problems(folder, file, linked)]
    except DAMAGE_ERRORS as error:
        return [Damage(path, "", (), f"truncated or overwritten ({error})")]


def _joined_problems(
    folder: Path, file: h5py.File, linked: Sequence[LinkedPart]
) -> Iterator[tuple[str, str]]:
    parts = []
    for part in linked:
        with Part.open(folder / part.file) as opened:
            parts.append((part.file, opened.lengths()))
    pieces = joined_pieces(parts)
    found = datasets(file)
    for name in parts[0][1]:
        if name not in found:
            yield name, "missing"
        elif found[name].is_virtual and _virtual_pieces(found[name]) != pieces[name]:
            yield name, "does not show the parts that are linked"
    for name, dataset in found.items():
        if not dataset.is_virtual and get_text(dataset, "sha256") != digest_array(dataset):
            yield name, "its values do not match their digest"


def _virtual_pieces(dataset: h5py.Dataset) -> list[tuple[str, int, int]]:
    pieces = []
    for source in dataset.virtual_sources():
        (first, *_), (last, *_) = source.vspace.get_select_bounds()
        pieces.append((source.file_name, int(first), int(last - first + 1)))
    return pieces
