"""The JSON files of the index: readable, and written only where their content changes."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vadbench.errors import VadbenchError

Model = TypeVar("Model", bound=BaseModel)


def json_text(content: Mapping[str, object], levels: Mapping[str, int]) -> str:
    """`content` as JSON with a line for each key.

    `levels` says, by key, how many levels of its value are broken into lines of their own; below them, under
    keys that it does not name, and in lists of plain values everything stands on one line.
    """
    lines = [f"{_line(key)}: {_block(value, levels.get(key, 0), 1)}" for key, value in content.items()]
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def _block(value: object, levels: int, indent: int) -> str:
    if levels == 0 or not value:
        return _line(value)
    if isinstance(value, dict):
        opening, closing = "{}"
        items = [f"{_line(key)}: {_block(item, levels - 1, indent + 1)}" for key, item in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        opening, closing = "[]"
        items = [_block(item, levels - 1, indent + 1) for item in value]
    else:
        return _line(value)
    inner, outer = "\n" + " " * (indent + 1), "\n" + " " * indent
    return opening + inner + f",{inner}".join(items) + outer + closing


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_if_changed(path: Path, text: str) -> bool:
    """Write `text` to `path` unless it stands there already; True where it was written.

    Snakemake goes by time stamps: a list that is written anew makes every stage run again. The file appears
    whole, as other processes may read it.
    """
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)
    return True


def read_model(path: Path, model: type[Model], remedy: str) -> Model:
    """The content of a JSON file. Raises VadbenchError, with `remedy`, for one that is missing or damaged."""
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; {remedy}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise VadbenchError(f"{path}: {place + ': ' if place else ''}{first['msg']}; {remedy}") from error
