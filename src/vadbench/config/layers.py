"""The layers that settings come from, how they are merged, and where a value stands."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vadbench.config.yaml_text import Keys, line_of, one_line, read_mapping, shown, value_at

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

CONFIG_OPTION = "--config"
"""Snakemake's option, after which entries are `key=value` with YAML as the value; other options hold JSON."""

NULLS = ("null", "~")
"""How YAML writes "no value"; `--config` delivers these as text."""


@dataclass(frozen=True)
class Layer:
    """Settings from one place."""

    values: Mapping[str, Any]
    file: Path
    prefix: Keys = ()
    """Where the values stand in the file."""
    option: str = ""
    """The option after which they may have been typed instead, such as `--config`; empty: none."""

    def where(self, keys: Keys) -> str:
        """Where the value under `keys` stands: `config/demo.yaml:12`, or the option."""
        line = self._line(keys)
        if line is None:
            return self.option or shown(self.file)
        return f"{shown(self.file)}:{line}"

    def corrected(self, keys: Keys, key: str | int, value: object, *, keep: bool = False) -> str:
        """The line as it should stand, with `key` and `value` in the place that `keys` lead to.

        keep: with all that was typed beside it; otherwise that is left out after `--config`.
        """
        if not self.option or self._line(keys) is not None:
            return _line(key, value)
        whole = untyped(_with(self.values, keys, key, value, keep=keep or self.option != CONFIG_OPTION))
        for name in reversed(self.prefix):
            whole = {name: whole}
        if self.option != CONFIG_OPTION:
            return f"{self.option} {shlex.quote(json.dumps(whole))}"
        ((name, top),) = whole.items()
        return f"{name}={shlex.quote(one_line(top))}"

    def _line(self, keys: Keys) -> int | None:
        """The line of the value in the file, or of what would hold it; None if it is not in the file."""
        while keys and value_at(self.values, keys) is None:
            keys = keys[:-1]
        line = line_of(self.file, (*self.prefix, *keys))
        if line is None or not self.option:
            return line
        written = value_at(read_mapping(self.file), (*self.prefix, *keys))
        return line if _as_typed(written) == _as_typed(value_at(self.values, keys)) else None


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`: mappings are merged key by key, everything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both else value  # type: ignore[arg-type]
    return result


def with_nulls(value: Any) -> Any:
    """The value with the text `null` turned into None, at every depth."""
    if isinstance(value, Mapping):
        return {key: with_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_nulls(item) for item in value]
    return None if isinstance(value, str) and value in NULLS else value


def holder(layers: Sequence[Layer], keys: Keys) -> Layer:
    """The layer that a value comes from; where none has it, the one that leads furthest towards it."""
    for length in range(len(keys), 0, -1):
        for layer in reversed(layers):
            if value_at(layer.values, keys[:length]) is not None:
                return layer
    return layers[0]


def _with(values: Any, keys: Keys, key: str | int, value: object, *, keep: bool) -> Any:
    """The way along `keys` with `key: value` at its end. Unless `keep` says so, neighbours are left out, but
    inside a list all is kept, because lists are replaced as a whole."""
    first, rest = keys[0], keys[1:]
    if isinstance(first, int):
        item = _with(values[first], rest, key, value, keep=True) if rest else value
        return [*values[:first], item, *values[first + 1 :]]
    known = values if isinstance(values, Mapping) else {}
    inner = _with(known.get(first, {}), rest, key, value, keep=keep) if rest else value
    name = first if rest else key
    if not keep or first not in known:
        return {**(known if keep else {}), name: inner}
    return {(name if old == first else old): (inner if old == first else item) for old, item in known.items()}


def _line(key: str | int, value: object) -> str:
    text = one_line(value)
    if isinstance(key, int):
        return f"- {text.removeprefix('{').removesuffix('}') if isinstance(value, Mapping) else text}"
    return f"{key}:" if isinstance(value, Mapping) else f"{key}: {text}"


def untyped(value: Any) -> Any:
    """The value as it was typed: numbers that `--config` made texts of are numbers again."""
    if isinstance(value, Mapping):
        return {key: untyped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [untyped(item) for item in value]
    return yaml.safe_load(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value


def _as_typed(value: Any) -> Any:
    """The value as `--config` would deliver it, so that both forms compare equal."""
    if isinstance(value, Mapping):
        return {key: _as_typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_typed(item) for item in value]
    return one_line(value).lower() if not isinstance(value, str) else value.lower()
