"""Reading settings: the types' defaults, below `config/<benchmark>.yaml`, below `override`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from vadbench.config import checks
from vadbench.config.allowed import nearest
from vadbench.config.base import Settings
from vadbench.config.benchmark import BenchmarkSettings
from vadbench.config.layers import CONFIG_OPTION, Layer, merged, with_nulls
from vadbench.config.problems import Problem, problems_of
from vadbench.config.run import RunSettings
from vadbench.config.yaml_text import Keys, read_mapping, value_at
from vadbench.errors import VadbenchError

EVERY = "all"
"""The name below `override` that stands for every benchmark."""

Loaded = TypeVar("Loaded", bound=Settings)


def load_run(config: Mapping[str, Any], config_folder: Path) -> dict[str, BenchmarkSettings]:
    """The settings of every benchmark of a run, by name, in the order given.

    config: what `config.yaml` holds, with what `--config` added; nested values may be text. config_folder:
    holds one file per benchmark; `config.yaml` beside it is where lines of errors are looked up.
    Raises VadbenchError at the first problem: file and line, key, value, what is allowed, and the corrected
    line.
    """
    run_file = config_folder.parent / "config.yaml"
    run = load_run_settings(config, run_file)
    known = benchmark_names(config_folder)
    # As the types read it: a benchmark or an override may have arrived as one text.
    layer = Layer(
        {**config, "benchmarks": list(run.benchmarks), "override": run.override},
        run_file,
        option=CONFIG_OPTION,
    )
    for number, name in enumerate(run.benchmarks):
        _known(("benchmarks", number), name, known, layer)
    for name in run.override:
        _known(("override", name), name, [*known, EVERY], layer)
    return {name: load_benchmark(name, config_folder, run.override) for name in run.benchmarks}


def load_run_settings(config: Mapping[str, Any], run_file: Path = Path("config.yaml")) -> RunSettings:
    """The settings of the run itself. run_file: where lines of errors are looked up."""
    return _validated(RunSettings, config, [Layer(config, run_file, option=CONFIG_OPTION)])


def load_benchmark(
    name: str, config_folder: Path, override: Mapping[str, Mapping[str, Any]] | None = None
) -> BenchmarkSettings:
    """The settings of one benchmark: its file, then `override.all`, then `override.<name>`.

    Raises VadbenchError for a name that has no file, and for the first problem in the settings.
    """
    run_file = config_folder.parent / "config.yaml"
    known = benchmark_names(config_folder)
    if known and name not in known:
        raise VadbenchError(f"{config_folder}: {_unknown(name, known)}")
    file = config_folder / f"{name}.yaml"
    layers = [Layer(read_mapping(file), file)]
    for part in (EVERY, name):
        part_values = with_nulls((override or {}).get(part, {}))
        layers.append(Layer(part_values, run_file, prefix=("override", part), option=CONFIG_OPTION))
    values: dict[str, Any] = {}
    for layer in layers:
        values = merged(values, layer.values)
    settings = _validated(BenchmarkSettings, values, layers)
    found = list(checks.problems(name, settings))
    if found:
        raise found[0].error(layers, len(found) - 1)
    return settings


def settings_of_option(kind: type[Loaded], option: str, values: Mapping[str, Any]) -> Loaded:
    """Settings that a command got as JSON after an option; errors name the option."""
    return _validated(kind, values, [Layer(values, Path(option), option=option)])


def benchmark_names(config_folder: Path) -> list[str]:
    """The benchmarks that have a file in the folder."""
    return sorted(path.stem for path in config_folder.glob("*.yaml"))


def _validated(kind: type[Loaded], values: Mapping[str, Any], layers: Sequence[Layer]) -> Loaded:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first, *others = problems_of(error, kind.model_json_schema(), values)
        raise first.error(layers, len(others)) from error


def _known(keys: Keys, name: str, known: Sequence[str], layer: Layer) -> None:
    """Refuse a name that is no benchmark."""
    if name in known:
        return
    near = nearest(name, known)
    text = _unknown(name, known)
    if near is None:
        raise Problem(keys, text).error([layer])
    (value,) = value_at(layer.values, keys) or (None,)
    is_key = isinstance(keys[-1], str)
    raise (Problem(keys, text, value, near) if is_key else Problem(keys, text, near)).error([layer])


def _unknown(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    text = f"there is no benchmark {name}; allowed: {', '.join(known)}"
    return text if near is None else f"{text}; the nearest is {near}"
