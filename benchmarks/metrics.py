"""Time and memory of AUC, AP and their bootstrap resamples at the size of UCF-Crime's test set.

    python benchmarks/metrics.py

1.1 million frames of 290 videos, a fourteenth of them abnormal, are scored four times: distinct or held (16
frames share the score of their row), float32 or float64. Limits, on one thread:

- AUC + AP <= 0.5 x scikit-learn's roc_auc_score + average_precision_score;
- 1,000 resamples of AUC <= 20 x one AUC;
- 1,000 resamples of AP, step and trapezoid, <= 150 x one AUC on distinct scores, 40 x on held ones;
- peak memory of every call <= 10 x its labels and scores.

Every round runs all calls on all scores one after the other, so that a busy machine slows all of them; a
ratio is the median over rounds of the ratios within a round. Short calls run three times, before, between
and after the long ones, and their median counts. Peak memory is what tracemalloc counts, to which numpy
reports its arrays; it is measured apart from the clock. The exit code is 1 if a limit is missed.
"""

import os
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# Before numpy is imported: all calls on one thread.
os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from vadbench.metrics import (
    ap_trapezoid,
    average_precision,
    draw_resamples,
    resampled_ap,
    resampled_auc,
    roc_auc,
)

VIDEOS, ABNORMAL_VIDEOS = 290, 140
STRIDE = 16
RESAMPLES = 1000
ROUNDS = 5


@dataclass
class Row:
    """One comparison on one kind of scores; `ratios` of all rounds."""

    scores: str
    what: str
    limit: float
    ratios: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool:
        return self.ratio <= self.limit

    def line(self) -> str:
        spread = f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"
        verdict = "met" if self.met else "MISSED"
        return (
            f"{self.scores:18} {self.what:44} {self.ratio:7.2f} {self.limit:7.2f}  {verdict:7} {spread:>18}"
        )


@dataclass(frozen=True)
class Frames:
    """What the metrics are computed from."""

    labels: NDArray[np.bool_]
    scores: dict[str, NDArray[np.floating]]
    starts: NDArray[np.int64]
    counts: NDArray[np.int32]


def make_frames(frames: int, seed: int = 0) -> Frames:
    """Videos of very different lengths, an event in some; the scores of a video share an offset."""
    random = np.random.default_rng(seed)
    lengths = random.multinomial(frames - 10 * VIDEOS, random.dirichlet(np.full(VIDEOS, 1.5))) + 10
    starts = np.cumsum([0, *lengths])
    labels = np.zeros(frames, dtype=np.bool_)
    for start, length in zip(starts[:ABNORMAL_VIDEOS], lengths, strict=False):
        labels[start + length // 3 : start + length // 3 + length // 6 + 1] = True
    raw = random.normal(size=frames) + labels + np.repeat(random.normal(size=VIDEOS), lengths)
    distinct = 1 / (1 + np.exp(-raw))
    row = np.concatenate([np.arange(length) // STRIDE * STRIDE for length in lengths])
    held = distinct[row + np.repeat(starts[:-1], lengths)]
    scores: dict[str, NDArray[np.floating]] = {}
    for name, values in (("distinct", distinct), ("held", held)):
        scores |= {f"{name}, float32": values.astype(np.float32), f"{name}, float64": values}
    return Frames(labels, scores, starts, draw_resamples(VIDEOS, RESAMPLES, seed))


def round_of(frames: Frames, name: str) -> dict[str, float]:
    """Ratios of times on one kind of scores."""
    two = (frames.labels, frames.scores[name])
    four = (*two, frames.starts, frames.counts)
    auc, ap, plain = [], [], []
    many = []
    for resampled in (resampled_auc, resampled_ap, None):
        auc.append(_seconds(roc_auc, *two))
        ap.append(_seconds(average_precision, *two))
        plain.append(_seconds(roc_auc_score, *two) + _seconds(average_precision_score, *two))
        if resampled:
            many.append(_seconds(resampled, *four))
    one = statistics.median(auc)
    return {
        "time": (one + statistics.median(ap)) / statistics.median(plain),
        "resampled AUC": many[0] / one,
        "resampled AP": many[1] / one,
    }


def _seconds(call: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def memory_rows(frames: Frames) -> Iterator[Row]:
    """Peak memory of each call, as a multiple of its labels and scores."""
    for name, scores in frames.scores.items():
        two = (frames.labels, scores)
        four = (*two, frames.starts, frames.counts)
        for call in (roc_auc, average_precision, ap_trapezoid):
            yield Row(name, f"peak memory of {call.__name__} / arrays", 10, [_peak(call, *two)])
        for resampled in (resampled_auc, resampled_ap):
            yield Row(name, f"peak memory of {resampled.__name__} / arrays", 10, [_peak(resampled, *four)])


def _peak(call: Callable[..., object], *arguments: NDArray[np.generic]) -> float:
    tracemalloc.start()
    call(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / sum(array.nbytes for array in arguments[:2])


def time_rows(frames: Frames) -> list[Row]:
    """All comparisons of times, rounds interleaved."""
    rows: dict[tuple[str, str], Row] = {}
    for name in frames.scores:
        most = 150 if name.startswith("distinct") else 40
        rows[name, "time"] = Row(name, "AUC + AP / scikit-learn's", 0.5)
        rows[name, "resampled AUC"] = Row(name, f"{RESAMPLES} resampled AUCs / one AUC", 20)
        rows[name, "resampled AP"] = Row(name, f"{RESAMPLES} resampled APs / one AUC", most)
    for number in range(ROUNDS + 1):
        for name in frames.scores:
            for what, ratio in round_of(frames, name).items():
                if number:  # the first round finds cold caches and is not counted
                    rows[name, what].ratios.append(ratio)
    return list(rows.values())


def main() -> int:
    """Run all comparisons; 1 if a limit is missed."""
    frames = make_frames(1_100_000)
    print(f"{len(frames.labels):,} frames, {frames.labels.mean():.1%} abnormal, {VIDEOS} videos, one thread")
    print(f"{'scores':18} {'what':44} {'ratio':>7} {'limit':>7}  {'':7} {'over rounds':>18}")
    rows = [*time_rows(frames), *memory_rows(frames)]
    print(*(row.line() for row in rows), sep="\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
