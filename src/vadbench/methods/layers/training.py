"""The training loop of the methods that learn by gradients.

It can be killed at any moment: run again, it continues from its last checkpoint, and on CPU it ends with the
bits of an undisturbed run. What makes that possible: batches depend on the seed and the epoch alone, and
the state file holds parameters, optimizer and the random state of dropout together.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import read_arrays, write_arrays
from vadbench.methods.layers.progress import progress
from vadbench.methods.layers.seeds import stream_seed


@dataclass(frozen=True)
class Schedule:
    """How long a training lasts.

    `steps` = max(epochs x steps per epoch, min_steps). A small benchmark has one batch per epoch; where
    `min_steps` makes the training longer, the `epochs` parts in which learning rate, checkpoints and
    selection count are stretched with it: part e ends at step round(steps x (e + 1) / epochs). Without
    stretching a part is an epoch of the batches.
    """

    epochs: int
    steps_per_epoch: int
    min_steps: int

    @property
    def steps(self) -> int:
        return max(self.epochs * self.steps_per_epoch, self.min_steps)

    def part(self, step: int) -> int:
        """The part, counted from 0, that holds a step, counted from 0."""
        return next(part for part in range(self.epochs) if step < self.end(part))

    def end(self, part: int) -> int:
        """The number of steps done when a part ends."""
        return round(self.steps * (part + 1) / self.epochs)


class Batches(Protocol):
    """The batches of a training, a function of the seed and the epoch's number alone, without a state."""

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in an epoch, at least one."""

    def epoch(self, number: int) -> Sequence[tuple[Any, ...]]:
        """The batches of an epoch in order, each as the arguments of the learner's loss."""

    def videos(self, batch: Any) -> list[str]:
        """The videos that a batch is made of."""


@dataclass(frozen=True)
class Learner:
    """What a method gives the loop.

    `loss` maps what a batch holds (the normal and the abnormal video ids of `BalancedBatches`, the numbers of
    `RowBatches`) to a scalar; `learning_rate` maps the schedule's part to the optimizer's rate.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Callable[..., Tensor]
    learning_rate: Callable[[int], float]


@dataclass(frozen=True)
class Moment:
    """The end of a part: steps done, mean loss over the part, and what was watched there."""

    step: int
    loss: float
    watched: float | None


def train(
    learner: Learner,
    batches: Batches,
    schedule: Schedule,
    *,
    seed: int,
    state: Path,
    identity: Mapping[str, object],
    stop: int | None = None,
    watch: Callable[[], float] | None = None,
    label: str = "train",
) -> list[Moment]:
    """Train `learner.module` in place and return what happened at the end of each part.

    state: the file that a killed run continues from; it is used only if its `identity` (settings, videos,
    features, seed) is this run's. stop: end after that many steps of the schedule. watch: called at the end
    of each part in evaluation mode; higher is better.
    """
    stop = schedule.steps if stop is None else stop
    torch.manual_seed(stream_seed(seed, "dropout"))
    history = _restore(learner, state, identity)
    done = history[-1].step if history else 0
    losses: list[float] = []
    learner.module.train()
    with progress(label, total=stop, unit="step", initial=done) as bar:
        for step, epoch, batch in _steps(batches, done, stop):
            part = schedule.part(step)
            losses.append(_step(learner, batches, batch, part, step=step, epoch=epoch))
            bar.update(1)
            if step + 1 in (schedule.end(part), stop):
                history.append(Moment(step + 1, float(np.mean(losses)), _watched(learner.module, watch)))
                _save(learner, state, identity, history)
                losses.clear()
    learner.module.eval()
    return history


def module_arrays(module: nn.Module) -> dict[str, NDArray[Any]]:
    """A copy of a module's parameters and buffers as arrays on the CPU."""
    return {name: _array(value) for name, value in module.state_dict().items()}


def load_module(module: nn.Module, arrays: Mapping[str, NDArray[Any]], source: Path) -> None:
    """Set a module's parameters and buffers; names and shapes must be the module's own."""
    try:
        module.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise VadbenchError(f"{source}: does not fit these settings and features: {reason}") from error


def _steps(batches: Batches, done: int, stop: int) -> Iterator[tuple[int, int, tuple[Any, ...]]]:
    """(step, epoch, batch) from step `done` to `stop`, as if the steps before had been walked through."""
    per_epoch = batches.steps_per_epoch
    for epoch in range(done // per_epoch, math.ceil(stop / per_epoch)):
        for step, batch in enumerate(batches.epoch(epoch), epoch * per_epoch):
            if done <= step < stop:
                yield step, epoch, batch


def _step(
    learner: Learner, batches: Batches, batch: tuple[Any, ...], part: int, *, step: int, epoch: int
) -> float:
    for group in learner.optimizer.param_groups:
        group["lr"] = learner.learning_rate(part)
    loss = learner.loss(*batch)
    value = float(loss.item())
    if not math.isfinite(value):
        raise VadbenchError(
            f"the loss is {value} at epoch {epoch}, step {step} (both counted from 0); videos of the batch: "
            f"{', '.join(batches.videos(batch))}; check their features with `vadbench verify`, or lower the "
            "learning rate"
        )
    learner.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    learner.optimizer.step()
    return value


def _watched(module: nn.Module, watch: Callable[[], float] | None) -> float | None:
    if watch is None:
        return None
    module.eval()
    value = watch()
    module.train()
    return value


def _save(learner: Learner, state: Path, identity: Mapping[str, object], history: list[Moment]) -> None:
    arrays = {f"module/{name}": value for name, value in module_arrays(learner.module).items()}
    optimizer = learner.optimizer.state_dict()
    scalars: dict[str, dict[str, object]] = {}
    for index, entries in optimizer["state"].items():
        for name, value in entries.items():
            if isinstance(value, Tensor):
                arrays[f"optimizer/{index}/{name}"] = _array(value)
            else:
                scalars.setdefault(str(index), {})[name] = value
    arrays["random/cpu"] = torch.get_rng_state().numpy()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        arrays["random/cuda"] = torch.cuda.get_rng_state().numpy()
    record = {
        "identity": identity,
        "history": [[moment.step, moment.loss, moment.watched] for moment in history],
        "groups": optimizer["param_groups"],
        "scalars": scalars,
    }
    write_arrays(state, arrays, record)


def _restore(learner: Learner, state: Path, identity: Mapping[str, object]) -> list[Moment]:
    """Put the state back and return its history; a missing state or another run's leaves all as it is."""
    if not state.exists():
        return []
    arrays, record = read_arrays(state)
    if record["identity"] != json.loads(json.dumps(identity)):
        return []
    load_module(learner.module, _below(arrays, "module/"), state)
    entries: dict[int, dict[str, object]] = {}
    for key, value in _below(arrays, "optimizer/").items():
        index, name = key.split("/", 1)
        entries.setdefault(int(index), {})[name] = torch.from_numpy(value)
    for index, scalars in record["scalars"].items():
        entries.setdefault(int(index), {}).update(scalars)
    learner.optimizer.load_state_dict({"state": entries, "param_groups": record["groups"]})
    torch.set_rng_state(torch.from_numpy(arrays["random/cpu"]))
    if "random/cuda" in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(arrays["random/cuda"]))
    return [Moment(*entry) for entry in record["history"]]


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _array(value: Tensor) -> NDArray[Any]:
    return value.detach().cpu().numpy().copy()
