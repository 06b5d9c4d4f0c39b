"""What is allowed at a place in the settings, in words. Read off the JSON schema of the types."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from vadbench.config.base import NAME_PATTERN
from vadbench.config.evaluation import LENGTH_TABLE_PATTERN
from vadbench.config.run import DEVICE_PATTERN
from vadbench.config.windows import SCALE_PATTERN
from vadbench.config.yaml_text import Keys

Node = Mapping[str, Any]

_NAME_WORDS = "a name of letters and digits with single _ . + - between them"

PATTERNS = {
    NAME_PATTERN: _NAME_WORDS,
    f"^$|{NAME_PATTERN}": f"{_NAME_WORDS}, or empty",
    DEVICE_PATTERN: "auto, cpu, cuda or cuda:<number>",
    SCALE_PATTERN: "size/stride in tokens, such as 2/2",
    LENGTH_TABLE_PATTERN: "the path of a .csv or .tsv file",
}
"""Words for the patterns of the types."""


class Allowed:
    """The JSON schema of a settings type, to be asked about the place that keys lead to."""

    def __init__(self, schema: Node, values: object) -> None:
        """values: the settings being checked; they say which of several types a place has."""
        self._schema = schema
        self._values = values

    def at(self, keys: Keys) -> Node:
        """The schema of a place; empty where the types have none."""
        node, values = self._resolved(self._schema, self._values), self._values
        for key in keys:
            values = _below(values, key)
            node = self._resolved(_step(node, key), values)
        return node

    def keys(self, keys: Keys) -> list[str]:
        """The keys a mapping may have; none where any name is allowed."""
        return list(self.at(keys).get("properties", ()))

    def words(self, node: Node) -> str:
        """What is allowed there, such as `a whole number, at least 1`."""
        node = self._resolved(node, None)
        if "anyOf" in node or "oneOf" in node:
            choices = node.get("anyOf", node.get("oneOf", ()))
            return " or ".join(dict.fromkeys(self.words(choice) for choice in choices))
        if choices := choices_of(node):
            return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
        if node.get("type") == "array":
            least = " of at least one" if node.get("minItems") else ""
            return f"a list{least}, each {self.words(node.get('items', {}))}"
        if node.get("pattern") in PATTERNS:
            return PATTERNS[node["pattern"]]
        return _WORDS.get(node.get("type", ""), "a value") + _limits(node)

    def _resolved(self, node: Node, values: object) -> Node:
        """The schema behind references; of several types, the one the values choose."""
        while "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            node = {**self._schema["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}
        if "discriminator" in node:
            tag = _below(values, node["discriminator"]["propertyName"])
            chosen = node["discriminator"]["mapping"].get(tag) if isinstance(tag, str) else None
            return self._resolved({"$ref": chosen}, values) if chosen else node
        if isinstance(values, Mapping | list | tuple):
            wanted = "object" if isinstance(values, Mapping) else "array"
            for choice in node.get("anyOf", node.get("oneOf", ())):
                if (found := self._resolved(choice, values)).get("type") == wanted:
                    return found
        return node


def choices_of(node: Node) -> list[str]:
    """The values a place may have, as text, if they can be listed."""
    values = node.get("enum", [node["const"]] if "const" in node else [])
    return list(dict.fromkeys("true" if value is True else str(value) for value in values))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word most like the one given, if any is like it."""
    known = {known.lower(): known for known in words}
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None


def corrected(node: Node, value: Any) -> Any:
    """An allowed value near the one given: the nearest choice, a list around it, a number cleaned of what is
    no number and brought within its limits; else the default or an example; None if there is none."""
    if choices := choices_of(node):
        return nearest(str(value), choices) or node.get("default", choices[0])
    if node.get("type") == "array" and not isinstance(value, list | tuple | Mapping) and value is not None:
        return [value]
    if node.get("type") in ("integer", "number"):
        number = re.match(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", str(value), re.IGNORECASE)
        if number and not isinstance(value, bool):
            return _within(node, float(number[0]))
    return node.get("default", next(iter(node.get("examples", ())), None))


def _within(node: Node, number: float) -> Any:
    if node["type"] == "integer":
        whole = max(round(number), node.get("minimum", node.get("exclusiveMinimum", -1) + 1))
        return min(whole, node.get("maximum", whole))
    inside = node.get("exclusiveMinimum", -1.0) < number < node.get("exclusiveMaximum", float("inf"))
    if inside and node.get("minimum", number) <= number <= node.get("maximum", number):
        return number
    return node.get("default")


def _step(node: Node, key: str | int) -> Node:
    if isinstance(key, int):
        below = node.get("items")
    else:
        others = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
        below = node.get("properties", {}).get(key) or next((one for one in others if one), None)
    return below if isinstance(below, Mapping) else {}


def _below(values: object, key: str | int) -> Any:
    if isinstance(values, Mapping):
        return values.get(key)
    return values[key] if isinstance(values, list | tuple) and isinstance(key, int) else None


_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "keys with values",
    "null": "null",
}


def _limits(node: Node) -> str:
    if node.get("type") == "integer" and "exclusiveMinimum" in node:
        node = {**node, "minimum": node["exclusiveMinimum"] + 1}
        del node["exclusiveMinimum"]
    words = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
        "minLength": "not empty",
    }
    return "".join(f", {text.format(_short(node[key]))}" for key, text in words.items() if key in node)


def _short(number: float) -> str:
    return f"{number:g}"
