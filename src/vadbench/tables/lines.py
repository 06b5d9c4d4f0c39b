"""One line of a table: runs that differ in their seed alone, or the mean over the draws of a split."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.evaluation import Record
from vadbench.evaluation.record import Resampling, TestSet
from vadbench.metrics import percentile_interval

Results = Mapping[Path, Record]
"""Records by the file that holds them, in the order of the tables."""

MEAN = "mean"
"""What stands for the draw in a mean over draws."""


@dataclass(frozen=True)
class Cell:
    """One metric of a line, in [0, 1]; NaN where there is none."""

    value: float
    """Mean over seeds (and draws)."""
    std: float
    """Sample standard deviation over seeds; over draws too: the root of the mean variance within a draw."""
    std_draws: float
    """Sample standard deviation over draws of the means over seeds."""
    low: float
    high: float
    """95 % interval of the mean over seeds: every resample of the videos is the same for all seeds."""
    note: str
    """Why the value or the interval is missing."""
    resampled: NDArray[np.float64]
    """(R,) the mean over seeds of each resample of the videos; (0,) where seeds or draws cannot be paired."""


@dataclass(frozen=True)
class Line:
    """What one method reached on one split (and draw)."""

    benchmark: str
    split: str
    draw: str
    """Number of the draw, `mean` over draws, or empty for a split without draws."""
    method: str
    variant: str
    features: str
    supervision: str
    model: str
    """Model of the features; empty: none, or not known."""
    weights: str
    selection: str
    notes: tuple[str, ...]
    """How the benchmark's lists differ from the published ones."""
    convention: str
    definitions: Mapping[str, str]
    seeds: tuple[int, ...]
    coverage: float
    """Smallest over seeds (and draws) of `Coverage.share`."""
    remarks: tuple[str, ...]
    """What did not fit between scores, annotations and videos."""
    test: TestSet | None
    test_videos: int
    """Test videos with frame truth, scored or not."""
    resampling: Resampling | None
    """None for a mean over draws: each draw tests videos of its own."""
    cells: Mapping[str, Cell]

    @property
    def external(self) -> bool:
        """Whether the scores came from outside, without a feature set of ours."""
        return not self.features


def lines_of(results: Results) -> list[Line]:
    """All lines, in the order in which their first run stands in `results`; a mean follows its draws.

    Raises:
        VadbenchError: two files hold the same run, or runs that differ only in seed were made differently.
    """
    by_method: dict[tuple[object, ...], dict[int | None, dict[Path, Record]]] = {}
    for path, record in results.items():
        run = record.run
        draws = by_method.setdefault((run.benchmark, run.split, run.method, run.variant, run.features), {})
        draws.setdefault(run.draw, {})[path] = record
    lines: list[Line] = []
    for draws in by_method.values():
        of_draws = [_over_seeds(runs) for runs in draws.values()]
        lines += of_draws
        if None not in draws:
            lines.append(_over_draws(of_draws))
    return lines


def _over_seeds(runs: Mapping[Path, Record]) -> Line:
    _check_alike(runs)
    records = list(runs.values())
    first = records[0]
    return Line(
        benchmark=first.run.benchmark,
        split=first.run.split,
        draw="" if first.run.draw is None else str(first.run.draw),
        method=first.run.method,
        variant=first.run.variant,
        features=first.run.features,
        supervision=first.supervision,
        model=_model(first),
        weights=first.weights,
        selection=first.selection,
        notes=first.notes,
        convention=first.convention.text,
        definitions=first.convention.metrics,
        seeds=tuple(sorted(record.run.seed for record in records)),
        coverage=min(record.coverage.share for record in records),
        remarks=tuple(dict.fromkeys(remark for record in records for remark in record.coverage.remarks())),
        test=first.test,
        test_videos=first.coverage.videos_total,
        resampling=first.resampling,
        cells={metric: _mean_cell(metric, records) for metric in first.metrics},
    )


def _model(record: Record) -> str:
    """The model that the run's features were made with, as its scores store says."""
    features = record.settings.get("features")
    settings = features.get("settings") if isinstance(features, Mapping) else None
    return str(settings.get("model", "")) if isinstance(settings, Mapping) else ""


def _mean_cell(metric: str, records: list[Record]) -> Cell:
    values = [record.metrics[metric].value for record in records]
    notes = [record.metrics[metric].reason for record in records if record.metrics[metric].reason]
    resampled = np.zeros(0)
    if any(record.resampling != records[0].resampling for record in records):
        notes.append("no interval: the seeds were evaluated on different videos or resamples")
    else:
        resampled = np.mean([record.resampled[metric] for record in records], axis=0)
    low, high, reason = (math.nan, math.nan, notes[0]) if notes else percentile_interval(resampled)
    return Cell(float(np.mean(values)), _deviation(values), math.nan, low, high, reason, resampled)


def _over_draws(lines: list[Line]) -> Line:
    first = lines[0]
    for other in lines:
        _check_same(first, other, f"draws {first.draw} and {other.draw} of {first.method} on {first.split}")
    return replace(
        first,
        draw=MEAN,
        seeds=tuple(sorted({seed for line in lines for seed in line.seeds})),
        coverage=min(line.coverage for line in lines),
        remarks=tuple(dict.fromkeys(remark for line in lines for remark in line.remarks)),
        test=None,
        resampling=None,
        cells={metric: _cell_over_draws([line.cells[metric] for line in lines]) for metric in first.cells},
    )


def _cell_over_draws(cells: list[Cell]) -> Cell:
    # Draws share test videos, so neither pooling them nor treating them as independent gives an interval.
    undefined = next((cell.note for cell in cells if math.isnan(cell.value)), "")
    return Cell(
        value=float(np.mean([cell.value for cell in cells])),
        std=float(np.sqrt(np.mean([cell.std**2 for cell in cells]))),
        std_draws=_deviation([cell.value for cell in cells]),
        low=math.nan,
        high=math.nan,
        note=undefined or "no interval over draws: they share test videos",
        resampled=np.zeros(0),
    )


def _deviation(values: list[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _check_alike(runs: Mapping[Path, Record]) -> None:
    seeds: dict[int, Path] = {}
    (first_path, first), *_ = runs.items()
    for path, record in runs.items():
        other = seeds.setdefault(record.run.seed, path)
        if other != path:
            raise VadbenchError(f"{other} and {path} hold the same run, {record.run}; give one of them")
        for name, ours, theirs in (
            ("model", _model(record), _model(first)),
            ("weights", record.weights, first.weights),
            ("selection", record.selection, first.selection),
            ("convention", record.convention.text, first.convention.text),
        ):
            _refuse_difference(name, ours, theirs, f"{path} and {first_path}")


def _check_same(first: Line, other: Line, who: str) -> None:
    for name in ("model", "weights", "selection", "convention"):
        _refuse_difference(name, getattr(other, name), getattr(first, name), who)


def _refuse_difference(name: str, ours: str, theirs: str, who: str) -> None:
    if ours != theirs:
        raise VadbenchError(
            f"{who} differ in {name} ({ours!r}, {theirs!r}) and have no mean; run and evaluate both again"
        )


def same_benchmark_and_split(lines: Iterable[Line]) -> dict[tuple[str, str], list[Line]]:
    """Lines by benchmark and split, in their order."""
    grouped: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.benchmark, line.split), []).append(line)
    return grouped
