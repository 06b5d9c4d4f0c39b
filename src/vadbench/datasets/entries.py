"""Lists of videos: all that a stage may depend on."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from vadbench.datasets.files import read_model


class VideoEntry(BaseModel):
    """A video of a benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """Its name throughout the benchmark."""
    path: str
    """File or frame folder, relative to `data_root`, with forward slashes."""
    bytes: int | None = None
    """Size of the file, or number of images of a frame folder; None where it is not known beforehand."""


class VideoList(BaseModel):
    """The videos of one shard, as in `stores/<benchmark>/videos/0000.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    shard: int
    shards: int
    videos: tuple[VideoEntry, ...]


def load_videos(path: Path) -> list[VideoEntry]:
    """The videos of a shard, sorted by id. Raises VadbenchError for a list that is missing or damaged."""
    return list(load_list(path).videos)


def load_list(path: Path) -> VideoList:
    """A shard's list with its number and the number of shards."""
    return read_model(path, VideoList, "delete it and run `vadbench index`, which writes it")


def videos_digest(entries: Iterable[VideoEntry]) -> str:
    """A sha256 over ids, paths and sizes: equal for equal lists, wherever `data_root` is."""
    lines = [json.dumps([entry.id, entry.path, entry.bytes]) for entry in entries]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
