"""Digests of pixel masks, remembered so that unchanged ones are not read before every workflow."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from vadbench.datasets.annotations import Masks
from vadbench.datasets.remembered import Remembered
from vadbench.video.listing import image_names


class MaskDigests:
    """Digests of mask folders and mask files by path below `data_root`, kept in the file `memory`."""

    def __init__(self, data_root: Path, memory: Path) -> None:
        self._data_root = data_root
        self._remembered = Remembered(memory)

    def masks(self, path: str) -> Masks:
        """The masks in the folder, or in the file, `path` (relative to `data_root`)."""
        files = _files(self._data_root / path)
        digest = self._remembered.text(path, files, lambda: _digest(files))
        return Masks(path=path, files=len(files), sha256=digest)

    def save(self) -> None:
        """Remember the digests asked for."""
        self._remembered.save()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [path / name for name in sorted(image_names(path))]


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(os.fsencode(path.name) + b"\n")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
