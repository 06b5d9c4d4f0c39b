"""A run's folder: what a training leaves there and what a scoring takes from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import Arrays, read_arrays, write_arrays, write_json
from vadbench.methods.layers.features import check_described, described
from vadbench.methods.protocol import CHECKPOINT, SETTINGS, ScoreInputs, TrainInputs


def run_record(inputs: TrainInputs[Any] | ScoreInputs[Any]) -> dict[str, object]:
    """What a run depends on besides labels, as JSON values: method, seed, features; texts and, in scoring,
    queries if used."""
    record: dict[str, object] = {
        "method": inputs.settings.identity(),
        "seed": inputs.seed,
        "features": described(inputs.features),
    }
    if inputs.settings.USES_TEXTS:
        record["texts"] = inputs.texts.identity()
    if isinstance(inputs, ScoreInputs) and inputs.settings.uses_queries:
        record["queries"] = inputs.queries.identity()
    return record


def write_trained(inputs: TrainInputs[Any], arrays: Arrays, training: Mapping[str, object]) -> None:
    """Write a finished training's settings and, last, its checkpoint.

    training: what is to be known of it later: videos, steps, how the checkpoint was chosen.
    """
    write_json(inputs.out / SETTINGS, run_record(inputs) | {"training": training})
    write_arrays(inputs.out / CHECKPOINT, arrays)


def read_trained(inputs: ScoreInputs[Any]) -> tuple[dict[str, NDArray[Any]], Path]:
    """The checkpoint of the run, as arrays and as a path.

    Raises:
        VadbenchError: if it is missing, damaged, or was trained on features of another kind.
    """
    path = inputs.run / CHECKPOINT
    arrays, _ = read_arrays(path)
    try:
        trained = json.loads((inputs.run / SETTINGS).read_text(encoding="utf-8"))
        features = dict(trained["features"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VadbenchError(
            f"{inputs.run / SETTINGS}: missing or damaged; run `vadbench train` for this run again"
        ) from error
    check_described(inputs.features, features, path)
    return arrays, path


def write_untrained(inputs: ScoreInputs[Any]) -> None:
    """Write the settings of a method without training beside its scores."""
    write_json(inputs.out.parent / SETTINGS, run_record(inputs))
