"""What was published about a benchmark, and how the data at hand compares with it."""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from vadbench.errors import VadbenchError


@dataclass(frozen=True)
class Count:
    """One line of the comparison that `vadbench index` prints."""

    what: str
    """For instance `test videos`, `abnormal test frames`."""
    found: int
    published: int | None
    """None where there is no published figure, or the lists are not the published ones."""

    @property
    def deviation(self) -> str:
        """What is wrong, in one line; empty where nothing is."""
        if self.published is None or self.found == self.published:
            return ""
        return f"{self.found:,} {self.what}, published are {self.published:,}"


def deviations(counts: Iterable[Count]) -> tuple[str, ...]:
    """All that differs."""
    return tuple(count.deviation for count in counts if count.deviation)


def names_digest(names: Iterable[str]) -> str:
    """sha256 over names, in whatever order: by it published lists are recognised."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def published_frames(table: str) -> dict[str, int]:
    """Published number of frames by video, from a table that comes with the package.

    The tables in `published_frames/` have a line `video<TAB>frames` for each video, some with further
    columns, and say in their first lines, which begin with `#`, where the figures come from.
    """
    return {video: row[0] for video, row in published_table(table).items()}


def published_table(table: str) -> dict[str, tuple[int, ...]]:
    """All figures of a table of `published_frames/` by video: frames, then what its first lines say."""
    resource = files("vadbench.datasets") / "published_frames" / f"{table}.tsv"
    lines = [line for line in resource.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row[0]: tuple(map(int, row[1:])) for row in csv.reader(lines, delimiter="\t")}


def frame_deviations(found: Mapping[str, int], published: Mapping[str, int]) -> tuple[str, ...]:
    """Videos whose number of frames is known from their annotations and differs from the published one."""
    return tuple(
        f"{id}: {count} frames, published are {published[id]}"
        for id, count in sorted(found.items())
        if id in published and count != published[id]
    )


def check_apart(train: Sequence[str], test: Sequence[str], where: str) -> None:
    """Raises VadbenchError for a video that is listed twice, or both for training and for testing."""
    seen: set[str] = set()
    for name in (*train, *test):
        if name in seen:
            both = name in train and name in test
            what = "is listed for training and for testing" if both else "is listed twice"
            raise VadbenchError(f"{where}: {name} {what}; correct the lists")
        seen.add(name)
