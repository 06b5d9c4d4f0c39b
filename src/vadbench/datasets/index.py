"""The index of a benchmark, brought up to date before a workflow is planned."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from vadbench.config import BenchmarkSettings, DataSettings
from vadbench.datasets.annotations import Annotations
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.entries import VideoEntry, VideoList
from vadbench.datasets.files import json_text, write_if_changed
from vadbench.datasets.masks import MaskDigests
from vadbench.datasets.published import Count, deviations
from vadbench.datasets.shards import assign, earlier_assignment, list_files, list_path
from vadbench.errors import VadbenchError


@dataclass(frozen=True)
class IndexReport:
    """What an index consists of, and what bringing it up to date changed."""

    benchmark: str
    entries: tuple[VideoEntry, ...]
    """All videos, sorted by id."""
    shards: Mapping[str, int]
    """Shard by video id."""
    written: tuple[Path, ...]
    """Files whose content changed."""
    notes: tuple[str, ...]
    """Where the data differs from what was published."""
    counts: tuple[Count, ...]
    """Videos, frames and events, beside the published figures."""


def index_benchmark(name: str, settings: BenchmarkSettings, data_root: Path, stores: Path) -> IndexReport:
    """Bring the video lists and the annotations of a benchmark up to date.

    Writes `stores/<name>/videos/<shard>.json`, the same in a folder for each split that a feature set is made
    for, and `stores/<name>/annotations.json`, where their content changes. Videos keep their shard while the
    number of shards stays; no video is opened.

    Raises VadbenchError where the data is not there or its annotations are damaged.
    """
    folder = stores / name
    found = find_dataset(settings.data, data_root, folder / "labels.json")
    if found.missing and settings.on_bad_video == "fail":
        raise _missing(name, found, data_root)
    annotations = _annotations(name, found, MaskDigests(data_root, folder / "masks.json"))
    _check_splits(settings, annotations, found.lacking)
    lists = folder / "videos"
    sizes = {entry.id: _size(entry, annotations) for entry in found.entries}
    shards = assign(sizes, settings.shards, earlier_assignment(lists, settings.shards))
    entries = tuple(sorted(found.entries, key=lambda entry: entry.id))
    listed: dict[int, list[VideoEntry]] = defaultdict(list)
    for entry in entries:
        listed[shards[entry.id]].append(entry)
    listings = {"": frozenset(shards), **_split_videos(settings, annotations)}
    written = [
        list_path(lists / folder_of, shard)
        for folder_of, wanted in listings.items()
        for shard in range(settings.shards)
        if _write_list(
            lists / folder_of,
            name,
            shard,
            settings.shards,
            [entry for entry in listed[shard] if entry.id in wanted],
        )
    ]
    _remove_old_lists(lists, settings, listings)
    if annotations.save(folder / "annotations.json"):
        written.append(folder / "annotations.json")
    return IndexReport(name, entries, shards, tuple(written), annotations.notes, found.counts)


def find_dataset(data: DataSettings, data_root: Path, memory: Path | None = None) -> Dataset:
    """What the module called like `data.kind` finds; only that module is imported.

    `memory` is the file for what the module remembers, if it does.
    """
    read = import_module(f"vadbench.datasets.{data.kind}").read
    found: Dataset = read(data, data_root, memory) if data.REMEMBERS else read(data, data_root)
    return found


def _annotations(name: str, found: Dataset, digests: MaskDigests) -> Annotations:
    videos = dict(sorted(found.videos.items()))
    for id, path in found.masks.items():
        videos[id] = videos[id].model_copy(update={"masks": digests.masks(path)})
    digests.save()
    try:
        return Annotations(
            benchmark=name,
            classes=found.classes,
            notes=(*deviations(found.counts), *found.notes, *_lacking_notes(found), *_missing_note(found)),
            splits=dict(found.splits),
            videos=videos,
        )
    except ValidationError as error:
        raise VadbenchError(f"{name}: {error.errors()[0]['msg']}; correct its annotations") from error


def _missing(name: str, found: Dataset, data_root: Path) -> VadbenchError:
    some = ", ".join(found.missing[:5]) + (", …" if len(found.missing) > 5 else "")
    return VadbenchError(
        f"{name}: {len(found.missing)} of {len(found.entries)} listed videos are not below {data_root}: "
        f"{some}; get them, or write on_bad_video: skip to go on without them"
    )


def _missing_note(found: Dataset) -> tuple[str, ...]:
    if not found.missing:
        return ()
    return (f"{len(found.missing)} of {len(found.entries)} listed videos are missing",)


def _split_videos(settings: BenchmarkSettings, annotations: Annotations) -> dict[str, frozenset[str]]:
    """The videos of each split that some feature set is made for."""
    names = {features.split for features in settings.features.values() if features.split is not None}
    return {name: annotations.split_videos(name, settings.draws) for name in sorted(names)}


_NEEDS = "one_class needs normal training videos, weak normal and abnormal ones, and both need test videos"


def _lacking_notes(found: Dataset) -> tuple[str, ...]:
    return tuple(f"no split {name}: {why}" for name, why in found.lacking.items())


def _check_splits(settings: BenchmarkSettings, annotations: Annotations, lacking: Mapping[str, str]) -> None:
    """The lists and labels at hand decide which of the splits that the settings allow there are."""
    for name in settings.splits:
        if name not in annotations.splits:
            why = lacking.get(name, _NEEDS)
            raise VadbenchError(
                f"{annotations.benchmark}: its videos give no split {name}; {why}; there are the splits: "
                f"{', '.join(annotations.splits)}"
            )


def _size(entry: VideoEntry, annotations: Annotations) -> int:
    """What a video weighs in its shard: its bytes, or its frames where it does not exist yet."""
    return entry.bytes or annotations.videos[entry.id].frames or 1


def _remove_old_lists(lists: Path, settings: BenchmarkSettings, wanted: Collection[str]) -> None:
    """Remove lists of an earlier, larger number of shards, and of splits that no set is made for any more."""
    for name in ("", *settings.data.SPLITS):
        folder = lists / name
        for path in list_files(folder)[settings.shards if name in wanted else 0 :]:
            path.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _write_list(folder: Path, name: str, shard: int, shards: int, entries: list[VideoEntry]) -> bool:
    videos = VideoList(benchmark=name, shard=shard, shards=shards, videos=tuple(entries))
    return write_if_changed(
        list_path(folder, shard), json_text(videos.model_dump(mode="json"), {"videos": 1})
    )
