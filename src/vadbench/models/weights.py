"""Which file a `weights` setting names.

Fetched weights lie below the working folder, in `weights/<model>/<tag>.safetensors` (or .pt, .bin), with
their record `<tag>.json` beside: model, tag, file, sha256.
"""

import hashlib
import importlib.resources
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vadbench.errors import VadbenchError
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.weights_files import CACHE, FILE_ENDINGS, HUB, record_path

HUB_CONFIG = "open_clip_config.json"


@dataclass(frozen=True)
class Weights:
    """What a `weights` setting stands for.

    `name` is what stores and tables say: a tag, "demo", "none" or a file's name. `file` and `sha256` are None
    and "" for "none". `quick_gelu` is the activation the weights were trained with, None where nobody knows.
    `preprocess` is what open_clip's table says of a tag (mean, std, resize mode); empty for other weights.
    """

    name: str
    file: Path | None = None
    sha256: str = ""
    quick_gelu: bool | None = None
    preprocess: Mapping[str, Any] = field(default_factory=dict)


def packaged(name: str) -> Path:
    """A file of the demo's weights: clip.json, clip.safetensors, words.txt or detector.safetensors."""
    # Read as package data: models must not import vadbench.demo.
    file = Path(str(importlib.resources.files("vadbench"))) / "demo" / "weights" / name
    if not file.is_file():
        raise VadbenchError(f"{file}: missing from this installation; install vadbench again")
    return file


def find_weights(model: str, weights: str, cache: Path = CACHE) -> Weights:
    """The file behind a `weights` setting, looked for on this machine only.

    `weights` is "demo", "none", a path, or a tag of open_clip for this model that was fetched ("hub" for a
    model of the hub). Raises VadbenchError for a missing file, an unknown tag, a tag that was not fetched
    (with the command to type) and a file that differs from what was fetched.
    """
    if weights == "none":
        return Weights("none")
    if weights == "demo":
        if model != "demo":
            raise VadbenchError(f"weights: demo fits model: demo only, not model: {model}")
        file = packaged("clip.safetensors")
        return Weights("demo", file, file_digest(file))
    if weights.endswith(FILE_ENDINGS):
        return _local_file(model, Path(weights))
    return _fetched(model, weights, cache)


def source_of(model: str, tag: str) -> Mapping[str, Any]:
    """open_clip's entry for a tag (url, hf_hub, quick_gelu, mean, …); empty for a model of the hub.

    Raises VadbenchError for an unknown tag, with the known ones.
    """
    if model.startswith(HUB):
        if tag != "hub":
            raise VadbenchError(f"weights: {tag!r}, but {model} has one set of weights; write weights: hub")
        return {}
    open_clip = import_open_clip()
    entry: Mapping[str, Any] = open_clip.get_pretrained_cfg(plain_name(model), tag)
    if not entry:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(plain_name(model))) or "none"
        raise VadbenchError(
            f"weights: {tag!r} is neither demo, none, a file (*{', *'.join(FILE_ENDINGS)}) nor "
            f"one of the tags of {model}: {known}"
        )
    return entry


def plain_name(model: str) -> str:
    """A model's name as open_clip's tables have it (ViT-B/16 is ViT-B-16 there)."""
    return model.replace("/", "-")


def read_record(record: Path) -> Mapping[str, str]:
    """model, tag, file and sha256 of fetched weights.

    Raises VadbenchError if the record is damaged, or file and record disagree.
    """
    try:
        content: Mapping[str, str] = json.loads(record.read_text(encoding="utf-8"))
        file = record.with_name(content["file"])
        command = f"vadbench fetch-weights {content['model']} {content['tag']}"
        as_recorded = file.is_file() and file_digest(file) == content["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise VadbenchError(
            f"{record}: damaged ({type(error).__name__}); type `vadbench fetch-weights` for its model again"
        ) from error
    if not as_recorded:
        raise VadbenchError(f"{file}: missing or not what {record.name} says; type `{command}`")
    return content


def file_digest(file: Path) -> str:
    """sha256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stated_digest(url: str) -> str:
    """The beginning of the sha256 that a download address states, "" where it states none."""
    # OpenAI's addresses hold the whole digest as a folder; LAION's files end in its first eight digits.
    match = re.search(r"/([0-9a-f]{64})/", url) or re.search(r"-([0-9a-f]{8})\.pt$", url)
    return match[1] if match else ""


def _fetched(model: str, tag: str, cache: Path) -> Weights:
    source = source_of(model, tag)
    record = record_path(model, tag, cache)
    if not record.exists():
        raise VadbenchError(f"{record}: not fetched yet; type `vadbench fetch-weights {model} {tag}`")
    content = read_record(record)
    quick_gelu = bool(source.get("quick_gelu", False)) if source else None
    return Weights(tag, record.with_name(content["file"]), content["sha256"], quick_gelu, source)


def _local_file(model: str, file: Path) -> Weights:
    if not file.is_file():
        raise VadbenchError(f"weights: {file}: no such file")
    digest = file_digest(file)
    return Weights(file.name, file, digest, _activation_of_file(model, file.name, digest))


def _activation_of_file(model: str, name: str, digest: str) -> bool | None:
    """The activation of a file that open_clip's table knows by digest, or whose name tells it.

    A path, unlike a tag, makes open_clip give no warning on a mismatch.
    """
    open_clip = import_open_clip()
    base = plain_name(model).removesuffix("-quickgelu")
    for tag in open_clip.list_pretrained_tags_by_model(base):
        entry = open_clip.get_pretrained_cfg(base, tag)
        stated = _stated_digest(entry.get("url", ""))
        if stated and digest.startswith(stated):
            return bool(entry.get("quick_gelu", False))
    return True if re.search(r"openai|quick_?gelu", name, re.IGNORECASE) else None
