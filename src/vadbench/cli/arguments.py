"""Arguments that several commands share."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from vadbench.errors import VadbenchError

DataRoot = Annotated[Path, typer.Option(help="Folder that holds the data sets.")]
Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu, cuda or cuda:N.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads; never more than this process may run on.")]
ConfigFile = Annotated[
    Path, typer.Option("--config", help="The run's settings; config/ is looked for beside it.")
]


def allowed_threads(threads: int) -> int:
    """At most the CPUs this process may run on; also told to OpenMP, which reads it once, at its import."""
    allowed = min(threads, len(os.sched_getaffinity(0)))
    os.environ["OMP_NUM_THREADS"] = str(allowed)
    # Waiting threads would spin and take the CPU from decoding and from other jobs: on a machine that is busy
    # otherwise, torch was ten times slower (measured).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return allowed


def read_json(option: str, text: str) -> dict[str, Any]:
    """The object that an option holds."""
    value = _json(option, text)
    if not isinstance(value, dict):
        raise VadbenchError(f"{option}: a JSON object is needed, such as '{{\"stride\": 4}}', not {text!r}")
    return value


def read_json_list(option: str, text: str) -> list[str]:
    """The list of texts that an option holds."""
    value = _json(option, text)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise VadbenchError(
            f"{option}: a JSON list of texts is needed, such as '[\"Test001\"]', not {text!r}"
        )
    return value


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise VadbenchError(f"{option}: not JSON ({error}): {text!r}") from None
