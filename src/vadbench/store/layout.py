"""What a part looks like: names, types, chunks, filters, header and digest."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError

STORE_VERSION = 1

# A chunk is what one read or one checksum covers: small enough that one row is cheap, large enough that the
# index of chunks stays small. The cache that h5py gives each dataset (1 MiB) holds several.
_CHUNK_BYTES = 1 << 18
_BLOCK_BYTES = 1 << 23
_KINDS = "fiu"

# What h5py raises, apart from OSError, for files whose structure is damaged.
DAMAGE_ERRORS = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, MemoryError)
# HDF5 refuses attributes above 64 KiB in the file format that every tool can read.
_ATTRIBUTE_LIMIT = 60_000


@dataclass(frozen=True)
class ArraySpec:
    """One array of a part.

    Args:
        dtype: numpy name of a float, int or uint type, as "float16".
        shape: shape of one row, without the row axis; () for one number a row.
        units: unit of the values, as "pixels"; "" for numbers without one.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    units: str = ""

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind not in _KINDS:
            raise ValueError(f"an array of a store holds numbers, not {self.dtype}")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, at least 1."""
        return max(1, np.dtype(self.dtype).itemsize * int(np.prod(self.shape, dtype=np.int64)))

    @property
    def block_rows(self) -> int:
        """Rows that one bounded copy or check holds in memory (about 8 MiB)."""
        return max(1, _BLOCK_BYTES // self.row_bytes)


# Every row of every part has these two, whatever the stage.
ROW_ARRAYS = {
    "frame": ArraySpec("int32", units="0-based index of the source frame"),
    "time": ArraySpec("float64", units="s"),
}


@dataclass(frozen=True)
class Header:
    """What a part is, apart from its numbers; work under an equal header may be continued.

    Args:
        stage: name of the stage, or "scores".
        settings: the settings its arrays depend on, JSON values only.
        revision: the stage's integer REVISION.
        arrays: per-row arrays, stored as `rows/<name>`.
        groups: second level; `groups[g][a]` is stored as `<g>/<a>`, its rows' bounds as `rows/<g>_start` and
            `rows/<g>_count`.
        weights: sha256 by name of the weights used.
        videos_digest: digest of the shard's list of videos.
        attributes: anything else a reader needs to know, JSON values only.
    """

    stage: str
    settings: Mapping[str, object]
    revision: int
    arrays: Mapping[str, ArraySpec] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, ArraySpec]] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    videos_digest: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*self.arrays, *self.groups, *(name for group in self.groups.values() for name in group)]
        for name in names:
            if not name.isidentifier() or name.endswith(("_start", "_count")):
                raise ValueError(f"{name!r} cannot name an array of a store")
        reserved = {"videos", "rows", *ROW_ARRAYS} & {*self.arrays, *self.groups}
        twice = set(self.arrays) & set(self.groups)
        if reserved or twice:
            raise ValueError(f"{sorted(reserved | twice)}: a name of the store itself, or used twice")

    def row_specs(self) -> dict[str, ArraySpec]:
        """`rows/…` that come from the stage, by dataset name."""
        return {f"rows/{name}": spec for name, spec in {**ROW_ARRAYS, **self.arrays}.items()}

    def group_specs(self) -> dict[str, ArraySpec]:
        """`<group>/<array>`, by dataset name."""
        return {
            f"{group}/{name}": spec for group, arrays in self.groups.items() for name, spec in arrays.items()
        }

    def bound_specs(self) -> dict[str, ArraySpec]:
        """`rows/<group>_start` and `rows/<group>_count`, by dataset name."""
        specs = {}
        for group in self.groups:
            specs[f"rows/{group}_start"] = ArraySpec("int64", units=f"first row of {group}/")
            specs[f"rows/{group}_count"] = ArraySpec("int32", units=f"rows of {group}/")
        return specs

    def specs(self) -> dict[str, ArraySpec]:
        """Every dataset but those of the videos."""
        return {**self.row_specs(), **self.bound_specs(), **self.group_specs()}

    def identity(self) -> dict[str, object]:
        """The header as JSON values, in a fixed order."""
        return {
            "store_version": STORE_VERSION,
            "stage": self.stage,
            "settings": dict(self.settings),
            "revision": self.revision,
            "weights": dict(self.weights),
            "videos_digest": self.videos_digest,
            "attributes": dict(self.attributes),
        }


def to_json(value: object) -> str:
    """Compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def write_header(file: h5py.File, header: Header) -> None:
    """Store the header as attributes of the file.

    Raises:
        VadbenchError: if an entry is too long for an HDF5 attribute.
    """
    for key, value in header.identity().items():
        text = value if isinstance(value, int | str) else to_json(value)
        if isinstance(text, str) and len(text.encode()) > _ATTRIBUTE_LIMIT:
            raise VadbenchError(f"{file.filename}: {key} is longer than {_ATTRIBUTE_LIMIT} bytes of JSON")
        file.attrs[key] = text


