"""Trainings that end early."""

from collections.abc import Callable
from typing import Any

import pytest

from vadbench.methods.layers import training as training_loop


def kill_at_first_save(training: Callable[[], object]) -> None:
    """Run a training until its state is saved for the first time from here on."""
    save = training_loop._save

    def killed(*given: Any) -> None:
        save(*given)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_loop, "_save", killed)
        with pytest.raises(KeyboardInterrupt):
            training()


def counted_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of all steps that trainings take from here on, as they take them."""
    step, steps = training_loop._step, list[int]()

    def counted(*given: Any, **more: Any) -> float:
        steps.append(more["step"])
        return step(*given, **more)

    monkeypatch.setattr(training_loop, "_step", counted)
    return steps
