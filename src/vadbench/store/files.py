"""Files that appear under their name only when they are complete."""

import os
import secrets
import shutil
import socket
from pathlib import Path

from vadbench.errors import VadbenchError

# What other files, and the structure of ours, may take until the next look.
_SPARE_BYTES = 1 << 25


def unique_name(path: Path) -> Path:
    """A name beside `path` that no other process uses."""
    return path.with_name(f"{path.name}.{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}.tmp")


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(temporary: Path, path: Path) -> None:
    """Give a closed file its name, replacing what was there."""
    sync(temporary)
    os.replace(temporary, path)
    sync(path.parent)


def check_space(folder: Path, size: int) -> None:
    """Make sure that the disk has room for `size` bytes more, and a little beside.

    HDF5 does not survive a full disk: the process may crash after the error.

    Raises:
        VadbenchError: if it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE_BYTES:
        raise VadbenchError(
            f"{folder}: {free / 1e6:,.0f} MB are free on the disk, {size / 1e6:,.0f} MB are to be written; "
            "make room and run the command again, it goes on where it stopped"
        )


def write_text(path: Path, text: str) -> None:
    """Write a small text file as a whole."""
    temporary = unique_name(path)
    temporary.write_text(text, encoding="utf-8")
    publish(temporary, path)