def read_header(file: h5py.File) -> Header:
    """Read what `write_header` wrote and the arrays that are there.

    Raises:
        KeyError, ValueError, OSError: if the file is not a part or is damaged.
    """
    version = int(file.attrs["store_version"])
    if version != STORE_VERSION:
        raise ValueError(f"store version {version}, this vadbench reads {STORE_VERSION}")
    groups = {
        name: {array: read_spec(dataset) for array, dataset in group.items()}
        for name, group in file.items()
        if name not in ("videos", "rows")
    }
    own = {*ROW_ARRAYS, *(f"{group}_{end}" for group in groups for end in ("start", "count"))}
    return Header(
        stage=str(file.attrs["stage"]),
        settings=json.loads(file.attrs["settings"]),
        revision=int(file.attrs["revision"]),
        arrays={name: read_spec(dataset) for name, dataset in file["rows"].items() if name not in own},
        groups=groups,
        weights=json.loads(file.attrs["weights"]),
        videos_digest=str(file.attrs["videos_digest"]),
        attributes=json.loads(file.attrs["attributes"]),
    )


def read_spec(dataset: h5py.Dataset) -> ArraySpec:
    """The type of an array that is stored."""
    return ArraySpec(dataset.dtype.name, tuple(dataset.shape[1:]), str(dataset.attrs["units"]))


def create_array(file: h5py.File, name: str, spec: ArraySpec, rows: int | None = None) -> h5py.Dataset:
    """Create an empty dataset of one array: chunked, checksummed, compressed where it pays.

    Measured with gzip 1 and shuffle on one core (size left, speed of writing): indices and times shrink to
    0.01 to 0.5 at 80 to 370 MB/s; JPEG bytes to 0.99 at 40 MB/s; float16 embeddings to 0.73 at 50 MB/s, and
    are then read four times slower. So bytes and short floats are stored as they are.

    Args:
        rows: how many will come, so that a small array does not occupy a whole chunk; None if not known.
    """
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    rows_per_chunk = min(max(1, _CHUNK_BYTES // spec.row_bytes), 4096 if rows is None else max(1, rows))
    pays = dtype.itemsize == 8 or (dtype.kind in "iu" and dtype.itemsize > 1)
    dataset = file.create_dataset(
        name,
        shape=(0, *spec.shape),
        maxshape=(None, *spec.shape),
        chunks=(rows_per_chunk, *spec.shape),
        dtype=dtype,
        fletcher32=True,
        compression="gzip" if pays else None,
        compression_opts=1 if pays else None,
        shuffle=pays,
    )
    dataset.attrs["units"] = spec.units
    return dataset


def append(dataset: h5py.Dataset, rows: NDArray[np.generic]) -> None:
    """Write rows behind those that are there."""
    if len(rows):
        start = dataset.shape[0]
        dataset.resize(start + len(rows), axis=0)
        dataset[start:] = rows


def create_texts(file: h5py.File, name: str, texts: Sequence[str]) -> h5py.Dataset:
    """Store texts as utf-8 of a fixed length: HDF5 does not checksum texts of variable length."""
    encoded = [text.encode() for text in texts]
    length = max((len(text) for text in encoded), default=0) or 1
    return file.create_dataset(
        name,
        data=np.array(encoded, dtype=h5py.string_dtype("utf-8", length)),
        maxshape=(None,),
        chunks=(max(1, min(len(encoded), _CHUNK_BYTES // length)),),
        fletcher32=True,
        compression="gzip",
        compression_opts=1,
    )


def read_texts(dataset: h5py.Dataset) -> list[str]:
    """Read what `create_texts` stored."""
    return [bytes(text).decode() for text in dataset[:]]


def blocks(dataset: h5py.Dataset, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.generic]]:
    """The rows of a dataset in pieces of bounded size."""
    stop = dataset.shape[0] if stop is None else stop
    row_bytes = max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64)))
    step = max(1, _BLOCK_BYTES // row_bytes)
    for first in range(start, stop, step):
        yield dataset[first : min(first + step, stop)]


class ArrayDigest:
    """sha256 of an array's name, type, shape, unit and values; chunks and compression do not count."""

    def __init__(self, dataset: h5py.Dataset, rows: int) -> None:
        self._digest = hashlib.sha256()
        units = str(dataset.attrs.get("units", ""))
        described = [dataset.name, dataset.dtype.str, [rows, *dataset.shape[1:]], units]
        self._digest.update(to_json(described).encode())

    def update(self, rows: NDArray[np.generic]) -> None:
        """Add the next rows."""
        self._digest.update(np.ascontiguousarray(rows).data)

    def hexdigest(self) -> str:
        """The digest as text."""
        return self._digest.hexdigest()


def digest_array(dataset: h5py.Dataset) -> str:
    """The digest of a stored array.

    Raises:
        OSError: if a chunk does not match its checksum.
    """
    digest = ArrayDigest(dataset, len(dataset))
    for block in blocks(dataset):
        digest.update(block)
    return digest.hexdigest()


def digest_part(header: Header, arrays: Mapping[str, str]) -> str:
    """The digest of a part over its header and the digests of its arrays by name."""
    return hashlib.sha256(to_json([header.identity(), dict(arrays)]).encode()).hexdigest()


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Every dataset of a part by name, sorted."""
    return {f"{group}/{name}": file[group][name] for group in sorted(file) for name in sorted(file[group])}


def open_for_reading(path: Path) -> h5py.File:
    """Open a finished file."""
    return h5py.File(path, "r")
