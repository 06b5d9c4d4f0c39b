"""What a stage says while it runs: a bar on a terminal, a line every 30 s in a log, a summary at the end."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from tqdm import tqdm

from vadbench.stages.closing import Closing

_LOG = logging.getLogger("vadbench.stages")
_INTERVAL_SECONDS = 30.0

Item = TypeVar("Item")


class Progress:
    """Counts rows and the seconds that reading, computing and writing were busy; a context manager.

    The three run side by side, so their shares are each of the whole time, and the one near 100 % is what
    the others wait for.
    """

    def __init__(
        self,
        stage: str,
        *,
        videos: int,
        rows: int | None,
        workers: Mapping[str, int],
        device: str = "cpu",
        threads: int,
    ) -> None:
        """`videos`, `rows`: how many will come (None: not known). `workers`: threads by activity; `device`
        and `threads` are what the stage was given."""
        self._stage = stage
        self._device, self._threads = device, threads
        self._workers = workers
        self._videos = videos
        self._total = rows
        self._rows = self._finished = self._skipped = 0
        self._busy = dict.fromkeys(workers, 0.0)
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        # disable=None: a bar only where standard error is a terminal.
        self._bar = tqdm(total=self._total, desc=self._stage, unit=" frames", disable=None, smoothing=0.05)
        self._thread = threading.Thread(target=self._log_now_and_then, daemon=True)
        self._thread.start()
        return self

    @contextmanager
    def busy(self, activity: str) -> Iterator[None]:
        """Count the time of the block to an activity; any thread may do so."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            with self._lock:
                self._busy[activity] += seconds

    def timed(self, activity: str, items: Iterator[Item]) -> Iterator[Item]:
        """The same items; the making of each is counted to an activity."""
        while True:
            with self.busy(activity):
                item = next(items, None)
            if item is None:
                return
            yield item

    def advance(self, rows: int) -> None:
        """Count rows that are written."""
        self._rows += rows
        self._bar.update(rows)

    def finished(self) -> None:
        """Count a video that is written."""
        self._finished += 1
        self._bar.set_postfix_str(f"{self._finished} of {self._videos} videos")

    def resumed(self, videos: int) -> None:
        """Say that an earlier run finished some videos."""
        if videos:
            _LOG.info("%s: going on after %d videos of an earlier run", self._stage, videos)

    def skipped(self, id: str, reason: str) -> None:
        """Say that a video is left out."""
        self._skipped += 1
        self.finished()
        _LOG.warning("%s: skipped %s: %s", self._stage, id, reason)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()
        self._bar.close()
        if error is None:
            elapsed = self._elapsed()
            closing = Closing(self._stage, self._rows, self._finished, elapsed, self._device, self._threads)
            skipped = f"; {self._skipped} videos skipped" if self._skipped else ""
            _LOG.info("%s; %s%s", closing.text, self._shares(elapsed), skipped)

    def _log_now_and_then(self) -> None:
        while not self._closed.wait(_INTERVAL_SECONDS):
            if self._bar.disable:
                _LOG.info("%s: %s", self._stage, self._state())

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def _state(self) -> str:
        elapsed = self._elapsed()
        of = f" of {self._total}" if self._total is not None else ""
        done = f"{self._rows}{of} frames, {self._finished} of {self._videos} videos in {elapsed:.1f} s"
        return f"{done}, {self._rows / elapsed:.1f} frames/s; {self._shares(elapsed)}"

    def _shares(self, elapsed: float) -> str:
        """Of the elapsed seconds how much each activity's workers were busy."""
        shares = ", ".join(
            f"{activity} {self._busy[activity] / elapsed / count:.0%}"
            for activity, count in self._workers.items()
        )
        return f"busy: {shares}"
