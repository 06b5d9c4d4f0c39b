"""Progress of a loop: a bar on a terminal, a line every 30 seconds in a log."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm

LOG_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Bar(Protocol):
    """What a loop tells: `update(n)` after n more units."""

    def update(self, n: int, /) -> object: ...


@contextmanager
def progress(label: str, *, total: int, unit: str, initial: int = 0) -> Iterator[Bar]:
    """Show `total` units of work, of which `initial` are done; a bar where standard error is a terminal."""
    if sys.stderr.isatty():
        with tqdm(desc=label, total=total, initial=initial, unit=unit) as bar:
            yield bar
    else:
        lines = _Lines(label, total, unit, initial)
        lines.show()
        yield lines
        lines.show()


class _Lines:
    def __init__(self, label: str, total: int, unit: str, done: int) -> None:
        self._label, self._total, self._unit, self._done = label, total, unit, done
        self._shown = time.monotonic()

    def update(self, n: int, /) -> None:
        self._done += n
        if time.monotonic() - self._shown >= LOG_SECONDS:
            self.show()

    def show(self) -> None:
        self._shown = time.monotonic()
        _log.info("%s: %d of %d %ss", self._label, self._done, self._total, self._unit)
