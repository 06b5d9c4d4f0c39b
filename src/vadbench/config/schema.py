"""JSON schema of the settings, for editors. `python -m vadbench.config.schema` writes it anew."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vadbench.config.benchmark import BenchmarkSettings
from vadbench.config.run import RunSettings

FOLDER = Path("workflow/schemas")


def benchmark_schema() -> dict[str, Any]:
    """The schema of `config/<benchmark>.yaml`."""
    return {"$schema": _DIALECT, **BenchmarkSettings.model_json_schema(), "title": "A benchmark of vadbench"}


def run_schema() -> dict[str, Any]:
    """The schema of `config.yaml`. What stands below `override` is a benchmark's settings, none required."""
    schema = RunSettings.model_json_schema()
    benchmark = _partial(BenchmarkSettings.model_json_schema())
    definitions = {**schema.pop("$defs", {}), **benchmark.pop("$defs")}
    schema["properties"]["override"]["additionalProperties"] = benchmark
    return {"$schema": _DIALECT, **schema, "$defs": definitions, "title": "A run of vadbench"}


def schemas() -> dict[str, str]:
    """Text of every schema file by name."""
    files = {"benchmark.schema.json": benchmark_schema(), "run.schema.json": run_schema()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in files.items()}


def write_schemas(folder: Path) -> None:
    """Write the schema files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _partial(schema: Any) -> Any:
    """The schema with nothing required; a set or entry of which only some keys are given fits any type."""
    if isinstance(schema, Mapping):
        return {
            "anyOf" if key == "oneOf" else key: _partial(value)
            for key, value in schema.items()
            if key not in ("required", "discriminator") or not isinstance(value, list | Mapping)
        }
    return [_partial(item) for item in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    write_schemas(FOLDER)
