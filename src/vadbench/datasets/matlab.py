"""Cell arrays in MATLAB's files, as annotations come in them. Nothing that such a file holds is executed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError


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
