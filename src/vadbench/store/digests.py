"""Digests of arrays, parts and sets: over values and settings, not over bytes of files."""

import hashlib
from collections.abc import Mapping

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.store.hdf5 import blocks, get_text
from vadbench.store.layout import Header, to_json


class ArrayDigest:
    """sha256 of an array's name, type, shape, unit and values; chunks and compression do not count."""

    def __init__(self, dataset: h5py.Dataset, rows: int) -> None:
        self._digest = hashlib.sha256()
        units = get_text(dataset, "units")
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
