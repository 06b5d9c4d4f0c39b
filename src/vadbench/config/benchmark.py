"""Settings of one benchmark: what `config/<benchmark>.yaml` holds."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, Union

from pydantic import Field, GetJsonSchemaHandler, PositiveInt, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from vadbench.config.base import Name, Names, Numbers, Settings
from vadbench.config.data import Data
from vadbench.config.evaluation import EvaluationSettings
from vadbench.config.features import FeatureSet
from vadbench.config.methods import METHOD_SETTINGS, MethodSettings
from vadbench.config.queries import QuerySettings
from vadbench.config.texts import TextSettings

if TYPE_CHECKING:
    AnyMethod: TypeAlias = MethodSettings
else:
    AnyMethod = Annotated[Union[tuple(METHOD_SETTINGS.values())], Field(discriminator="method")]  # noqa: UP007

MOST_SHARDS = 9999
"""Their numbers have four digits."""


class MethodEntry(Settings):
    """One entry of `methods:`. In YAML it is a name, or a name with the settings that differ."""

    settings: AnyMethod
    """The settings of the method named."""

    @property
    def name(self) -> str:
        """The method's name."""
        return self.settings.method

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"settings": {"method": given}}
        if not isinstance(given, dict) or len(given) != 1:
            raise PydanticCustomError(
                "entry", "an entry is a method's name, or one name with its settings indented below it", {}
            )
        ((name, settings),) = given.items()
        if isinstance(settings, MethodSettings):
            return given
        if settings is None:
            return {"settings": {"method": name}}
        if not isinstance(settings, dict):
            raise PydanticCustomError("entry", "the settings of a method are keys with values", {})
        if "method" in settings:
            raise PydanticCustomError("entry", "the method is named once, before its settings", {})
        return {"settings": {"method": name, **settings}}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The form in YAML: a name, or a mapping from one name to settings."""
        reference = handler(schema)
        entry = handler.resolve_ref_schema(reference)
        types = entry["properties"]["settings"]["discriminator"]["mapping"]
        settings = {name: {"anyOf": [{"$ref": of}, {"type": "null"}]} for name, of in types.items()}
        description = entry["description"]
        entry.clear()
        entry["description"] = description
        entry["anyOf"] = [
            {"type": "string", "enum": list(types)},
            {
                "type": "object",
                "properties": settings,
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
        return reference

    @model_serializer
    def _to_yaml(self) -> dict[str, Any]:
        return {self.name: self.settings.model_dump(mode="json", exclude={"method"})}


class BenchmarkSettings(Settings):
    """Data, feature sets and methods of a benchmark."""

    data: Data
    """The data set, and where it lies below `data_root`."""

    shards: Annotated[PositiveInt, Field(le=MOST_SHARDS)] = 1
    """Number of parts each feature set is made in. A fixed number, never the number of cores: changing it
    makes every set again."""

    on_bad_video: Literal["fail", "skip"] = "fail"
    """fail: a video that cannot be read stops the run; skip: it is listed, and lowers the coverage in the
    tables. Parts that are finished are kept when this changes."""

    splits: Names
    """The splits that methods run on, among those the data set offers."""

    draws: Numbers = (0,)
    """The draws of a split that is drawn, such as Ped2's weak one; without meaning for the others."""

    seeds: Numbers = (0, 1, 2)
    """Seeds of the methods that depend on one; tables give mean and standard deviation over them."""

    texts: TextSettings = TextSettings()
    """The texts that CLIP compares frames with."""

    queries: QuerySettings = QuerySettings()
    """The texts that CLIP compares regions of frames with."""

    features: Annotated[
        dict[Name, FeatureSet], Field(min_length=1, json_schema_extra={"additionalProperties": False})
    ]
    """Feature sets by name."""

    methods: Annotated[tuple[MethodEntry, ...], Field(min_length=1)]
    """Methods to run, each a name or a name with settings."""

    evaluation: EvaluationSettings = EvaluationSettings()
    """How scores are evaluated."""

    @model_validator(mode="after")
    def _queries_of_classes(self) -> Self:
        for name in self.queries.abnormal:
            if name not in self.texts.classes[1:]:
                raise PydanticCustomError(
                    "queries",
                    "{name} is no abnormal class of texts.labels; there are {classes}",
                    {
                        "name": name,
                        "classes": ", ".join(self.texts.classes[1:]),
                        "field": f"queries.abnormal.{name}",
                    },
                )
        return self
