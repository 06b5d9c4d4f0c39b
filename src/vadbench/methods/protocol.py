"""What every method offers: `train` (stores -> checkpoint) and `score` (checkpoint, stores -> scores).

Files of a run's folder: `checkpoint.safetensors` from `train` (none where the method has no training),
`scores.h5` and `settings.json` from `score`. What a checkpoint was trained with is in its own header, for it
may be scored again with other settings of scoring.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vadbench.config import METHOD_SETTINGS, FeatureSet, MethodSettings, QuerySettings, TextSettings
from vadbench.datasets import Annotations, Split
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import Features

if TYPE_CHECKING:
    from vadbench.models.clip_tower import ClipModel
    from vadbench.models.counting import Network

CHECKPOINT = "checkpoint.safetensors"
SETTINGS = "settings.json"
SCORES = "scores.h5"

S = TypeVar("S", bound=MethodSettings)

TestValue = Callable[[Mapping[str, NDArray[np.float32]]], float]
"""Judges row scores (T,) by test video id; higher is better. For `selection: best_on_test` alone."""


@dataclass(frozen=True, kw_only=True)
class TrainInputs(Generic[S]):
    """What a training may depend on.

    `out` is the run's folder. `device` is "auto", "cpu", "cuda" or "cuda:1"; `threads` is for torch.
    """

    features: Features
    split: Split
    annotations: Annotations
    texts: TextSettings
    settings: S
    seed: int
    out: Path
    device: str = "auto"
    threads: int = 1
    evaluate_on_test: TestValue | None = None


@dataclass(frozen=True, kw_only=True)
class ScoreInputs(Generic[S]):
    """What scoring may depend on: every test video of the split gets scores; labels are not at hand.

    `run` is the folder that `train` wrote, `out` the scores store; `queries` are for methods that localise.
    """

    features: Features
    split: Split
    texts: TextSettings
    settings: S
    seed: int
    run: Path
    out: Path
    queries: QuerySettings = field(default_factory=QuerySettings)
    device: str = "auto"
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class NetworkInputs(Generic[S]):
    """What the size of a method's network may depend on.

    `features` are the settings of the set it reads, `clip` is the model of that set, of shapes without
    numbers; None for a set without a model.
    """

    settings: S
    texts: TextSettings
    features: FeatureSet
    clip: "ClipModel | None"

    @property
    def model(self) -> "ClipModel":
        """The model of the features. Raises VadbenchError where they have none."""
        if self.clip is None:
            raise VadbenchError(
                f"{self.settings.method}: the set {self.settings.reads} has no model that says how long its "
                "embeddings are"
            )
        return self.clip


@dataclass(frozen=True)
class Method:
    """A method by name; its module is imported when it is used, so that names are known without torch."""

    name: str
    module: str

    @property
    def trains(self) -> bool:
        """Whether it has a training; one that takes no supervision has none."""
        return METHOD_SETTINGS[self.name].SUPERVISION != "none"

    def train(self, inputs: TrainInputs[Any]) -> None:
        """Train on the training videos of the split; write checkpoint and settings into `inputs.out`.

        Raises VadbenchError where the method has no training or the videos do not allow it.
        """
        if not self.trains:
            raise VadbenchError(f"{self.name} has no training; run `vadbench score` directly")
        import_module(self.module).train(inputs)

    def score(self, inputs: ScoreInputs[Any]) -> None:
        """Score the test videos of the split and write them to `inputs.out`."""
        import_module(self.module).score(inputs)

    def network(self, inputs: NetworkInputs[Any]) -> "Network | None":
        """What scoring runs, to be counted; None for a method that does not say."""
        find = getattr(import_module(self.module), "network", None)
        found: Network | None = None if find is None else find(inputs)
        return found
