"""Texts that stand for the classes."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from vadbench.config.base import SCORING, Settings

NORMAL = "normal"
"""The class of everything that is no anomaly; it has index 0 everywhere."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str | int | float) else value


_Several = Annotated[tuple[Text, ...], Field(min_length=1)]

Texts = Annotated[_Several, BeforeValidator(_listed, json_schema_input_type=Text | _Several)]
"""One text, or several whose probabilities are added up."""


class TextSettings(Settings):
    """The texts that CLIP compares frames with.

    A class has one text or several. A frame's probability of a class is the sum over the class's texts of a
    softmax over the texts of all classes: several texts say that the class looks like this *or* like that,
    which suits `normal`, whose scenes have nothing in common.
    """

    template: Annotated[str, Field(examples=["a photo of {}"], json_schema_extra=SCORING)] = "{}"
    """What is put around every text; `{}` is where the text goes. Learned prompts have their own context."""

    labels: dict[str, Texts] = Field(default={NORMAL: ("normal",), "abnormal": ("abnormal",)})
    """Per class its text or list of texts; `normal` and at least one other class."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.template.count("{}") != 1 or self.template.count("{") + self.template.count("}") != 2:
            raise PydanticCustomError(
                "template",
                "a template holds {braces} once, where the text goes, and no other brace",
                {"braces": "{}", "field": "template", "write": "{}"},
            )
        if NORMAL not in self.labels or len(self.labels) < 2:
            raise PydanticCustomError(
                "labels",
                "texts are needed for the class normal and for at least one abnormal class",
                {"field": "labels"},
            )
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, `normal` first, the others as they stand in the file."""
        return (NORMAL, *(name for name in self.labels if name != NORMAL))

    def prompts(self) -> list[tuple[str, str]]:
        """Every (class, whole text), the classes in their order."""
        return [
            (name, self.template.replace("{}", text)) for name in self.classes for text in self.labels[name]
        ]
