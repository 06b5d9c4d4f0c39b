"""What trainings on shuffled labels of the demo come to, and what their initialisation has to do with it.

For the ranking of Sultani et al.: AUC of the untrained network, by run seed; then of trainings on shuffled
labels and on the opposite labels, with one run seed for all (0, and the one whose untrained network has the
lowest AUC) and with a run seed for each shuffle. Normal and abnormal training videos are equally many, so
that a shuffle and its opposite are equally likely: without a leak, a learner that prefers neither label has
a mean of 0.5 over both and over initialisations. Six trainings a shuffle, some 20 s each on one core.

    snakemake --cores 8 results/tables.csv        # makes the stores
    python benchmarks/shuffled_labels.py
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from vadbench.config import EvaluationSettings, MethodSettings, load_benchmark
from vadbench.datasets import Annotations
from vadbench.demo.checks import method_settings
from vadbench.demo.controls import shuffled_labels, trained_auc
from vadbench.evaluation import micro_auc_of_rows
from vadbench.methods.layers.features import embeddings, width
from vadbench.methods.layers.lengths import normalised
from vadbench.methods.layers.seeds import stream_seed
from vadbench.methods.sultani import DeepMil
from vadbench.store import Store

UNTRAINED = 400


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--stores", type=Path, default=Path("stores/demo"))
    arguments.add_argument("--config", type=Path, default=Path("config"))
    arguments.add_argument("--shuffles", type=int, default=10)
    given = arguments.parse_args()
    annotations = Annotations.load(given.stores / "annotations.json")
    settings = method_settings(load_benchmark("demo", given.config), "sultani")
    with Store.open(given.stores / "clip") as features:
        untrained = untrained_aucs(features, annotations)
        print(f"untrained, run seed 0: {untrained[0]:.3f}")
        print_spread(f"untrained, {UNTRAINED} run seeds", untrained)
        lowest = int(untrained.argmin())
        runs = {"run seed 0": 0, f"run seed {lowest}, lowest": lowest, "own run seeds": None}
        for name, seed in runs.items():
            pairs = pair_aucs(features, annotations, settings, given.shuffles, seed)
            print_spread(f"{name}, shuffles", pairs[:, 0])
            print_spread(f"{name}, opposites", pairs[:, 1])
            print_spread(f"{name}, means of both", pairs.mean(axis=1))


def untrained_aucs(features: Store, annotations: Annotations) -> np.ndarray:
    """Micro AUC of the network as it is before training, for each run seed."""
    split = annotations.split("weak")
    judge = micro_auc_of_rows(features, annotations, split, EvaluationSettings())
    rows = {video: torch.from_numpy(normalised(embeddings(features, video))) for video in split.test}
    values = []
    for seed in range(UNTRAINED):
        torch.manual_seed(stream_seed(seed, "initialisation"))
        model = DeepMil(width(features), dropout=0).requires_grad_(False)
        values.append(judge({video: model(row).numpy() for video, row in rows.items()}))
    return np.array(values)


def pair_aucs(
    features: Store, annotations: Annotations, settings: MethodSettings, shuffles: int, seed: int | None
) -> np.ndarray:
    """Micro AUC after training on each shuffle and on its opposite, (shuffles, 2).

    seed: of every run; None: the shuffle's number.
    """
    values = []
    for number in range(shuffles):
        shuffled = shuffled_labels(annotations, number)
        run_seed = number if seed is None else seed
        both = (shuffled, opposite_labels(shuffled))
        values.append([trained_auc(features, labels, settings, seed=run_seed) for labels in both])
    return np.array(values)


def opposite_labels(annotations: Annotations) -> Annotations:
    """The same annotations, in which each training video of the weak split has the other label."""
    videos = dict(annotations.videos)
    for video in annotations.split("weak").train:
        classes = () if annotations.is_abnormal(video) else annotations.classes[1:2]
        videos[video] = videos[video].model_copy(update={"classes": classes})
    return annotations.model_copy(update={"videos": videos})


def print_spread(name: str, values: np.ndarray) -> None:
    deviation = np.std(values, ddof=1)
    print(
        f"{name:<36} n {len(values):>3}  mean {np.mean(values):.3f}  sd {deviation:.3f}  "
        f"standard error {deviation / np.sqrt(len(values)):.3f}  {min(values):.3f} to {max(values):.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
