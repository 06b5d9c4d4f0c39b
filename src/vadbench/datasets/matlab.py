"""Cell arrays in MATLAB's files, as annotations come in them. Nothing that such a file holds is executed."""

import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError

_BYTE_ORDERS = {b"IM": "<", b"MI": ">"}
"""By the last two bytes of the 128 that a file of MATLAB 5 begins with."""

_COMPRESSED = 15
"""Type of an element that is a stream of zlib."""


def read_cells(path: Path, name: str) -> list[NDArray[Any]]:
    """The matrices in the cell array `name`, which is 1 x n or n x 1.

    Returns:
        n arrays of numbers with two axes.

    Raises:
        VadbenchError: naming the file, for one that is missing, damaged or of MATLAB 7.3, or without such a
            cell array.
    """
    from scipy.io import loadmat  # imported here: the index runs before every workflow

    try:
        with path.open("rb") as file:
            _compare_checksums(file)
            file.seek(0)
            content = loadmat(file, variable_names=[name])
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror or error}; get it again") from error
    # Damage ends in many types: zlib.error, TypeError, struct.error, …
    except Exception as error:
        raise VadbenchError(f"{path}: no MATLAB file that can be read ({error}); get it again") from error
    cells = content.get(name)
    if (
        not isinstance(cells, np.ndarray)
        or cells.dtype != object
        or cells.size != max(cells.shape, default=0)
    ):
        raise VadbenchError(f"{path}: holds no cell array {name}, which is one row of matrices; get it again")
    matrices = list(cells.reshape(-1))
    for number, matrix in enumerate(matrices, 1):
        if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.dtype.kind not in "buif":
            raise VadbenchError(f"{path}: cell {number} of {name} is no matrix of numbers; get it again")
    return matrices


def _compare_checksums(file: BinaryIO) -> None:
    """Read compressed elements to their end, where their checksums stand; scipy stops before.

    Raises zlib.error, struct.error or ValueError where one is damaged or cut short.
    """
    order = _BYTE_ORDERS.get(file.read(128)[-2:])
    if order is None:
        raise ValueError("not of MATLAB 5")
    while tag := file.read(8):
        kind, size = struct.unpack(f"{order}II", tag)
        data = file.read(size)
        if kind == _COMPRESSED:
            _inflate(data)


def _inflate(data: bytes) -> None:
    stream = zlib.decompressobj()
    while not stream.eof:
        if not stream.decompress(data, 1 << 20) and not stream.unconsumed_tail:
            raise ValueError("cut short")
        data = stream.unconsumed_tail
