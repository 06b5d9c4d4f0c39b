"""Controls on the demo: what comes out where there is nothing to learn, or nothing to see.

Each repeats a run on the weak split with one thing taken away.

Shuffled labels teach nothing, but a training starts somewhere. Before any step Sultani's network has a micro
AUC of 0.830 with run seed 0, and of 0.09 to 0.88 over 400 run seeds (mean 0.493, standard deviation 0.171).
Labels without meaning leave a part of that start: ten shuffles that all start from run seed 0 have a mean of
0.678, from the seed with the lowest start 0.372. So each shuffle is trained with its own run seed: 0.575
(standard error 0.061), and 0.528 (0.016) with each shuffle's opposite labels beside it, where a learner that
prefers neither label, and sees none of the test's, has 0.5. `python benchmarks/shuffled_labels.py` measures
all of these.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import ClipSettings, EvaluationSettings, MethodSettings, TextSettings
from vadbench.datasets import Annotations, Split
from vadbench.demo.plan import BenchmarkPlan
from vadbench.demo.render import frame_truth
from vadbench.evaluation import micro_auc_of_rows
from vadbench.methods import METHODS, ScoreInputs, TrainInputs
from vadbench.methods.layers.features import Features
from vadbench.metrics import roc_auc
from vadbench.stages import run_stage
from vadbench.store import Part, Store, link

_SHUFFLE_STREAM = 71


def trained_auc(
    features: Store, annotations: Annotations, settings: MethodSettings, *, seed: int = 0, threads: int = 1
) -> float:
    """Micro AUC on the weak split's test videos of a method that is trained with these labels."""
    split = annotations.split("weak")
    rows = row_scores(features, annotations, split, settings, seed=seed, threads=threads)
    return micro_auc_of_rows(features, annotations, split, EvaluationSettings())(rows)


def row_scores(
    features: Features,
    annotations: Annotations,
    split: Split,
    settings: MethodSettings,
    *,
    seed: int = 0,
    threads: int = 1,
) -> dict[str, NDArray[np.float32]]:
    """Row scores (rows,) of each test video of the split by a method, after its training where it has one."""
    method = METHODS[settings.method]
    with tempfile.TemporaryDirectory(prefix="vadbench-control-") as folder:
        run = Path(folder)
        if method.trains:
            method.train(
                TrainInputs(
                    features=features,
                    split=split,
                    annotations=annotations,
                    texts=TextSettings(),
                    settings=settings,
                    seed=seed,
                    out=run,
                    threads=threads,
                )
            )
        method.score(
            ScoreInputs(
                features=features,
                split=split,
                texts=TextSettings(),
                settings=settings,
                seed=seed,
                run=run,
                out=run / "scores.h5",
                threads=threads,
            )
        )
        with Part.open(run / "scores.h5") as part:
            return {video: part.read(video, "score") for video in part.videos}


def shuffled_labels(annotations: Annotations, seed: int) -> Annotations:
    """The same annotations with the labels of the weak split's training videos dealt out anew."""
    train = annotations.split("weak").train
    order = np.random.default_rng([_SHUFFLE_STREAM, seed]).permutation(len(train))
    videos = dict(annotations.videos)
    for video, other in zip(train, order, strict=True):
        classes = annotations.videos[train[other]].classes
        videos[video] = annotations.videos[video].model_copy(update={"classes": classes})
    return annotations.model_copy(update={"videos": videos})


@contextmanager
def untrained_features(
    frames: Path, videos: Path, settings: ClipSettings, seed: int, threads: int = 1
) -> Iterator[Store]:
    """The clip set of the same frames by the same model at random initialisation.

    frames: folder of the set of frames. videos: folder of the benchmark's video lists, one per part.
    """
    random = settings.model_copy(update={"weights": "none", "seed": seed})
    with tempfile.TemporaryDirectory(prefix="vadbench-control-") as name:
        folder = Path(name)
        parts = sorted(frames.glob("part-*.h5"))
        for part in parts:
            shard = videos / f"{part.stem.removeprefix('part-')}.json"
            run_stage(
                random, videos=shard, reads=part, data_root=folder, out=folder / part.name, threads=threads
            )
        link(folder, len(parts))
        with Store.open(folder) as store:
            yield store


def camera_average_auc(plan: BenchmarkPlan) -> float:
    """Micro AUC on test videos of the share of abnormal training videos that their camera has.

    A test camera without training videos gets the share over all cameras.
    """
    train = plan.part("train")
    share = {
        camera: float(np.mean([bool(video.events) for video in train if video.camera == camera]))
        for camera in {video.camera for video in train}
    }
    overall = float(np.mean([bool(video.events) for video in train]))
    test = plan.part("test")
    labels = np.concatenate([frame_truth(video) for video in test])
    scores = np.concatenate([np.full(video.frames, share.get(video.camera, overall)) for video in test])
    return roc_auc(labels, scores)
