"""The settings of evaluation as YAML and options deliver them."""

import jsonschema
import pytest
import yaml

from vadbench.config import EvaluationSettings, settings_of_option
from vadbench.errors import VadbenchError


@pytest.mark.parametrize("written", ["true", "'true'", "floor16", "floor16_minus_one", "ceil16", "own/l.tsv"])
def test_every_length_rule_can_be_written_in_yaml_and_fits_the_schema(written: str) -> None:
    given = yaml.safe_load(f"length_rule: {written}")
    assert EvaluationSettings.model_validate(given).length_rule == written.strip("'")
    jsonschema.validate(given, EvaluationSettings.model_json_schema())


@pytest.mark.parametrize("written", ["false", "flor16", "16", "lengths.txt", "null"])
def test_another_length_rule_is_refused_with_those_that_are_allowed(written: str) -> None:
    given = yaml.safe_load(f"length_rule: {written}")
    with pytest.raises(VadbenchError, match=r"one of true, floor16, .* or the path of a \.csv or \.tsv file"):
        settings_of_option(EvaluationSettings, "--settings", given)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, EvaluationSettings.model_json_schema())
