"""Fetching weights: the only place of vadbench that reaches the network."""

import importlib
import json
import logging
import os
import re
import shutil
from pathlib import Path

from vadbench.config.regions import RELEASED_DETECTORS
from vadbench.errors import VadbenchError
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.weights import HUB_CONFIG, file_digest, read_record, source_of
from vadbench.models.weights_files import CACHE, HUB, ULTRALYTICS, record_path

_LOG = logging.getLogger("vadbench.models")


def fetch_weights(model: str, tag: str, cache: Path = CACHE) -> Path:
    """Download a tag's weights ("hub": those of a model of the hub), record their sha256; the record's path.

    The tags of the model "ultralytics" are the detectors it releases: a `.pt` each, which is not opened here.
    Weights that are there already and agree with their record are left alone; those that do not are fetched
    anew. The digest is checked where the source states one. Raises VadbenchError for an unknown tag, a failed
    download or a wrong digest.
    """
    import_open_clip(network=True)
    _check_known(model, tag)
    record = record_path(model, tag, cache)
    if record.exists():
        try:
            read_record(record)
            return record
        except VadbenchError as error:
            _LOG.warning("%s; fetching it anew", str(error).partition(";")[0])
    # Kept when a download breaks off, so that the hub's client can continue it.
    downloads = record.parent / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    try:
        weights = _download(model, tag, downloads)
    except (OSError, RuntimeError, ValueError) as error:
        cause = str(error).partition("\n")[0]
        raise VadbenchError(f"fetching {tag} of {model} failed: {cause}") from error
    content = {
        "model": model,
        "tag": tag,
        "file": tag + weights.suffix,
        "sha256": _checked_digest(weights),
    }
    os.replace(weights.resolve(), record.with_name(content["file"]))
    shutil.rmtree(downloads)
    unfinished = record.with_suffix(".tmp")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(unfinished, record)
    return record


def _check_known(model: str, tag: str) -> None:
    """Refuse an unknown tag before anything is asked of the network."""
    if model != ULTRALYTICS:
        source_of(model, tag)
    elif tag not in RELEASED_DETECTORS:
        raise VadbenchError(f"{tag!r} is none of ultralytics' detectors: {', '.join(RELEASED_DETECTORS)}")


def _download(model: str, tag: str, downloads: Path) -> Path:
    """Bring the weights, for a model of the hub also its architecture; the file of the weights."""
    if model == ULTRALYTICS:
        # Imported here: whether it may use the network is settled when it is imported.
        huggingface_hub = importlib.import_module("huggingface_hub")
        repository = RELEASED_DETECTORS[tag]
        return Path(huggingface_hub.hf_hub_download(repository, f"{tag}.pt", cache_dir=downloads))
    open_clip = import_open_clip()
    if not model.startswith(HUB):
        return Path(open_clip.download_pretrained(dict(source_of(model, tag)), cache_dir=str(downloads)))
    repository = model.removeprefix(HUB)
    from_hub = open_clip.pretrained.download_pretrained_from_hf
    config = Path(from_hub(repository, HUB_CONFIG, cache_dir=str(downloads)))
    shutil.copyfile(config, downloads.parent / HUB_CONFIG)
    return Path(from_hub(repository, cache_dir=str(downloads)))


def _checked_digest(file: Path) -> str:
    """sha256 of a download, compared with what the hub states (open_clip checks other addresses itself)."""
    digest = file_digest(file)
    # The hub's client names a large file in its cache by the digest that the hub states.
    stated = file.resolve().name
    if re.fullmatch(r"[0-9a-f]{64}", stated) and stated != digest:
        file.resolve().unlink()
        raise VadbenchError(f"{file.name}: sha256 is {digest}, but the hub states {stated}; fetch it again")
    return digest
