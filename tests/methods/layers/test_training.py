"""The training loop: killed and run again it ends with the same bits; a loss that is no number stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vadbench.errors import VadbenchError
from vadbench.methods.layers.batches import BalancedBatches
from vadbench.methods.layers.checkpoint import read_arrays
from vadbench.methods.layers.training import Learner, Moment, Schedule, module_arrays, train

VIDEOS = tuple(str(number) for number in range(12))
BATCHES = BalancedBatches(VIDEOS[:7], VIDEOS[7:], 2, "shorter", seed=5)
SCHEDULE = Schedule(epochs=6, steps_per_epoch=BATCHES.steps_per_epoch, min_steps=31)
IDENTITY = {"settings": (1, 2)}


def made_learner(seen: list[tuple[int, list[str]]] | None = None) -> Learner:
    """A small network with dropout: its result depends on every batch, every mask and every step."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(module.parameters())

    def loss(normal: Sequence[str], abnormal: Sequence[str]) -> Tensor:
        if seen is not None:
            seen.append((len(seen), [*normal, *abnormal]))
        rows = torch.tensor([[float(video), 1.0, float(video) ** 2 / 50] for video in (*normal, *abnormal)])
        targets = torch.tensor([0.0] * len(normal) + [1.0] * len(abnormal))
        return (module(rows)[:, 0] - targets).square().mean()

    return Learner(module, optimizer, loss, lambda part: 0.01 * 0.5**part)


def run(
    state: Path, *, stop: int | None = None, learner: Learner | None = None
) -> tuple[Learner, list[Moment]]:
    learner = learner or made_learner()
    return learner, train(learner, BATCHES, SCHEDULE, seed=3, state=state, identity=IDENTITY, stop=stop)


def same_bits(one: Learner, other: Learner) -> bool:
    arrays, others = module_arrays(one.module), module_arrays(other.module)
    return all(np.array_equal(arrays[name], others[name]) for name in arrays)


def test_the_length_is_the_longer_of_epochs_and_min_steps() -> None:
    assert Schedule(50, 30, 0).steps == 1500
    assert Schedule(50, 1, 400).steps == 400
    plain, stretched = Schedule(3, 5, 0), Schedule(3, 1, 10)
    assert [plain.part(step) for step in (0, 4, 5, 9, 10, 14)] == [0, 0, 1, 1, 2, 2]
    assert [stretched.end(part) for part in range(3)] == [3, 7, 10]
    assert [stretched.part(step) for step in range(10)] == [0] * 3 + [1] * 4 + [2] * 3


def test_it_walks_through_the_batches_of_each_epoch(tmp_path: Path) -> None:
    seen: list[tuple[int, list[str]]] = []
    _, history = run(tmp_path / "state", learner=made_learner(seen))
    expected = [pair for epoch in range(16) for pair in BATCHES.epoch(epoch)]
    assert [videos for _, videos in seen] == [normal + abnormal for normal, abnormal in expected][:31]
    assert [moment.step for moment in history] == [SCHEDULE.end(part) for part in range(6)]


def test_the_learning_rate_follows_the_parts(tmp_path: Path) -> None:
    learner = made_learner()
    rates = []
    learner.optimizer.register_step_pre_hook(lambda o, *_: rates.append(o.param_groups[0]["lr"]))
    run(tmp_path / "state", learner=learner)
    assert rates == [0.01 * 0.5 ** SCHEDULE.part(step) for step in range(31)]


def test_an_interrupted_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole, history = run(tmp_path / "whole")
    for cut in (4, 7, 30):
        state = tmp_path / f"cut-{cut}"
        stopping = made_learner()
        steps = iter(range(1000))

        def fail_at(*_: object, cut: int = cut, steps: object = steps) -> None:
            if next(steps) == cut:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        stopping.optimizer.register_step_pre_hook(fail_at)
        with pytest.raises(KeyboardInterrupt):
            run(state, learner=stopping)
        torch.manual_seed(12345)
        resumed, resumed_history = run(state)
        assert same_bits(whole, resumed)
        assert resumed_history == history


def test_a_finished_training_is_not_run_again(tmp_path: Path) -> None:
    whole, history = run(tmp_path / "state")
    seen: list[tuple[int, list[str]]] = []
    again, again_history = run(tmp_path / "state", learner=made_learner(seen))
    assert same_bits(whole, again)
    assert again_history == history
    assert not seen


def test_another_runs_state_is_not_continued(tmp_path: Path) -> None:
    train(made_learner(), BATCHES, SCHEDULE, seed=4, state=tmp_path / "state", identity={"seed": 4}, stop=10)
    learner, _ = run(tmp_path / "state")
    whole, _ = run(tmp_path / "whole")
    assert same_bits(whole, learner)


def test_stopping_early_is_a_prefix_of_the_whole(tmp_path: Path) -> None:
    """The step that a choice names gives the parameters that the choosing run had there."""
    states = []
    learner = made_learner()
    train(
        learner,
        BATCHES,
        SCHEDULE,
        seed=3,
        state=tmp_path / "a",
        identity=IDENTITY,
        watch=lambda: float(len(states.append(module_arrays(learner.module)) or states)),
    )
    early, history = run(tmp_path / "b", stop=SCHEDULE.end(2))
    assert history[-1].step == SCHEDULE.end(2)
    for name, value in module_arrays(early.module).items():
        np.testing.assert_array_equal(value, states[2][name])


def test_watching_sees_evaluation_mode_and_leaves_training_mode(tmp_path: Path) -> None:
    learner = made_learner()
    modes = []
    history = train(
        learner,
        BATCHES,
        SCHEDULE,
        seed=3,
        state=tmp_path / "a",
        identity=IDENTITY,
        watch=lambda: float(modes.append(learner.module.training) or len(modes)),
    )
    assert modes == [False] * 6
    assert [moment.watched for moment in history] == [1, 2, 3, 4, 5, 6]
    plain, _ = run(tmp_path / "b")
    assert same_bits(plain, learner)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_epoch_step_and_videos(tmp_path: Path, value: float) -> None:
    learner = made_learner()
    inner = learner.loss
    steps = iter(range(1000))

    def loss(normal: Sequence[str], abnormal: Sequence[str]) -> Tensor:
        return inner(normal, abnormal) * (value if next(steps) == 5 else 1)

    spoiled = Learner(learner.module, learner.optimizer, loss, learner.learning_rate)
    normal, abnormal = BATCHES.epoch(2)[1]
    listed = ", ".join(normal + abnormal)
    with pytest.raises(VadbenchError, match=rf"epoch 2, step 5 .*videos of the batch: {listed};"):
        run(tmp_path / "state", learner=spoiled)
    _, record = read_arrays(tmp_path / "state")
    assert record["history"][-1][0] == 5


KILLED = """
import sys, time
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_training import BATCHES, IDENTITY, SCHEDULE, made_learner, run
learner = made_learner()
learner.optimizer.register_step_pre_hook(lambda *_: time.sleep(0.02))
run(Path({state!r}), learner=learner)
"""


def test_a_killed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    """SIGKILL at different moments, several times in one training."""
    whole, _ = run(tmp_path / "whole")
    state = tmp_path / "state"
    code = KILLED.format(tests=str(Path(__file__).parent), state=str(state))
    for wait in (0.0, 0.11, 0.05):
        process = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ, OMP_NUM_THREADS="1"))
        before = state.stat().st_mtime_ns if state.exists() else 0
        while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
            time.sleep(0.002)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert read_arrays(state)[1]["history"][-1][0] < SCHEDULE.steps
    resumed, _ = run(state)
    assert same_bits(whole, resumed)
