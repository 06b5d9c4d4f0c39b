"""Settings of a run: what `config.yaml` holds."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from vadbench.config.base import Names, Settings


class RunSettings(Settings):
    """Which benchmarks run, on which data, where."""

    benchmarks: Names = ("demo",)
    """Benchmarks to run: names of files in `config/`."""

    data_root: Annotated[str, Field(min_length=1)] = "data"
    """Folder that holds the data sets. It may move without anything being made again."""

    device: Annotated[str, StringConstraints(pattern=r"^(auto|cpu|cuda(:[0-9]+)?)$")] = "auto"
    """auto: the GPU if there is one; or cpu, cuda, cuda:1."""

    override: dict[str, dict[str, Any]] = Field(default={})
    """Settings that replace those of `config/<benchmark>.yaml`: below `all` for every benchmark, below a
    benchmark's name for that one. Keys are merged, lists are replaced."""
