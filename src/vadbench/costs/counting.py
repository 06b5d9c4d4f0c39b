"""From settings to costs: every set and every method of a benchmark, counted without weights and videos.

Architectures must be here: a model of the hub (`hf-hub:owner/name`) must have been fetched.
"""

from collections.abc import Mapping
from pathlib import Path

from vadbench.config import CostSettings, FeatureSet, ImageTowerSettings, MethodSettings, RegionsSettings
from vadbench.costs.rates import Rate, rate_of
from vadbench.costs.row import Cost
from vadbench.methods import METHODS, NetworkInputs
from vadbench.models.clip_tower import ClipModel, unfilled_clip
from vadbench.models.counting import Network, flops_of
from vadbench.models.weights_files import ULTRALYTICS
from vadbench.stages import stage_network


def costs_of(benchmark: str, settings: CostSettings, logs: Path) -> list[Cost]:
    """The costs of a benchmark's sets, then of its methods, in the order of the settings.

    logs: folder of the logs, `<benchmark>/<set>/part-0000.log` and so on.

    Raises:
        VadbenchError: settings that do not fit their model, or a model that is unknown or was not fetched.
    """
    counted = _CountedSets(settings.features)
    sets = {
        name: counted.cost(benchmark, name, rate_of(logs / benchmark / name, settings.shards))
        for name in settings.features
    }
    methods = [
        _cost_of_method(benchmark, entry.settings, settings, sets[entry.settings.reads])
        for entry in settings.methods
    ]
    return [*sets.values(), *methods]


_BELOW = "GFLOPs in all: not known, for a set below is not counted"


class _CountedSets:
    """The sets of a benchmark with what they run."""

    def __init__(self, features: Mapping[str, FeatureSet]) -> None:
        self._features = features
        self._networks = {name: _network_of(settings) for name, settings in features.items()}
        self._parts = {
            name: {} if network is None else network.flops_per_frame()
            for name, network in self._networks.items()
        }

    def cost(self, benchmark: str, name: str, rate: Rate) -> Cost:
        """The row of a set."""
        settings, network, parts = self._features[name], self._networks[name], self._parts[name]
        model, weights = _made_by(settings)
        return Cost(
            benchmark=benchmark,
            kind="features",
            name=name,
            reads=", ".join(settings.sources),
            model=model,
            weights=weights,
            parameters=self._parameters(name),
            parameters_with_towers=self._with_below(name),
            trainable=0 if network is None else network.trainable,
            flops=self._own(name),
            flops_total=self._total(name),
            frames_counted=network.frames if network is not None and parts else None,
            frames_per_second=rate.frames_per_second,
            measured_on=rate.place,
            notes=_filled(
                "" if network is None else network.note,
                _BELOW if self._below(name) is None else "",
                _listed(parts),
                rate.note,
            ),
        )

    def _parameters(self, name: str) -> int | None:
        """Of what a set runs; None where they are not known."""
        network = self._networks[name]
        return 0 if network is None else network.parameters

    def _with_below(self, name: str) -> int | None:
        """Of what a set and those below it run; None where one of them is not known."""
        found = [self._parameters(name), *map(self._with_below, self._features[name].sources)]
        return None if None in found else sum(each for each in found if each is not None)

    def _own(self, name: str) -> float | None:
        """FLOPs per frame of a set; None where it runs what is not counted."""
        counted = self._networks[name] is None or self._parts[name]
        return sum(self._parts[name].values()) if counted else None

    def _below(self, name: str) -> float | None:
        """FLOPs per frame of the sets below one; None where one of them is not counted."""
        totals = [self._total(source) for source in self._features[name].sources]
        return None if None in totals else sum(total for total in totals if total is not None)

    def _total(self, name: str) -> float | None:
        """FLOPs per frame of a set and those below it; None where one of them is not counted."""
        own, below = self._own(name), self._below(name)
        return None if own is None or below is None else own + below


def _made_by(settings: FeatureSet) -> tuple[str, str]:
    """Model and weights of a set; empty where it has none."""
    if isinstance(settings, ImageTowerSettings):
        return settings.model, settings.weights
    if isinstance(settings, RegionsSettings) and settings.weights is not None:
        return ULTRALYTICS, settings.weights
    return "", ""


def _network_of(settings: FeatureSet) -> Network | None:
    """What a set runs; None for one without a model, an unknown network for a tower that does not say."""
    found = stage_network(settings)
    if found is None and isinstance(settings, ImageTowerSettings):
        return Network(coefficients=None, note="the stage does not say what it runs")
    return found


def _cost_of_method(benchmark: str, method: MethodSettings, settings: CostSettings, features: Cost) -> Cost:
    """The row of a method. features: the row of the set that it reads."""
    read = settings.features[method.reads]
    clip = unfilled_clip(read.model) if isinstance(read, ImageTowerSettings) else None
    network = METHODS[method.method].network(
        NetworkInputs(settings=method, texts=settings.texts, features=read, clip=clip)
    ) or Network(coefficients=None, note="the method does not say what it runs")
    parts = network.flops_per_frame()
    own = sum(parts.values()) if parts else None
    return Cost(
        benchmark=benchmark,
        kind="method",
        name=method.method,
        variant=method.variant,
        reads=method.reads,
        model=features.model,
        weights=features.weights,
        parameters=network.parameters,
        parameters_with_towers=_with_towers(network, features, clip),
        trainable=network.trainable,
        flops=own,
        flops_total=None if features.flops_total is None else features.flops_total + (own or 0),
        flops_once=None if network.texts is None else flops_of(network.texts),
        frames_counted=network.frames if parts else None,
        notes=_filled(network.note, _BELOW if features.flops_total is None else "", _listed(parts)),
    )


def _with_towers(network: Network, features: Cost, clip: ClipModel | None) -> int | None:
    """Its own parameters and those of the sets', or of both towers of CLIP where it reads texts."""
    below = clip.parameters if clip is not None and network.text_tower else features.parameters_with_towers
    if network.parameters is None or below is None:
        return None
    return network.parameters + below


def _listed(parts: Mapping[str, float]) -> str:
    """The parts of a sum, in GFLOPs."""
    if len(parts) < 2:
        return ""
    return "GFLOPs: " + ", ".join(f"{name} {flops / 1e9:.4g}" for name, flops in parts.items())


def _filled(*notes: str) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
