"""The shipped settings, copied to where a test may change them."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vadbench.config import BenchmarkSettings, load_run

ROOT = Path(__file__).parents[2]
CONFIG_FOLDER = ROOT / "config"

SMALL: dict[str, Any] = {
    "data": {"kind": "demo"},
    "splits": ["weak", "one_class"],
    "features": {
        "frames": {"stage": "frames", "stride": 4},
        "clip": {"stage": "clip", "model": "demo"},
    },
    "methods": ["zero_shot", "sultani"],
}
"""A small benchmark that is valid."""


def small(**changes: Any) -> BenchmarkSettings:
    """The small benchmark with other values at its top level."""
    return BenchmarkSettings.model_validate({**SMALL, **changes})


class Workspace:
    """A folder with `config.yaml` and `config/`, as in the repository."""

    def __init__(self, folder: Path) -> None:
        self.run_file = folder / "config.yaml"
        self.config_folder = folder / "config"
        shutil.copytree(CONFIG_FOLDER, self.config_folder)
        shutil.copy(ROOT / "config.yaml", self.run_file)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file: `config.yaml` or one of a benchmark."""
        file = self.run_file if name == "config.yaml" else self.config_folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def load(self, typed: Mapping[str, Any] | None = None) -> dict[str, BenchmarkSettings]:
        """Load as the Snakefile does: `config.yaml` with what was typed after `--config` merged in."""
        config = yaml.safe_load(self.run_file.read_text(encoding="utf-8"))
        return load_run({**config, **(typed or {})}, self.config_folder)
