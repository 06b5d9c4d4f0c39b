"""Where weights lie on this machine. Imports no torch: a workflow asks for them before it is planned."""

from collections.abc import Mapping
from pathlib import Path

CACHE = Path("weights")
"""Folder of fetched weights, below the working folder."""

HUB = "hf-hub:"
ULTRALYTICS = "ultralytics"
"""The model whose weights are the detectors that ultralytics releases."""
PACKAGED_DETECTOR = "detector.safetensors"
FILE_ENDINGS = (".safetensors", ".pt", ".pth", ".bin")


def record_path(model: str, tag: str, cache: Path = CACHE) -> Path:
    """Where the record of fetched weights lies."""
    return cache / model.replace("/", "-").replace(":", "-") / f"{tag}.json"


def needed_record(model: str, weights: str) -> tuple[Path, str] | None:
    """The record and the tag of what has to be fetched for these settings; None where nothing has."""
    if model.startswith(HUB):
        # The architecture comes with the weights, which `weights: none` then leaves alone.
        tag = "hub" if weights == "none" or weights.endswith(FILE_ENDINGS) else weights
        return record_path(model, tag), tag
    if weights in ("demo", "none") or weights.endswith(FILE_ENDINGS):
        return None
    return record_path(model, weights), weights


def own_files(model: str, weights: str) -> list[Path]:
    """The files of the user's own that these settings name: an architecture, weights."""
    files = [
        Path(name)
        for name, endings in ((model, ".json"), (weights, FILE_ENDINGS))
        if name.endswith(endings) and not name.startswith(HUB)
    ]
    # A detector without a pickle has its architecture beside it.
    beside = model == ULTRALYTICS and weights.endswith(".safetensors")
    return [*files, Path(weights).with_suffix(".yaml")] if beside else files


def shown_names(weights: Mapping[str, str]) -> list[str]:
    """What tables call weights, of which a store notes sha256 by name.

    The packaged detector is `demo`, like the packaged CLIP; another detector's architecture, which lies
    beside its `.safetensors` in a `.yaml` of the same name, goes without saying.
    """
    beside = {Path(name).with_suffix(".yaml").name for name in weights if name.endswith(".safetensors")}
    return [
        "demo" if _is_packaged_detector(name, digest) else name
        for name, digest in weights.items()
        if name not in beside
    ]


def _is_packaged_detector(name: str, digest: str) -> bool:
    if name != PACKAGED_DETECTOR:
        return False
    # It imports torch.
    from vadbench.models.weights import file_digest, packaged

    return digest == file_digest(packaged(name))
