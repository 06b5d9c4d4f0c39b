"""Digests of pixel masks, remembered so that unchanged ones are not read before every workflow."""

import hashlib
import json
import os
from pathlib import Path

from vadbench.datasets.annotations import Masks
from vadbench.datasets.files import json_text, write_if_changed
from vadbench.video.listing import image_names


class MaskDigests:
    """Digests of mask folders and mask files by path below `data_root`.

    `memory` is a file that holds each digest beside names, sizes and time stamps of its files: what those
    say has not changed is not read again. It may be deleted at any time.
    """

    def __init__(self, data_root: Path, memory: Path) -> None:
        self._data_root = data_root
        self._memory = memory
        self._known = _remembered(memory)
        self._used: dict[str, list[str]] = {}

    def masks(self, path: str) -> Masks:
        """The masks in the folder, or in the file, `path` (relative to `data_root`)."""
        folder, names = _folder_and_names(self._data_root / path)
        stats = [os.stat(folder / name) for name in names]
        state = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in zip(names, stats, strict=True)]
        stamp = hashlib.sha256(json.dumps(state).encode()).hexdigest()
        known = self._known.get(path)
        digest = known[1] if known and known[0] == stamp else _digest(folder, names)
        self._used[path] = [stamp, digest]
        return Masks(path=path, files=len(names), sha256=digest)

    def save(self) -> None:
        """Remember the digests asked for."""
        if self._used:
            write_if_changed(self._memory, json_text(self._used, {}))


def _folder_and_names(path: Path) -> tuple[Path, list[str]]:
    if path.is_file():
        return path.parent, [path.name]
    return path, sorted(image_names(path))


def _remembered(memory: Path) -> dict[str, list[str]]:
    try:
        content = json.loads(memory.read_bytes())
        return {str(path): [str(text) for text in pair] for path, pair in content.items() if len(pair) == 2}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a memory that is missing or damaged is built anew


def _digest(folder: Path, names: list[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(os.fsencode(name) + b"\n")
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()
