"""How long, and how fast, to train a method on a benchmark, judged on held-out training videos alone.

Five folds of the weak split's training videos: trained on four, judged on the fifth by the AUC of a video's
highest score against its video-level label. No test video is read, and no frame-level truth. A split that is
drawn is gone through draw by draw; where it has too few videos, with fewer folds.

    snakemake --cores 8 results/tables.csv        # makes the stores
    python benchmarks/training_length.py
    python benchmarks/training_length.py --grid vadclip
    python benchmarks/training_length.py --grid stprompt --benchmark ped2 --folds 2
    python benchmarks/training_length.py --grid stprompt_c_branch --benchmark stprompt_ablations
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from vadbench.config import METHOD_SETTINGS, MethodSettings, TextSettings, load_benchmark
from vadbench.datasets import Annotations, Split
from vadbench.methods import METHODS, ScoreInputs, TrainInputs
from vadbench.metrics import roc_auc
from vadbench.store import Part, Store


@dataclass(frozen=True)
class Grid:
    """Learning rates and numbers of steps of a method that are compared, the settings that are held beside
    them, and the run seeds: several where one initialisation says little."""

    method: str
    rates: tuple[float, ...]
    steps: tuple[int, ...]
    fixed: dict[str, object] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)


GRIDS = {
    "sultani": Grid("sultani", (5e-5, 2e-4, 1e-3), (100, 200, 400, 800)),
    # Batches so small that a seed takes a quarter of a minute on one core; 25 steps are 5 epochs.
    "vadclip": Grid("vadclip", (5e-5, 2e-4, 1e-3), (25, 50, 100), {"half_batch": 8, "epochs": 5}, (0, 1, 2)),
    "stprompt": Grid("stprompt", (1e-4,), (25, 50, 100, 200, 400)),
    # Its classifier, which starts from nothing; learned prompts start from what the text tower knows.
    "stprompt_c_branch": Grid(
        "stprompt", (1e-4,), (25, 100, 400), {"a_branch": False, "score": "c_branch"}, (0, 1, 2)
    ),
    "stprompt_linear": Grid(
        "stprompt",
        (1e-4,),
        (25, 100, 400, 1600),
        {"a_branch": False, "score": "c_branch", "aggregate": "none", "temporal_adapter": "none"},
        (0, 1, 2),
    ),
}


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--benchmark", default="demo")
    arguments.add_argument("--stores", type=Path, help="instead of stores/<benchmark>")
    arguments.add_argument("--config", type=Path, default=Path("config"))
    arguments.add_argument("--grid", choices=tuple(GRIDS), default="sultani")
    arguments.add_argument("--folds", type=int, default=5)
    given = arguments.parse_args()
    grid = GRIDS[given.grid]
    stores = given.stores or Path("stores") / given.benchmark
    annotations = Annotations.load(stores / "annotations.json")
    benchmark = load_benchmark(given.benchmark, given.config)
    draws = benchmark.draws if "weak" in benchmark.data.DRAWS else (None,)
    trains = [annotations.split("weak", draw).train for draw in draws]
    reads = METHOD_SETTINGS[grid.method]().reads
    with Store.open(stores / reads) as features:
        print("learning rate " + " ".join(f"{steps:>6}" for steps in grid.steps) + "   steps")
        for rate in grid.rates:
            print(f"{rate:>13g}", end="")
            for steps in grid.steps:
                settings = METHOD_SETTINGS[grid.method](**grid.fixed, lr=rate, min_steps=steps)
                values = [
                    value
                    for train in trains
                    for seed in grid.seeds
                    for value in _fold_values(
                        features, annotations, benchmark.texts, settings, train, given.folds, seed
                    )
                ]
                print(f" {np.mean(values):>6.3f}", end="", flush=True)
            print()


def _fold_values(
    features: Store,
    annotations: Annotations,
    texts: TextSettings,
    settings: MethodSettings,
    train: Sequence[str],
    folds: int,
    seed: int,
) -> Iterator[float]:
    """Video-level AUC on each fold of training videos, of a training on the others."""
    names = np.array(train)
    labels = np.array([annotations.is_abnormal(video) for video in names])
    for rest, held_out in StratifiedKFold(folds, shuffle=True, random_state=0).split(names, labels):
        split = Split("weak", tuple(names[rest].tolist()), tuple(names[held_out].tolist()))
        scores = _highest_scores(features, annotations, split, texts, settings, seed)
        yield roc_auc(labels[held_out], scores)


def _highest_scores(
    features: Store,
    annotations: Annotations,
    split: Split,
    texts: TextSettings,
    settings: MethodSettings,
    seed: int,
) -> Sequence[float]:
    method = METHODS[settings.method]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        shared = {"features": features, "split": split, "texts": texts, "settings": settings, "seed": seed}
        method.train(TrainInputs(annotations=annotations, out=run, **shared))
        method.score(ScoreInputs(run=run, out=run / "scores.h5", **shared))
        with Part.open(run / "scores.h5") as part:
            return np.array([part.read(video, "score").max() for video in split.test])


if __name__ == "__main__":
    main()
