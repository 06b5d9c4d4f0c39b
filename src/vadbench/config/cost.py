"""What the costs of a benchmark's feature sets and methods depend on."""

from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import Name, Settings
from vadbench.config.benchmark import BenchmarkSettings, MethodEntry
from vadbench.config.features import FeatureSet
from vadbench.config.methods import MethodSettings, TrainedSettings
from vadbench.config.runs import splits_of
from vadbench.config.texts import TextSettings

_TRAINING = TrainedSettings.model_fields.keys() - MethodSettings.model_fields.keys()
"""Settings of the optimizer, which no cost of scoring depends on."""


class CostSettings(Settings):
    """The sets and the methods that run, of one benchmark."""

    shards: PositiveInt
    """Parts of each set, for each of which there is a log."""

    texts: TextSettings = TextSettings()
    """The benchmark's texts; the default where no method reads any."""

    features: Annotated[dict[Name, FeatureSet], Field(min_length=1)]
    """Feature sets by name."""

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
            features=benchmark.features,
            methods=methods,
        )

    @model_validator(mode="after")
    def _read_sets(self) -> Self:
        """What is read is there, and of the stage that can be read."""
        read = [(name, each.source, each.READS_STAGE) for name, each in self.features.items()]
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
        """As JSON values, from which equal costs can be counted."""
        values = self.model_dump(mode="json", exclude={"methods"})
        return values | {"methods": [_of_scoring(entry) for entry in self.methods]}


def _of_scoring(entry: MethodEntry) -> dict[str, Any]:
    """An entry without the settings of training and the splits it runs on."""
    return {entry.name: entry.settings.model_dump(mode="json", exclude={"method", "splits", *_TRAINING})}
