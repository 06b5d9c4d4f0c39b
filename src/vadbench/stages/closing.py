"""The line that ends a stage's log: how much the process computed, how long it took and where.

Of a part that was killed and gone on with, it covers what the last process computed and nothing else, so that
its rate is one of work that was done.
"""

import re
from dataclasses import dataclass
from typing import Self

_LINE = re.compile(
    r"(?P<stage>[a-z_]\w*) done: (?P<rows>\d+) frames, (?P<videos>\d+) videos in (?P<seconds>\d+\.\d+) s "
    r"on (?P<device>.+) with (?P<threads>\d+) threads?, \d+\.\d frames/s(;|$)"
)


@dataclass(frozen=True)
class Closing:
    """What a process of a stage did."""

    stage: str
    rows: int
    """Rows that it wrote; each is a sampled frame."""
    videos: int
    seconds: float
    """On the clock, from the first read to the last write: without imports and the loading of weights. The
    line has milliseconds."""
    device: str
    """ "cpu", or the name of a GPU."""
    threads: int

    @property
    def text(self) -> str:
        """The line; more may follow behind a semicolon."""
        took = f"{self.seconds:.3f} s on {self.place}"
        rate = self.rows / self.seconds if self.seconds else 0.0
        return f"{self.stage} done: {self.rows} frames, {self.videos} videos in {took}, {rate:.1f} frames/s"

    @property
    def place(self) -> str:
        """Where it computed: "cpu with 2 threads"."""
        return f"{self.device} with {self.threads} thread{'s' if self.threads > 1 else ''}"

    @classmethod
    def read(cls, line: str) -> Self | None:
        """What `text` says, whatever stands before it in the line; None for any other line."""
        found = _LINE.search(line)
        if found is None:
            return None
        rows, videos, threads = (int(found[name]) for name in ("rows", "videos", "threads"))
        return cls(found["stage"], rows, videos, float(found["seconds"]), found["device"], threads)
