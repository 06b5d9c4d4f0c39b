"""A run's folder: what a training leaves there, what a scoring takes from it and leaves beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import Arrays, read_arrays, read_record, write_arrays, write_json
from vadbench.methods.layers.features import check_described, described
from vadbench.methods.protocol import CHECKPOINT, SETTINGS, ScoreInputs, TrainInputs


def training_record(inputs: TrainInputs[Any] | ScoreInputs[Any]) -> dict[str, Any]:
    """What a checkpoint depends on besides labels, as JSON values: method, revision, seed, features; texts if
    used. Settings that scoring alone reads are left out."""
    record = {
        "method": inputs.settings.training_identity(),
        "revision": inputs.settings.REVISION,
        "seed": inputs.seed,
        "features": described(inputs.features),
    }
    if inputs.settings.USES_TEXTS:
        record["texts"] = inputs.texts.training_identity()
    return record


def scoring_record(inputs: ScoreInputs[Any]) -> dict[str, object]:
    """What scores depend on besides the checkpoint, as JSON values: method, seed, features; texts and queries
    if used."""
    record: dict[str, object] = {
        "method": inputs.settings.identity(),
        "seed": inputs.seed,
        "features": described(inputs.features),
    }
    if inputs.settings.USES_TEXTS:
        record["texts"] = inputs.texts.identity()
    if inputs.settings.uses_queries:
        record["queries"] = inputs.queries.identity()
    return record


def write_trained(inputs: TrainInputs[Any], arrays: Arrays, training: Mapping[str, object]) -> None:
    """Write the checkpoint of a finished training; what it depends on is in its header.

    training: what is to be known of it later: videos, steps, how the checkpoint was chosen.
    """
    write_arrays(inputs.out / CHECKPOINT, arrays, training_record(inputs) | {"training": training})


def read_trained(inputs: ScoreInputs[Any]) -> tuple[dict[str, NDArray[Any]], Path]:
    """The checkpoint of the run, as arrays and as a path.

    Raises:
        VadbenchError: if it is missing, damaged, or was trained with other settings, texts or seed, on
            features of another kind, or by another version.
    """
    path = inputs.run / CHECKPOINT
    trained = trained_record(inputs.run)
    arrays, _ = read_arrays(path)
    here = json.loads(json.dumps(training_record(inputs)))
    check_described(inputs.features, trained["features"], path)
    for key in here:
        if key != "features":
            _check_equal(key, trained.get(key), here[key], path)
    return arrays, path


def trained_record(run: Path) -> dict[str, Any]:
    """What the checkpoint of a run depends on, as it says itself.

    Raises:
        VadbenchError: if it is missing, damaged, or of another version.
    """
    path = run / CHECKPOINT
    record = read_record(path)
    said = {key for key, value in record.items() if key != "features" or isinstance(value, dict)}
    if missing := {"method", "revision", "seed", "features", "training"} - said:
        raise VadbenchError(
            f"{path}: does not say its {', '.join(sorted(missing))}, as one of another version of vadbench; "
            "run `vadbench train` for this run again"
        )
    return record


def write_settings(inputs: ScoreInputs[Any], checkpoint: Path | None) -> None:
    """Write what the scores depend on beside them, and what is to be known of the checkpoint's training."""
    training = {} if checkpoint is None else {"training": read_record(checkpoint)["training"]}
    write_json(inputs.out.parent / SETTINGS, scoring_record(inputs) | training)


def _check_equal(key: str, trained: Any, here: Any, path: Path) -> None:
    """Refuse a checkpoint that other settings were trained to."""
    if not (isinstance(here, dict) and isinstance(trained, dict)):
        trained, here = {key: trained}, {key: here}
    differing = [name for name in here.keys() | trained.keys() if trained.get(name) != here.get(name)]
    if differing:
        # Of another method all settings differ.
        name = "method" if "method" in differing else min(differing)
        raise VadbenchError(
            f"{path}: trained with {name} {trained.get(name)!r}, asked for is {here.get(name)!r}; "
            "run `vadbench train` with these settings"
        )
