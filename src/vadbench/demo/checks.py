"""The demo's figures in words: signs that the chain learns, and controls where it cannot."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from joblib import Parallel, delayed

from vadbench.config import BenchmarkSettings, ClipSettings, DemoData, MethodSettings
from vadbench.datasets import Annotations
from vadbench.demo.controls import camera_average_auc, shuffled_labels, trained_auc, untrained_features
from vadbench.demo.held_out import HeldOutAccuracy, held_out_accuracy
from vadbench.demo.held_out_objects import found_shares, share_lines
from vadbench.demo.plan import benchmark_plan
from vadbench.errors import VadbenchError
from vadbench.evaluation import Record
from vadbench.models.threads import usable_threads
from vadbench.models.weights import packaged
from vadbench.store import Store

SHUFFLES = 10
INITIALISATIONS = 5


def signs(results: Path, settings: BenchmarkSettings) -> Iterator[str]:
    """Lines that say how well the packaged models and the methods do on the demo.

    results: folder of a finished run of the default demo.
    """
    yield from accuracy_lines(held_out_accuracy(packaged("clip.safetensors").parent))
    yield from share_lines(found_shares(packaged("detector.safetensors")))
    weak = results / "demo" / "weak"
    zero_shot = Record.load(weak / "zero_shot" / "seed-0" / "metrics.json").metrics["micro_auc"]
    yield (
        f"zero-shot, frame AUC on the test split: {zero_shot.value:.3f} "
        f"[{zero_shot.ci_low:.3f}, {zero_shot.ci_high:.3f}]"
    )
    values = [
        Record.load(weak / "sultani" / f"seed-{seed}" / "metrics.json").metrics["micro_auc"].value
        for seed in settings.seeds
    ]
    each = ", ".join(f"{value:.3f}" for value in values)
    yield f"Sultani et al., micro AUC over {len(values)} seeds: {np.mean(values):.3f} ({each})"


def controls(stores: Path, settings: BenchmarkSettings, threads: int) -> Iterator[str]:
    """Lines that say what comes out without true labels, without a trained model, from the camera alone.

    stores: folder of the demo's stores of a finished run.
    """
    annotations = Annotations.load(stores / "annotations.json")
    for name in ("linear_svm", "sultani"):
        method = method_settings(settings, name)
        with Store.open(stores / "clip") as features:
            true = trained_auc(features, annotations, method, threads=threads)
        shuffles = shuffled_aucs(stores / "clip", annotations, method, workers=threads)
        yield f"{name}, true labels: {true:.3f}; {SHUFFLES} shuffles: {_spread(shuffles)}"
    values = untrained_aucs(stores, annotations, settings, threads)
    yield f"sultani on an untrained model, {INITIALISATIONS} initialisations: {_spread(values)}"
    data = cast(DemoData, settings.data)
    yield f"camera's average label: {camera_average_auc(benchmark_plan(data.seed, data.size)):.3f}"


def shuffled_aucs(
    features: Path, annotations: Annotations, method: MethodSettings, workers: int = 1
) -> list[float]:
    """Micro AUC after training on shuffled video labels, for each of `SHUFFLES`, each with its own run seed.

    With one seed for all they would share one initialisation, and their mean would tell of its direction.

    features: folder of the set; workers: processes that train side by side, each on one thread.
    """
    each = Parallel(usable_threads(workers))
    values: list[float] = each(
        delayed(_shuffled_auc)(features, annotations, method, seed) for seed in range(SHUFFLES)
    )
    return values


def _shuffled_auc(folder: Path, annotations: Annotations, method: MethodSettings, seed: int) -> float:
    with Store.open(folder) as features:
        return trained_auc(features, shuffled_labels(annotations, seed), method, seed=seed)


def untrained_aucs(
    stores: Path, annotations: Annotations, settings: BenchmarkSettings, threads: int = 1
) -> list[float]:
    """Micro AUC of Sultani et al. on features of an untrained model, for each of `INITIALISATIONS`.

    The seed is that of the model's initialisation and that of the run.
    """
    clip, sultani = cast(ClipSettings, settings.features["clip"]), method_settings(settings, "sultani")
    values = []
    for seed in range(INITIALISATIONS):
        with untrained_features(stores / "frames", stores / "videos", clip, seed, threads) as features:
            values.append(trained_auc(features, annotations, sultani, seed=seed, threads=threads))
    return values


def accuracy_lines(accuracy: HeldOutAccuracy) -> Iterator[str]:
    """Nearest-caption accuracy in lines: six-way, per class, per activity."""
    yield f"nearest caption on {accuracy.images} held-out renders, six-way: {accuracy.six_way:.3f}"
    yield f"  per class: {_shares(accuracy.per_class)}"
    yield f"  per activity, of {len(accuracy.per_activity)}: {_shares(accuracy.per_activity)}"


def method_settings(settings: BenchmarkSettings, name: str) -> MethodSettings:
    """The settings of the benchmark's entry for a method."""
    for entry in settings.methods:
        if entry.name == name:
            return entry.settings
    raise VadbenchError(f"config/demo.yaml: methods does not name {name}, which the controls repeat")


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items())


def _spread(values: list[float]) -> str:
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"mean {np.mean(values):.3f} (standard error {error:.3f}), {min(values):.3f} to {max(values):.3f}"
