"""Settings of a run: what `config.yaml` holds."""

from collections.abc import Mapping
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from vadbench.config.base import Names, Settings
from vadbench.config.yaml_text import yaml_reason

DEVICE_PATTERN = r"^(auto|cpu|cuda(:[0-9]+)?)$"


def _unwrapped(value: Any) -> Any:
    """A list or mapping that arrived as one text, which is what `--config` makes of a nested value that a
    shell or a profile has quoted twice."""
    if not isinstance(value, str):
        return value
    try:
        # The base loader leaves every scalar a text, as `--config` itself does.
        return yaml.load(value, yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise PydanticCustomError(
            "yaml", "the text after --config is no YAML: {reason}", {"reason": yaml_reason(error)}
        ) from error


def _benchmarks(value: Any) -> Any:
    value = _unwrapped(value)
    return [value] if isinstance(value, str) else value


def _override(value: Any) -> Any:
    """Overrides; a name with nothing below it overrides nothing."""
    value = _unwrapped(value)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        return value
    return {name: {} if below is None or below == "" else below for name, below in value.items()}


class RunSettings(Settings):
    """Which benchmarks run, on which data, where."""

    benchmarks: Annotated[Names, BeforeValidator(_benchmarks)] = ("demo",)
    """Benchmarks to run: names of files in `config/`."""

    data_root: Annotated[str, Field(min_length=1)] = "data"
    """Folder that holds the data sets. It may move without anything being made again."""

    device: Annotated[str, StringConstraints(pattern=DEVICE_PATTERN)] = "auto"
    """auto: the GPU if there is one; or cpu, cuda, cuda:1."""

    override: Annotated[dict[str, dict[str, Any]], BeforeValidator(_override)] = Field(default={})
    """Settings that replace those of `config/<benchmark>.yaml`: below `all` for every benchmark, below a
    benchmark's name for that one. Keys are merged, lists are replaced."""
