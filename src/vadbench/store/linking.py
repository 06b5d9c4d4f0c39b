"""Joining the parts of a set: `store.json` says what they are, `store.h5` shows them as one."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from vadbench.errors import VadbenchError
from vadbench.store.digests import digest_array
from vadbench.store.files import publish, unique_name, write_text
from vadbench.store.hdf5 import (
    append,
    blocks,
    create_array,
    create_file,
    create_texts,
    open_file,
    set_text,
    write_header,
)
from vadbench.store.layout import STORE_VERSION, ArraySpec, Header, to_json
from vadbench.store.part import Part

INDEX = "store.json"
JOINED = "store.h5"
ASIDE = ".damaged"
"""What a repair adds to the name of a damaged part."""


@dataclass(frozen=True)
class LinkedPart:
    """One line of `store.json`.

    Args:
        file: name of the part's file.
        digest: its digest over arrays and settings.
        videos: how many it has.
        rows: how many it has.
        modified: time stamp of its file in ns, which a remade equal part gets back.
    """

    file: str
    digest: str
    videos: int
    rows: int
    modified: int


def part_name(shard: int) -> str:
    """File name of a shard's part."""
    return f"part-{shard:04d}.h5"


def link(folder: Path, parts: int) -> None:
    """Write `store.json` and `store.h5` for the parts of a set.

    In `store.h5` a virtual dataset joins each array of all parts; `videos/start` and `rows/<group>_start` are
    rebased to it and `videos/part` says where a video is. HDF5 reads rows of a part that is gone as NaN or 0
    without an error: `Store` and `verify` check that every part is there.

    Args:
        folder: the set's folder, as `stores/demo/clip`.
        parts: number of shards.

    Raises:
        VadbenchError: if a part is missing or damaged, if two differ in stage, settings, revision, weights or
            arrays, or if a video is in two.
    """
    folder = Path(folder)
    if parts < 1:
        raise VadbenchError(f"{folder}: a store needs at least one part")
    summaries = [_summary(folder / part_name(shard)) for shard in range(parts)]
    _check_equal(summaries)
    _check_videos(summaries)
    temporary = unique_name(folder / JOINED)
    try:
        with create_file(temporary) as file:
            _join(file, summaries)
        publish(temporary, folder / JOINED)
    finally:
        temporary.unlink(missing_ok=True)
    index = {**_common(summaries[0].header), "parts": [asdict(summary.linked) for summary in summaries]}
    write_text(folder / INDEX, json.dumps(index, indent=1, ensure_ascii=False) + "\n")


