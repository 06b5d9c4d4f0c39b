"""What is slow to read from files below `data_root`, remembered while the files stay as they are."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from vadbench.datasets.files import json_text, write_if_changed


class Remembered:
    """Texts by the path of what they were made from, kept in a file between one workflow and the next.

    Beside each text the file `memory` holds a digest of names, sizes and time stamps: while those stay, the
    files are not read again. It may be deleted at any time; None remembers nothing.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._known = _read(memory)
        self._used: dict[str, list[str]] = {}

    def text(self, key: str, files: Sequence[Path], make: Callable[[], str]) -> str:
        """What `make` says of `files`; it is asked only where one of them is not as it was before."""
        states = [(path.name, path.stat()) for path in files]
        state = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in states]
        stamp = hashlib.sha256(json.dumps(state).encode()).hexdigest()
        known = self._known.get(key)
        text = known[1] if known and known[0] == stamp else make()
        self._used[key] = [stamp, text]
        return text

    def save(self) -> None:
        """Keep what was asked for, and forget the rest."""
        if self._memory and self._used:
            write_if_changed(self._memory, json_text(self._used, {}))


def _read(memory: Path | None) -> dict[str, list[str]]:
    try:
        content = json.loads(memory.read_bytes()) if memory else {}
        return {str(key): [str(text) for text in pair] for key, pair in content.items() if len(pair) == 2}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a memory that is missing or damaged is built anew
