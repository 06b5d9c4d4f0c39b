"""YAML as settings need it: repeated and unquoted odd keys are refused, and lines can be found again."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vadbench.errors import VadbenchError

Keys = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""


class _Loader(yaml.SafeLoader):
    """YAML's own rule keeps the last of two equal keys: a feature set would vanish without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str):
                text = f"the key {key.value} is read as {name!r}, not as text: put it in quotes"
                raise yaml.constructor.ConstructorError(None, None, text, key.start_mark)
            if name in seen:
                text = f"the key {name} stands twice in one place: rename one"
                raise yaml.constructor.ConstructorError(None, None, text, key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Writes line breaks within texts as escapes."""


def _one_line_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _one_line_text)


def shown(path: Path) -> str:
    """A path as messages print it: relative to the current folder where it is inside."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping."""
    try:
        values = yaml.load(path.read_bytes(), _Loader)
    except OSError as error:
        raise VadbenchError(f"{shown(path)}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise VadbenchError(f"{shown(path)}{_position(error)}: {yaml_reason(error)}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise VadbenchError(
            f"{shown(path)}: holds no settings, which are keys with values, such as `seeds: [0]`"
        )
    return values


def yaml_reason(error: yaml.YAMLError) -> str:
    """What is wrong with a YAML text, in one line."""
    parts = (getattr(error, "context", None), getattr(error, "problem", None) or str(error))
    return " ".join(" ".join(part.split()) for part in parts if part)


def one_line(value: object) -> str:
    """A value as YAML in one line."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True
    )
    return text.strip().removesuffix("...").strip()


def line_of(path: Path, keys: Keys) -> int | None:
    """The line, counted from 1, of the value under `keys`; None if the file has no such value."""
    try:
        node = yaml.compose(path.read_bytes(), yaml.SafeLoader)
    except (OSError, yaml.YAMLError):
        return None
    mark = node.start_mark if node else None
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = next(((name, value) for name, value in node.value if name.value == key), None)
            if found is None:
                return None
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            mark = node.start_mark
        else:
            return None
    return None if mark is None else mark.line + 1


def value_at(values: Any, keys: Keys) -> tuple[Any] | None:
    """The value under `keys`, in a tuple because it may be None; None if there is no such value."""
    for key in keys:
        in_list = isinstance(values, list | tuple) and isinstance(key, int) and key < len(values)
        if not in_list and not (isinstance(values, Mapping) and key in values):
            return None
        values = values[key]
    return (values,)


def _position(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""
