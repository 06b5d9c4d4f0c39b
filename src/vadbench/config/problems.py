"""From what is wrong with settings to the one line that the user reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vadbench.config.allowed import PATTERNS, Allowed, corrected, nearest
from vadbench.config.base import NAME_PATTERN
from vadbench.config.layers import Layer, holder, untyped
from vadbench.config.methods import METHOD_SETTINGS
from vadbench.config.yaml_text import Keys, one_line, value_at
from vadbench.errors import VadbenchError

NOTHING = object()
"""No corrected value is known."""


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place in the settings."""

    keys: Keys
    """The way to the place."""
    text: str
    """What is wrong and what is allowed."""
    value: Any = NOTHING
    """The value as it should be."""
    key: str | None = None
    """The key as it should be, where the key itself is wrong."""
    beside: str | None = None
    """The neighbour that it clashes with; the line is one for the upper of the two layers they come from."""

    def error(self, layers: Sequence[Layer], more: int = 0) -> VadbenchError:
        """The error to raise. layers: lowest first; more: number of other problems found with this one."""
        layer = holder(layers, self.keys)
        if self.beside is not None:
            layer = max(layer, holder(layers, (*self.keys[:-1], self.beside)), key=layers.index)
        text = f"{layer.where(self.keys)}: {dotted((*layer.prefix, *self.keys))}: {self.text}"
        if self.value is not NOTHING:
            key = self.key or self.keys[-1]
            line = layer.corrected(self.keys, key, self.value, keep=self.beside is not None)
            text += f"; write `{line}`"
        return VadbenchError(text + (f" (and {more} more)" if more else ""))


def dotted(keys: Keys) -> str:
    """`features.clip.model`, `methods[2].sultani.lr`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".") or "settings"


def problems_of(error: ValidationError, schema: Mapping[str, Any], values: object) -> list[Problem]:
    """The problems pydantic found in `values`, wrong keys first: a mistyped key often explains the others.

    Of several at one place the first counts, and none of a place that holds another: a list is "too short"
    when its items are wrong.
    """
    allowed = Allowed(schema, values)
    details = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    problems = [_problem(detail, allowed, values) for detail in details]
    first = {problem.keys: problem for problem in reversed(problems)}
    around = {keys[:length] for keys in first for length in range(len(keys))}
    return [problem for keys, problem in reversed(first.items()) if keys not in around]


def _problem(detail: ErrorDetails, allowed: Allowed, values: object) -> Problem:
    kind, context = detail["type"], detail.get("ctx", {})
    keys = _written_keys(detail["loc"], values, keep_last=kind == "missing")
    if kind == "extra_forbidden":
        return _unknown_key(keys, allowed, values)
    if detail["loc"][-1:] == ("[key]",):
        return Problem(keys, f"not allowed as a key; allowed: {PATTERNS[NAME_PATTERN]}")
    if kind == "missing":
        return _missing(keys, allowed)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(keys, context, allowed, values)
    if kind == "switch":
        keys = (*keys, context["field"])
        return _wrong_value(keys, {**detail, "input": detail["input"][context["field"]]}, allowed)
    if field := context.get("field"):
        given = detail["input"]
        text = f"{_brief(given[field])}: {detail['msg']}" if field in given else detail["msg"]
        return Problem((*keys, field), text, context.get("write", NOTHING), beside=context.get("beside"))
    return _wrong_value(keys, detail, allowed)


def _unknown_key(keys: Keys, allowed: Allowed, values: object) -> Problem:
    known = allowed.keys(keys[:-1])
    near = nearest(str(keys[-1]), known)
    text = f"unknown key; allowed: {', '.join(sorted(known))}"
    if near is None:
        return Problem(keys, text)
    (value,) = value_at(values, keys) or (None,)
    return Problem(keys, f"{text}; the nearest is {near}", value, near)


def _missing(keys: Keys, allowed: Allowed) -> Problem:
    node = allowed.at(keys)
    value = corrected(node, None)
    return Problem(keys, f"missing; it is {allowed.words(node)}", NOTHING if value is None else value)


def _wrong_tag(keys: Keys, context: Mapping[str, Any], allowed: Allowed, values: object) -> Problem:
    """A wrong or missing `stage:` or `kind:`, or a method that does not exist."""
    name, tag = context["discriminator"].strip("'"), context.get("tag")
    if name == "method":
        return _unknown_method(keys, str(tag), values)
    known = list(allowed.at(keys)["discriminator"]["mapping"])
    text = "missing" if tag is None else f"there is no {name} {tag}"
    near = nearest(str(tag or keys[-1]), known) or known[0]
    return Problem((*keys, name), f"{text}; allowed: {', '.join(known)}", near)


def _unknown_method(keys: Keys, name: str, values: object) -> Problem:
    known = list(METHOD_SETTINGS)
    near = nearest(name, known)
    text = f"there is no method {name}; allowed: {', '.join(known)}"
    (entry,) = value_at(values, keys) or (None,)
    if near is None:
        return Problem(keys, text)
    value = {near: entry[name]} if isinstance(entry, Mapping) else near
    return Problem(keys, f"{text}; the nearest is {near}", value)


def _wrong_value(keys: Keys, detail: ErrorDetails, allowed: Allowed) -> Problem:
    node = allowed.at(keys)
    given = detail["input"]
    if detail["type"] in _OWN_WORDS:
        text = detail["msg"].removeprefix("Value error, ")
        return Problem(keys, f"{_brief(given)}: {text}", detail.get("ctx", {}).get("write", NOTHING))
    text = f"{_brief(given)} is not allowed; allowed: {allowed.words(node)}"
    if isinstance(given, bool | None) and node.get("type") == "string":
        text += " (YAML reads yes, no, on, off and null as values: put them in quotes)"
    value = corrected(node, given)
    return Problem(keys, text, NOTHING if value is None else value)


_OWN_WORDS = ("value_error", "entry", "rows", "scale", "side", "yaml")
"""Types of errors that vadbench's own validators raise, with a whole message."""


def _brief(value: object) -> str:
    """A value as it could be written in YAML, cut to 80 characters."""
    text = value if isinstance(value, str) and value.strip() else one_line(untyped(value))
    return text if len(text) <= 80 else f"{text[:77]}..."


def _written_keys(location: Sequence[str | int], values: object, *, keep_last: bool) -> Keys:
    """The way to a place as it is written in YAML: pydantic also counts the type it chose and the fields it
    wraps entries in, which are no keys of the file. keep_last: the last piece is a key that is missing."""
    keys: Keys = ()
    for number, piece in enumerate(location):
        missing = keep_last and number == len(location) - 1
        if missing or value_at(values, (*keys, piece)) is not None:
            keys = (*keys, piece)
    return keys
