"""Training from video-level labels, as every weak method that learns by gradients does it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import TypeVar

import torch

from vadbench.config import TrainedSettings
from vadbench.methods.layers.batches import BalancedBatches
from vadbench.methods.layers.features import LabelledVideos, digest_of, training_videos
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.runs import training_record, write_trained
from vadbench.methods.layers.seeds import stream_seed
from vadbench.methods.layers.selection import best_step, held_out, video_auc
from vadbench.methods.layers.training import Learner, Moment, Schedule, module_arrays, train
from vadbench.methods.protocol import TrainInputs

S = TypeVar("S", bound=TrainedSettings)


@dataclass(frozen=True)
class WeakLearner(Learner):
    """What a method gives the loop, and what its checkpoint may be chosen by.

    `score` maps a video id to its row scores (T,) in evaluation mode.
    """

    score: Callable[[str], Floats]


Build = Callable[[], WeakLearner]
"""Makes a fresh learner; called with torch seeded for the initialisation."""

Samples = Callable[[tuple[str, ...]], tuple[str, ...]]
"""From video ids to what batches are drawn of: of several crops, each may be a sample by itself."""


def train_weak(inputs: TrainInputs[S], build: Build, samples: Samples = tuple) -> None:
    """Train on the split's training videos and write the checkpoint that `settings.selection` names.

    - last: all training videos, all steps of the schedule.
    - held_out: a seeded share of the training videos, of either label, is set aside and a first training runs
      on the others. At the end of each part of the schedule the videos set aside are scored and the AUC of
      their largest row scores is taken; the step with the best one (of equal ones the earliest) is the
      length of a second training on all training videos, from the same initialisation and with the same
      learning rates.
    - best_on_test: the same, but the first training runs on all training videos and `evaluate_on_test` judges
      it. No honest figure: the settings ask for a `variant` label, so that it stands beside the honest one.
      (On a GPU the second training may differ from the judged one in the last bits.)
    """
    videos = training_videos(inputs.features, inputs.split, inputs.annotations)
    schedule = _schedule(inputs, _batches(inputs, videos, samples))
    record: dict[str, object] = {"rule": inputs.settings.selection}
    stop = schedule.steps
    if inputs.settings.selection == "held_out":
        kept, out = held_out(videos, inputs.settings.held_out, inputs.seed)
        record["held_out"] = [*out.normal, *out.abnormal]
        judge = partial(_on_held_out, out)
        stop = _chosen(inputs, build, samples, kept, schedule, record, judge)
    elif inputs.settings.selection == "best_on_test":
        stop = _chosen(inputs, build, samples, videos, schedule, record, _on_test(inputs))
    learner, history = _trained(inputs, build, samples, videos, schedule, "final", stop)
    training = {
        "normal": len(videos.normal),
        "abnormal": len(videos.abnormal),
        "epochs": inputs.settings.epochs,
        "steps_per_epoch": schedule.steps_per_epoch,
        "steps": history[-1].step,
        "loss": [[moment.step, moment.loss] for moment in history],
        "selection": record,
    }
    write_trained(inputs, module_arrays(learner.module), training)
    rmtree(_state_folder(inputs))


def _chosen(
    inputs: TrainInputs[S],
    build: Build,
    samples: Samples,
    videos: LabelledVideos,
    schedule: Schedule,
    record: dict[str, object],
    judge: Callable[[WeakLearner], float],
) -> int:
    """The step a first training is best at; what it was judged by goes into the record."""
    _, history = _trained(inputs, build, samples, videos, schedule, "choice", schedule.steps, judge)
    record["values"] = [[moment.step, moment.watched] for moment in history]
    return best_step(history)


def _trained(
    inputs: TrainInputs[S],
    build: Build,
    samples: Samples,
    videos: LabelledVideos,
    schedule: Schedule,
    phase: str,
    stop: int,
    judge: Callable[[WeakLearner], float] | None = None,
) -> tuple[WeakLearner, list[Moment]]:
    torch.manual_seed(stream_seed(inputs.seed, "initialisation"))
    learner = build()
    history = train(
        learner,
        _batches(inputs, videos, samples),
        schedule,
        seed=inputs.seed,
        state=_state_folder(inputs) / f"{phase}.safetensors",
        identity=training_record(inputs)
        | {"normal": videos.normal, "abnormal": videos.abnormal, "stop": stop}
        | {"classes": _classes(inputs, videos)}
        | {"digest": digest_of(inputs.features, (*videos.normal, *videos.abnormal))},
        stop=stop,
        watch=None if judge is None else lambda: judge(learner),
        label=f"{inputs.settings.method}, {phase} training",
    )
    return learner, history


def _batches(inputs: TrainInputs[S], videos: LabelledVideos, samples: Samples) -> BalancedBatches:
    settings = inputs.settings
    halves = samples(videos.normal), samples(videos.abnormal)
    return BalancedBatches(*halves, settings.half_batch, settings.epoch, inputs.seed)


def _schedule(inputs: TrainInputs[S], batches: BalancedBatches) -> Schedule:
    return Schedule(inputs.settings.epochs, batches.steps_per_epoch, inputs.settings.min_steps)


def _classes(inputs: TrainInputs[S], videos: LabelledVideos) -> list[list[str]]:
    """The abnormal videos' classes, which a method may learn from."""
    return [list(inputs.annotations.videos[video].classes or ()) for video in videos.abnormal]


def _on_held_out(videos: LabelledVideos, learner: WeakLearner) -> float:
    return video_auc(videos, learner.score)


def _on_test(inputs: TrainInputs[S]) -> Callable[[WeakLearner], float]:
    evaluate = inputs.evaluate_on_test
    if evaluate is None:
        raise ValueError("best_on_test needs evaluate_on_test")
    tested = [video for video in inputs.split.test if inputs.features.row_count(video)]
    return lambda learner: evaluate({video: learner.score(video) for video in tested})


def _state_folder(inputs: TrainInputs[S]) -> Path:
    return inputs.out / "training"
