"""The HDF5 side: files, attributes, chunks and filters."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.store.layout import ROW_ARRAYS, STORE_VERSION, ArraySpec, Header, to_json

# What h5py raises, apart from OSError, for files whose structure is damaged.
DAMAGE_ERRORS = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, MemoryError)

# The format of HDF5 1.10 (2016), which virtual datasets need anyway. Its structure carries checksums. The
# default format's does not: there a flipped byte can make HDF5 crash or read without end. Small parts are
# also less than half as large.
_FORMAT = ("v110", "v110")

# A chunk is what one read or one checksum covers: small enough that one row is cheap, large enough that the
# index of chunks stays small. The cache that h5py gives each dataset (1 MiB) holds several.
_CHUNK_BYTES = 1 << 18
_SHORT_CHUNK_BYTES = 1 << 16

# What a copy or a check holds in memory.
_BLOCK_BYTES = 1 << 23

# HDF5 keeps attributes up to this size where every tool reads them.
_ATTRIBUTE_LIMIT = 60_000


def create_file(path: Path) -> h5py.File:
    """Open a new file for writing."""
    return h5py.File(path, "w", libver=_FORMAT)


def open_file(path: Path) -> h5py.File:
    """Open a finished file."""
    return h5py.File(path, "r")


def set_text(item: h5py.HLObject, name: str, text: str) -> None:
    """Set a text attribute of fixed length: those of variable length lie where no checksum covers them."""
    encoded = text.encode()
    item.attrs[name] = np.array(encoded, dtype=h5py.string_dtype("utf-8", max(1, len(encoded))))


def get_text(item: h5py.HLObject, name: str) -> str:
    """Read what `set_text` set."""
    return bytes(item.attrs[name]).decode()


def write_header(file: h5py.File, identity: Mapping[str, object]) -> None:
    """Store the entries of a header as attributes of the file.

    Raises:
        VadbenchError: if an entry is too long for an HDF5 attribute.
    """
    for key, value in identity.items():
        if isinstance(value, int):
            file.attrs[key] = value
            continue
        text = value if isinstance(value, str) else to_json(value)
        if len(text.encode()) > _ATTRIBUTE_LIMIT:
            raise VadbenchError(f"{file.filename}: {key} is longer than {_ATTRIBUTE_LIMIT} bytes of JSON")
        set_text(file, key, text)


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
        stage=get_text(file, "stage"),
        settings=json.loads(get_text(file, "settings")),
        revision=int(file.attrs["revision"]),
        arrays={name: read_spec(dataset) for name, dataset in file["rows"].items() if name not in own},
        groups=groups,
        weights=json.loads(get_text(file, "weights")),
        videos_digest=get_text(file, "videos_digest"),
        attributes=json.loads(get_text(file, "attributes")),
    )


def read_spec(dataset: h5py.Dataset) -> ArraySpec:
    """The type of an array that is stored."""
    return ArraySpec(dataset.dtype.name, tuple(dataset.shape[1:]), get_text(dataset, "units"))


def create_array(file: h5py.File, name: str, spec: ArraySpec, rows: int | None = None) -> h5py.Dataset:
    """Create an empty dataset of one array: chunked, checksummed, compressed where it pays.

    Measured with gzip 1 and shuffle on one core (size left, speed of writing): indices and times shrink to
    0.01 to 0.5 at 80 to 370 MB/s; JPEG bytes to 0.99 at 40 MB/s; float16 embeddings to 0.73 at 50 MB/s, and
    are then read four times slower. So bytes and short floats are stored as they are.

    Args:
        rows: how many will come, so that a small array does not occupy a whole chunk; None if not known,
            which gives shorter chunks.
    """
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    chunk_bytes = _SHORT_CHUNK_BYTES if rows is None else min(_CHUNK_BYTES, rows * spec.row_bytes)
    rows_per_chunk = max(1, chunk_bytes // spec.row_bytes)
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
    set_text(dataset, "units", spec.units)
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
    dataset = file.create_dataset(
        name,
        data=np.array(encoded, dtype=h5py.string_dtype("utf-8", length)),
        maxshape=(None,),
        chunks=(max(1, min(len(encoded), _CHUNK_BYTES // length)),),
        fletcher32=True,
        compression="gzip",
        compression_opts=1,
    )
    set_text(dataset, "units", "")
    return dataset


def read_texts(dataset: h5py.Dataset) -> list[str]:
    """Read what `create_texts` stored."""
    return [bytes(text).decode() for text in dataset[:]]


def check_extent(dataset: h5py.Dataset) -> None:
    """Make sure that a dataset has the chunks its shape needs, before anything of that size is read.

    A flipped bit in a shape would ask for more memory, or more time, than there is.

    Raises:
        ValueError: if it has not.
    """
    chunks = dataset.chunks
    if chunks is None or chunks[1:] != dataset.shape[1:] or 0 in chunks:
        raise ValueError(f"{dataset.name}: its chunks {chunks} are not those of its shape {dataset.shape}")
    if dataset.id.get_num_chunks() != -(-len(dataset) // chunks[0]):
        raise ValueError(
            f"{dataset.name}: {len(dataset)} rows are not in {dataset.id.get_num_chunks()} chunks"
        )


def blocks(dataset: h5py.Dataset, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.generic]]:
    """The rows of a dataset in pieces of bounded size."""
    stop = dataset.shape[0] if stop is None else stop
    row_bytes = max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64)))
    step = max(1, _BLOCK_BYTES // row_bytes)
    for first in range(start, stop, step):
        yield dataset[first : min(first + step, stop)]


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Every dataset of a part by name, sorted."""
    return {f"{group}/{name}": file[group][name] for group in sorted(file) for name in sorted(file[group])}
