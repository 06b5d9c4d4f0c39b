"""How long to train Sultani et al.'s ranking on the demo, judged on held-out training videos alone.

Five folds of the weak split's training videos: trained on four, judged on the fifth by the AUC of a video's
highest score against its video-level label. No test video is read, and no frame-level truth.

    snakemake --cores 8 results/tables.csv        # makes the stores
    python benchmarks/training_length.py
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from vadbench.config import SultaniSettings, TextSettings
from vadbench.datasets import Annotations, Split
from vadbench.methods import METHODS, ScoreInputs, TrainInputs
from vadbench.metrics import roc_auc
from vadbench.store import Part, Store

STEPS = (100, 200, 400, 800)
RATES = (5e-5, 2e-4, 1e-3)
FOLDS = 5


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--stores", type=Path, default=Path("stores/demo"))
    stores = arguments.parse_args().stores
    annotations = Annotations.load(stores / "annotations.json")
    train = annotations.split("weak").train
    with Store.open(stores / "clip") as features:
        print("learning rate " + " ".join(f"{steps:>6}" for steps in STEPS) + "   steps")
        for rate in RATES:
            values = [
                np.mean(list(_fold_values(features, annotations, train, rate, steps))) for steps in STEPS
            ]
            print(f"{rate:>13g} " + " ".join(f"{value:>6.3f}" for value in values), flush=True)


def _fold_values(
    features: Store, annotations: Annotations, videos: Sequence[str], rate: float, steps: int
) -> Iterator[float]:
    """Video-level AUC on each fold, of a training on the others."""
    labels = np.array([annotations.is_abnormal(video) for video in videos])
    names = np.array(videos)
    settings = SultaniSettings(lr=rate, min_steps=steps)
    for rest, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(names, labels):
        split = Split("weak", tuple(names[rest].tolist()), tuple(names[held_out].tolist()))
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder)
            shared = {"features": features, "split": split, "texts": TextSettings(), "settings": settings}
            METHODS["sultani"].train(TrainInputs(annotations=annotations, seed=0, out=run, **shared))
            METHODS["sultani"].score(ScoreInputs(seed=0, run=run, out=run / "scores.h5", **shared))
            with Part.open(run / "scores.h5") as part:
                best = np.array([part.read(video, "score").max() for video in split.test])
        yield roc_auc(labels[held_out], best)


if __name__ == "__main__":
    main()
