"""Arrays in NumPy's file format, as annotations come in them; the files may be damaged or hostile."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError


def read_array(path: Path) -> NDArray[Any]:
    """The array in a file of NumPy's format, whatever the file is called; pickled objects are refused.

    Raises VadbenchError, naming the file, for one that is missing, damaged, or not exactly as long as its
    array.
    """
    try:
        with path.open("rb") as file:
            array = np.load(file, allow_pickle=False)
            whole = isinstance(array, np.ndarray) and not file.read(1)
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror or error}; get it again") from error
    # NumPy evaluates the header as a Python literal, which fails in many ways: SyntaxError, TokenError, …
    except Exception as error:
        raise VadbenchError(f"{path}: no array that can be read ({error}); get it again") from error
    if not whole:
        raise VadbenchError(f"{path}: is more than the one array it should be; get it again")
    read: NDArray[Any] = array
    return read


def frame_flags(values: NDArray[Any], where: Path | str) -> NDArray[np.bool_]:
    """(frames,) bool from 0 and 1 of any numeric type and of shape (frames,), (1, frames) or (frames, 1).

    Raises VadbenchError, beginning with `where`, for no frames, another shape or another value.
    """
    if values.size == 0 or values.size != max(values.shape, default=0):
        raise VadbenchError(f"{where}: an array of shape {values.shape}, where one value a frame is due")
    if values.dtype.kind not in "buif" or not np.isin(values, (0, 1)).all():
        raise VadbenchError(f"{where}: holds values other than 0 and 1; it is no list of frame labels")
    return values.reshape(-1).astype(np.bool_)


def intervals_of(flags: ArrayLike) -> tuple[tuple[int, int], ...]:
    """Runs of true values as half-open intervals, in order; `flags` is (frames,)."""
    edges = np.flatnonzero(np.diff(np.asarray(flags, dtype=np.int8), prepend=0, append=0)).tolist()
    return tuple(zip(edges[::2], edges[1::2], strict=True))
