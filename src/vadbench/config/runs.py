"""From a benchmark's settings to its runs. A run's path is its name, and nothing else encodes it."""

from collections.abc import Iterator
from dataclasses import dataclass

from vadbench.config.benchmark import BenchmarkSettings, MethodEntry
from vadbench.config.data import Supervision
from vadbench.config.methods import MethodSettings


@dataclass(frozen=True)
class Run:
    """One method on one split with one seed."""

    benchmark: str
    split: str
    draw: int | None
    """The draw of a split that is drawn, else None."""
    method: str
    variant: str
    """The entry's label, or an empty string."""
    features: str
    """Name of the feature set it reads."""
    seed: int
    supervision: Supervision
    """What the method's training looks at; `none`: it has no training."""
    path: str
    settings: MethodSettings


def run_path(benchmark: str, split: str, draw: int | None, entry: MethodEntry, seed: int) -> str:
    """`results/<benchmark>/<split>[/draw-03]/<method>[--<variant>][@<set>]/seed-0`.

    `@<set>` stands where the entry reads another set than the one called like its stage.
    """
    settings = entry.settings
    variant = f"--{settings.variant}" if settings.variant else ""
    features = f"@{settings.reads}" if settings.reads != settings.READS_STAGE else ""
    drawn = "" if draw is None else f"/draw-{draw:02d}"
    return f"results/{benchmark}/{split}{drawn}/{entry.name}{variant}{features}/seed-{seed}"


def splits_of(settings: BenchmarkSettings, entry: MethodEntry) -> tuple[str, ...]:
    """The splits an entry runs on: those listed that offer its supervision, narrowed by its own `splits` and
    by the split that its features are made for."""
    wanted = settings.splits if entry.settings.splits is None else entry.settings.splits
    features = settings.features.get(entry.settings.reads)
    if features is not None and features.split is not None:
        wanted = tuple(split for split in wanted if split == features.split)
    takes = entry.settings.SUPERVISION
    offered = settings.data.SPLITS
    return tuple(
        split
        for split in settings.splits
        if split in wanted and (takes == "none" or offered.get(split) == takes)
    )


def expand_runs(benchmark: str, settings: BenchmarkSettings) -> list[Run]:
    """Every run of a benchmark, entries in the order of the file.

    A method that does not depend on the seed runs once, as seed 0.
    """
    return [run for entry in settings.methods for run in _runs(benchmark, settings, entry)]


def _runs(benchmark: str, settings: BenchmarkSettings, entry: MethodEntry) -> Iterator[Run]:
    method = entry.settings
    for split in splits_of(settings, entry):
        draws = settings.draws if split in settings.data.DRAWS else (None,)
        for draw in draws:
            for seed in settings.seeds if method.SEEDED else (0,):
                yield Run(
                    benchmark=benchmark,
                    split=split,
                    draw=draw,
                    method=entry.name,
                    variant=method.variant,
                    features=method.reads,
                    seed=seed,
                    supervision=method.SUPERVISION,
                    path=run_path(benchmark, split, draw, entry, seed),
                    settings=method,
                )
