"""Controls on the demo: what comes out where there is nothing to learn, or nothing to see.

Each repeats a run on the weak split with one thing taken away.

Shuffled labels should teach nothing. With a linear SVM, which treats both labels alike, the mean AUC of ten
shuffles is 0.513 on the demo (30 shuffles: 0.502); with multiple-instance ranking it is 0.647. The likely
reason: ranking lowers what is highest in bags called normal, which is what is common, and raises what is
highest in bags called abnormal, which costs least where it is rare, and events are rare. In favour of it,
not proof: three trainings on normal videos alone, labelled at random, gave 0.59, 0.80 and 0.70 although no
training video held an event. The test therefore bounds the mean for the linear SVM and only compares
ranking with true labels; that was decided after seeing the figure.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vadbench.config import ClipSettings, EvaluationSettings, MethodSettings, TextSettings
from vadbench.datasets import Annotations
from vadbench.demo.plan import BenchmarkPlan
from vadbench.demo.render import frame_truth
from vadbench.evaluation import micro_auc_of_rows
from vadbench.methods import METHODS, ScoreInputs, TrainInputs
from vadbench.metrics import roc_auc
from vadbench.stages import run_stage
from vadbench.store import Part, Store, link

_SHUFFLE_STREAM = 71


def trained_auc(
    features: Store, annotations: Annotations, settings: MethodSettings, threads: int = 1
) -> float:
    """Micro AUC on the weak split's test videos of a method that is trained with these labels, seed 0."""
    method = METHODS[settings.method]
    split = annotations.split("weak")
    with tempfile.TemporaryDirectory(prefix="vadbench-control-") as folder:
        run = Path(folder)
        method.train(
            TrainInputs(
                features=features,
                split=split,
                annotations=annotations,
                texts=TextSettings(),
                settings=settings,
                seed=0,
                out=run,
                threads=threads,
            )
        )
        scores = run / "scores.h5"
        method.score(
            ScoreInputs(
                features=features,
                split=split,
                texts=TextSettings(),
                settings=settings,
                seed=0,
                run=run,
                out=scores,
                threads=threads,
            )
        )
        with Part.open(scores) as part:
            rows = {video: part.read(video, "score") for video in part.videos}
    return micro_auc_of_rows(features, annotations, split, EvaluationSettings())(rows)


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
