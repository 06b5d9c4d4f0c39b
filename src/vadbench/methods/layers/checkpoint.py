"""Arrays in safetensors with a JSON record beside them: never a pickle, never half a file."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vadbench.errors import VadbenchError
from vadbench.store.files import publish, unique_name, write_text

Arrays = Mapping[str, NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays, record: Mapping[str, object] | None = None) -> None:
    """Write arrays, and a JSON record into the same file's header so that the two can never disagree.

    The file appears under its name only when it is complete.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unique_name(path)
    metadata = {"record": json.dumps(record, sort_keys=True)} if record is not None else None
    # safetensors writes the memory of an array as it lies: a transposed view would come back scrambled.
    save_file({name: np.asarray(value, order="C") for name, value in arrays.items()}, temporary, metadata)
    _share(temporary)
    publish(temporary, path)


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and the record ({} where none was written) of a file of `write_arrays`."""
    with _opened(path) as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        return arrays, _record(file, path)


def read_record(path: Path) -> dict[str, Any]:
    """The record of a file of `write_arrays`, without its arrays."""
    with _opened(path) as file:
        return _record(file, path)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except FileNotFoundError:
        raise VadbenchError(f"{path}: no such checkpoint; run `vadbench train` for this run first") from None
    except SafetensorError as error:
        raise VadbenchError(
            f"{path}: damaged checkpoint ({error}); delete it and run `vadbench train` for this run again"
        ) from error


def _record(file: Any, path: Path) -> dict[str, Any]:
    text = (file.metadata() or {}).get("record", "{}")
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise VadbenchError(
            f"{path}: damaged checkpoint, its record is no JSON object: {text[:40]!r}; delete it and run "
            "`vadbench train` for this run again"
        )
    return record


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON, indented and sorted; the file appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def _share(path: Path) -> None:
    """Give a file of safetensors, which only its owner may read, the mode that the umask allows."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
