"""What all settings share: frozen pydantic models that refuse unknown keys."""

from collections.abc import Hashable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """Base of every settings type. The docstring of a field is its description in the JSON schema."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _no_switches(cls, given: Any) -> Any:
        """Refuse true and false for numbers: pydantic reads them as 1 and 0, and YAML reads `on` as true."""
        for name, value in given.items() if isinstance(given, dict) else ():
            items = value if isinstance(value, list | tuple) else [value]
            field = cls.model_fields.get(name)
            if field and field.annotation is not bool and any(isinstance(item, bool) for item in items):
                raise PydanticCustomError("switch", "true and false stand for switches", {"field": name})
        return given

    def identity(self) -> dict[str, Any]:
        """The settings that an output depends on, as JSON values.

        It is what a store records and what Snakemake compares; fields marked with `LABEL` are left out.
        """
        return self._without(LABEL)

    def training_identity(self) -> dict[str, Any]:
        """The settings that a checkpoint depends on, as JSON values; settings made of them train to the same.

        Fields marked with `SCORING` are left out too.
        """
        return self._without(LABEL, SCORING)

    def _without(self, *marks: dict[str, Any]) -> dict[str, Any]:
        fields = type(self).model_fields.items()
        left_out = {name for name, field in fields if field.json_schema_extra in marks}
        return self.model_dump(mode="json", exclude=left_out)


LABEL: dict[str, Any] = {"affects_output": False}
"""`json_schema_extra` of a field that says where and how often a thing runs, not what comes out."""

SCORING: dict[str, Any] = {"affects_training": False}
"""`json_schema_extra` of a field that scoring alone reads."""

ROW_SCORING: dict[str, Any] = {"affects_training": "where selection scores videos"}
"""`json_schema_extra` of a field that row scores alone depend on, which a training takes to choose its
checkpoint by, unless it chooses the last."""


Value = TypeVar("Value", bound=Hashable)


def distinct(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Refuse a repeated value: it would name the same run twice."""
    twice = sorted({str(value) for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"each value may stand once, but {', '.join(twice)} is repeated")
    return values


def whole_number(value: object) -> object:
    """A number that `--config` delivered as text; for fields that allow single numbers, and so compare."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


NAME_PATTERN = r"^[A-Za-z0-9]+([_.+-][A-Za-z0-9]+)*$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A part of a path: letters and digits, with single `_`, `.`, `+` or `-` between them.

Doubled dashes and `@` are left out because they separate the parts of a run's name.
"""

Names = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)]

Numbers = Annotated[tuple[NonNegativeInt, ...], Field(min_length=1), AfterValidator(distinct)]
"""Seeds or draws: whole numbers from 0, each once."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