def read_index(folder: Path) -> tuple[LinkedPart, ...]:
    """The parts that `store.json` lists.

    Raises:
        VadbenchError: if it is missing or not what `link` writes; says what to type.
    """
    path = Path(folder) / INDEX
    remedy = f"run: vadbench link {folder} --parts N"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["store_version"] != STORE_VERSION:
            raise ValueError(f"store version {index['store_version']}")
        return tuple(LinkedPart(**part) for part in index["parts"])
    except FileNotFoundError:
        raise VadbenchError(f"{path} is missing, the set is not linked; {remedy}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise VadbenchError(f"{path} is damaged ({error}); {remedy}") from None


def unlinked_parts(folder: Path) -> tuple[Path, ...]:
    """The parts of a set that is not linked, as sets are that no method reads itself.

    Nothing lists them: they are those that lie there, and those that a repair has set aside and not made
    again. Empty for a set of which there is `store.json` or `store.h5`.
    """
    folder = Path(folder)
    if (folder / INDEX).exists() or (folder / JOINED).exists():
        return ()
    aside = (path.with_name(path.name.removesuffix(ASIDE)) for path in folder.glob(f"part-*.h5{ASIDE}"))
    return tuple(sorted({*folder.glob("part-*.h5"), *aside}))


def digest_set(parts: Sequence[LinkedPart]) -> str:
    """The digest of a set over those of its parts."""
    return hashlib.sha256(to_json([[part.file, part.digest] for part in parts]).encode()).hexdigest()


def set_settings(folder: Path) -> tuple[str, dict[str, object]]:
    """Stage and settings of a set, from `store.json` or, where it has none or a damaged one, from any part.

    Raises:
        VadbenchError: if neither can be read.
    """
    try:
        read_index(folder)
        index = json.loads((Path(folder) / INDEX).read_text(encoding="utf-8"))
        return index["stage"], index["settings"]
    except VadbenchError:
        for path in sorted(Path(folder).glob("part-*.h5")):
            with suppress(VadbenchError), Part.open(path) as part:
                return part.stage, dict(part.settings)
        raise


def joined_pieces(parts: Sequence[tuple[str, Mapping[str, int]]]) -> dict[str, list[tuple[str, int, int]]]:
    """Where each array of `store.h5` comes from.

    Args:
        parts: file name and rows of each dataset, of each part.

    Returns:
        For each dataset the file, first row in `store.h5` and number of rows of each piece that has any.
    """
    pieces: dict[str, list[tuple[str, int, int]]] = {}
    ends: dict[str, int] = {}
    for file, lengths in parts:
        for name, rows in lengths.items():
            if rows:
                pieces.setdefault(name, []).append((file, ends.get(name, 0), rows))
            ends[name] = ends.get(name, 0) + rows
    return pieces


@dataclass(frozen=True)
class _Summary:
    """What `link` needs to know of a part."""

    path: Path
    header: Header
    linked: LinkedPart
    videos: tuple[str, ...]
    skipped: list[str]
    counts: list[int]
    frames: list[int]
    lengths: Mapping[str, int]


def _summary(path: Path) -> _Summary:
    with Part.open(path) as part:
        lengths = part.lengths()
        rows = lengths["rows/frame"]
        return _Summary(
            path=path,
            header=part.header,
            linked=LinkedPart(path.name, part.digest, len(part.videos), rows, path.stat().st_mtime_ns),
            videos=part.videos,
            skipped=[part.skipped.get(id, "") for id in part.videos],
            counts=[part.row_count(id) for id in part.videos],
            frames=[part.frame_count(id) for id in part.videos],
            lengths=lengths,
        )


def _common(header: Header) -> dict[str, object]:
    """What is true of all parts: not the digest of one shard's list, nor what one part notes."""
    return {
        key: value for key, value in header.identity().items() if key not in ("videos_digest", "attributes")
    }


def _check_equal(summaries: Sequence[_Summary]) -> None:
    first = summaries[0]
    expected = {**_common(first.header), "arrays": first.header.specs()}
    for other in summaries[1:]:
        found = {**_common(other.header), "arrays": other.header.specs()}
        for key, value in found.items():
            if value != expected[key]:
                raise VadbenchError(
                    f"{other.path}: its {key} differ from those of {first.path.name} "
                    f"({value}, not {expected[key]}); make the older one again"
                )


def _check_videos(summaries: Sequence[_Summary]) -> None:
    seen: dict[str, Path] = {}
    for summary in summaries:
        for id in summary.videos:
            if id in seen:
                raise VadbenchError(f"{summary.path}: video {id} is also in {seen[id].name}")
            seen[id] = summary.path


def _join(file: h5py.File, summaries: Sequence[_Summary]) -> None:
    header = summaries[0].header
    write_header(file, _common(header))
    pieces = joined_pieces([(summary.path.name, summary.lengths) for summary in summaries])
    rebased = {f"rows/{group}_start": group for group in header.groups}
    for name, spec in header.specs().items():
        if name in rebased:
            _join_starts(file, name, rebased[name], summaries)
        else:
            _create_virtual(file, name, spec, pieces.get(name, []))
    _join_videos(file, summaries)
    # So that store.h5 can vouch for a store.json that is damaged, and the other way round.
    file.attrs["parts"] = len(summaries)
    set_text(file, "digest", digest_set([summary.linked for summary in summaries]))


def _create_virtual(
    file: h5py.File, name: str, spec: ArraySpec, pieces: Sequence[tuple[str, int, int]]
) -> None:
    if not pieces:
        empty = create_array(file, name, spec, 0)
        set_text(empty, "sha256", digest_array(empty))
        return
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    layout = h5py.VirtualLayout((sum(rows for _, _, rows in pieces), *spec.shape), dtype)
    for part, first, rows in pieces:
        # The name alone: HDF5 looks beside store.h5, so that the folder can move.
        layout[first : first + rows] = h5py.VirtualSource(part, name, (rows, *spec.shape), dtype)
    dataset = file.create_virtual_dataset(name, layout, fillvalue=np.nan if dtype.kind == "f" else 0)
    set_text(dataset, "units", spec.units)


def _join_starts(file: h5py.File, name: str, group: str, summaries: Sequence[_Summary]) -> None:
    header = summaries[0].header
    inside = f"{group}/{next(iter(header.groups[group]))}"
    rows = sum(summary.lengths[name] for summary in summaries)
    dataset = create_array(file, name, header.specs()[name], rows)
    offset = 0
    for summary in summaries:
        with open_file(summary.path) as part:
            for block in blocks(part[name]):
                append(dataset, block + offset)
        offset += summary.lengths[inside]
    set_text(dataset, "sha256", digest_array(dataset))


def _join_videos(file: h5py.File, summaries: Sequence[_Summary]) -> None:
    create_texts(file, "videos/id", [id for summary in summaries for id in summary.videos])
    create_texts(file, "videos/skipped", [reason for summary in summaries for reason in summary.skipped])
    counts = np.array([count for summary in summaries for count in summary.counts], np.int64)
    shards = [shard for shard, summary in enumerate(summaries) for _ in summary.videos]
    numbers = {
        "start": (np.cumsum(counts) - counts, "first row"),
        "count": (counts, "rows"),
        "frames": ([n for summary in summaries for n in summary.frames], "decoded frames"),
        "part": (shards, "number of the part"),
    }
    for name, (values, units) in numbers.items():
        spec = ArraySpec("int64", units=units)
        append(create_array(file, f"videos/{name}", spec, len(counts)), np.asarray(values, np.int64))
    for dataset in file["videos"].values():
        set_text(dataset, "sha256", digest_array(dataset))
