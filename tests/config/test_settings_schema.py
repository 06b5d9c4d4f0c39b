"""The JSON schema: current, and of one mind with the types."""

from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError
from settings_files import CONFIG_FOLDER, ROOT, SMALL

from vadbench.config import BenchmarkSettings
from vadbench.config.schema import FOLDER, benchmark_schema, run_schema, schemas, write_schemas


@pytest.mark.parametrize("name", schemas())
def test_the_files_in_the_repository_are_current(name: str) -> None:
    written = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert written == schemas()[name], "run `python -m vadbench.config.schema` and commit what it writes"


def test_writing(tmp_path: Any) -> None:
    write_schemas(tmp_path / "new")
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == schemas()


@pytest.mark.parametrize("schema", [benchmark_schema(), run_schema()])
def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("file", sorted(CONFIG_FOLDER.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_benchmarks_fit(file: Any) -> None:
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), benchmark_schema())


def test_the_shipped_run_fits() -> None:
    jsonschema.validate(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), run_schema())


CHANGES: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"methods": ["zero_shot", {"sultani": {"lr": 0.1}}, {"linear_svm": None}]}, True),
    ({"texts": {"labels": {"normal": ["a", "b"], "fire": "c"}}}, True),
    ({"methods": ["sultanni"]}, False),
    ({"methods": [{"sultani": {"lrr": 0.1}}]}, False),
    ({"methods": [{"sultani": {"lr": 0}}]}, False),
    ({"methods": [{"sultani": {"method": "sultani"}}]}, False),
    ({"methods": [{"sultani": {}, "zero_shot": {}}]}, False),
    ({"features": {"frames": {"stage": "frames", "modle": 1}}}, False),
    ({"features": {"clip": {"stage": "clip"}}}, False),
    ({"features": {"a/b": {"stage": "frames"}}}, False),
    ({"seeds": []}, False),
    ({"seeds": [-1]}, False),
    ({"strid": 1}, False),
    ({"data": {"kind": "demo", "size": "huge"}}, False),
]


@pytest.mark.parametrize(("changes", "valid"), CHANGES)
def test_schema_and_types_agree(changes: dict[str, Any], valid: bool) -> None:
    values = {**SMALL, **changes}
    assert jsonschema.Draft202012Validator(benchmark_schema()).is_valid(values) is valid
    if valid:
        BenchmarkSettings.model_validate(values)
    else:
        with pytest.raises(ValidationError):
            BenchmarkSettings.model_validate(values)


@pytest.mark.parametrize(
    ("override", "valid"),
    [
        ({"all": {"seeds": [0]}}, True),
        ({"ped2": {"features": {"clip": {"model": "ViT-B-16", "weights": "none"}}}}, True),
        ({"ped2": {"texts": {"labels": {"fire": "flames"}}}}, True),
        ({"demo": {"data": {"size": "mini"}}}, True),
        ({"ped2": {"features": {"clip": {"modle": "ViT-B-16"}}}}, False),
        ({"all": {"sedes": [0]}}, False),
    ],
)
def test_an_override_needs_to_name_only_what_it_changes(override: dict[str, Any], valid: bool) -> None:
    validator = jsonschema.Draft202012Validator(run_schema())
    assert validator.is_valid({"override": override}) is valid
