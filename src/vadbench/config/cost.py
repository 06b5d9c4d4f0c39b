"""What the costs of a benchmark's feature sets and methods depend on."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import Name, Settings
from vadbench.config.benchmark import BenchmarkSettings, MethodEntry
from vadbench.config.features import FeatureSet
from vadbench.config.histograms import HistogramsSettings
from vadbench.config.methods import MethodSettings, TrainedSettings
from vadbench.config.runs import splits_of
from vadbench.config.texts import TextSettings

_TRAINING = TrainedSettings.model_fields.keys() - MethodSettings.model_fields.keys()
"""What all methods that learn by gradients share: optimizer, batches, length and the checkpoint that counts.
No cost of scoring depends on it."""


class CostSettings(Settings):
    """The methods that run, and the sets they are made from, of one benchmark."""

    shards: PositiveInt
    """Parts of each set, for each of which there is a log."""

    texts: TextSettings = TextSettings()
    """The benchmark's texts; the default where no method reads any."""

    features: dict[Name, FeatureSet]
    """Feature sets by name: those that the methods read, and those that these are made from."""

    methods: tuple[MethodEntry, ...]
    """Entries that run on some split."""

    @classmethod
    def of(cls, benchmark: BenchmarkSettings) -> Self:
        """Of a benchmark's settings what costs depend on."""
        methods = tuple(entry for entry in benchmark.methods if splits_of(benchmark, entry))
        texts = any(entry.settings.USES_TEXTS for entry in methods)
        return cls(
            shards=benchmark.shards,
            texts=benchmark.texts if texts else TextSettings(),
            features=_read(benchmark.features, methods),
            methods=methods,
        )

    @model_validator(mode="after")
    def _read_sets(self) -> Self:
        """What is read is there, and of the stage that can be read."""
        read = [(name, each.source, each.READS_STAGE) for name, each in self.features.items()]
        histograms = {name: x for name, x in self.features.items() if isinstance(x, HistogramsSettings)}
        read += [(name, each.motion, "motion") for name, each in histograms.items()]
        read += [(each.name, each.settings.reads, each.settings.READS_STAGE) for each in self.methods]
        for name, source, stage in read:
            if source is not None and (source not in self.features or self.features[source].stage != stage):
                raise PydanticCustomError(
                    "reads",
                    "{name} reads a set of the stage {stage}, which {source} is not",
                    {"name": name, "stage": stage or "", "source": source, "field": "features"},
                )
        return self

    def identity(self) -> dict[str, Any]:
        """As JSON values: equal ones cost the same.

        Not only what costs depend on is there: methods have settings of their own that no cost depends on,
        such as weights of losses and thresholds.
        """
        values = self.model_dump(mode="json", exclude={"features", "methods"})
        features = {name: each.identity() for name, each in self.features.items()}
        return values | {"features": features, "methods": [_of_scoring(entry) for entry in self.methods]}


def _read(features: Mapping[str, FeatureSet], methods: Iterable[MethodEntry]) -> dict[str, FeatureSet]:
    """Of the sets those that a method reads and those below them, in the same order."""
    reached: set[str] = set()
    names = [entry.settings.reads for entry in methods]
    while names:
        name = names.pop()
        if name not in reached:
            reached.add(name)
            names += features[name].sources
    return {name: settings for name, settings in features.items() if name in reached}


def _of_scoring(entry: MethodEntry) -> dict[str, Any]:
    """An entry without the splits it runs on and what methods that are trained share."""
    return {entry.name: entry.settings.model_dump(mode="json", exclude={"method", "splits", *_TRAINING})}
