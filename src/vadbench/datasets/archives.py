"""Archives of arrays in NumPy's format (`.npz`), as annotations come in them; damaged or hostile."""

import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError

_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes."""

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
"""What `zipfile` raises for an archive that is damaged, encrypted or of a kind it cannot read."""


def read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays in an archive by key; pickled objects are refused, every checksum is compared.

    Raises VadbenchError, naming the file and where possible the key, for one that is missing or damaged,
    holds anything but arrays, or has a key twice.
    """
    try:
        packed = path.read_bytes()
        # NumPy's own reader stops before the end of each member, where its checksum would be compared.
        with zipfile.ZipFile(BytesIO(packed)) as archive:
            members = [(info.filename, _content(archive, info)) for info in archive.infolist()]
        if len(members) != _stated_number(packed):
            raise ValueError(f"holds {len(members)} arrays, by its end {_stated_number(packed)}")
    except FileNotFoundError:
        raise VadbenchError(f"{path}: is missing; it comes with the data set") from None
    except _DAMAGE as error:
        raise VadbenchError(
            f"{path}: cannot be read as an archive of arrays ({error}); get it again"
        ) from error
    arrays: dict[str, NDArray[Any]] = {}
    for name, content in members:
        key = name.removesuffix(".npy")
        if key in arrays:
            raise VadbenchError(f"{path}: has two arrays {key}; get it again")
        arrays[key] = _array(content, f"{path}, array {key}")
    return arrays


def _stated_number(packed: bytes) -> int:
    """Members by the archive's last record. `zipfile` does not compare it: a damaged length in the directory
    makes one entry swallow the next."""
    at = packed.rfind(b"PK\5\6") + 10
    return int.from_bytes(packed[at : at + 2], "little")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type not in _COMPRESSIONS:
        raise ValueError(f"{info.filename} is compressed in a way that NumPy does not use")
    return archive.read(info)


def _array(content: bytes, where: str) -> NDArray[Any]:
    file = BytesIO(content)
    try:
        array = np.load(file, allow_pickle=False)
    # NumPy evaluates the header as a Python literal, which fails in many ways: SyntaxError, TokenError, …
    except Exception as error:
        raise VadbenchError(f"{where}: no array that can be read ({error}); get the file again") from error
    if not isinstance(array, np.ndarray) or file.read(1):
        raise VadbenchError(f"{where}: is more than one array; get the file again")
    read: NDArray[Any] = array
    return read
