"""Which shard a video goes to."""

import heapq
import re
from collections.abc import Mapping
from pathlib import Path

from vadbench.datasets.entries import load_list

_LIST_NAME = re.compile(r"[0-9]{4}\.json")


def list_path(folder: Path, shard: int) -> Path:
    """The file that lists the videos of a shard."""
    return folder / f"{shard:04d}.json"


def earlier_assignment(folder: Path, shards: int) -> dict[str, int]:
    """Shard by video id, as the lists in `folder` have it.

    Empty where they were made for another number of shards. Raises VadbenchError for a damaged list: to go on
    without it would move its videos, and make whole shards again.
    """
    lists = [load_list(path) for path in list_files(folder)]
    return {
        entry.id: videos.shard
        for videos in lists
        if videos.shards == shards and videos.shard < shards
        for entry in videos.videos
    }


def list_files(folder: Path) -> list[Path]:
    """All files of `folder` that are named like lists."""
    return sorted(path for path in folder.glob("*.json") if _LIST_NAME.fullmatch(path.name))


def assign(sizes: Mapping[str, int], shards: int, earlier: Mapping[str, int]) -> dict[str, int]:
    """Shard by video id: the earlier one, or, for a new video, the shard that is lightest by then.

    New videos are taken from the largest to the smallest, so that a first assignment is nearly even.
    """
    kept = {id: earlier[id] for id in sizes if id in earlier}
    loads = [0] * shards
    for id, shard in kept.items():
        loads[shard] += sizes[id]
    heap = [(load, shard) for shard, load in enumerate(loads)]
    heapq.heapify(heap)
    for id in sorted(sizes.keys() - kept.keys(), key=lambda id: (-sizes[id], id)):
        load, shard = heap[0]
        kept[id] = shard
        heapq.heapreplace(heap, (load + sizes[id], shard))
    return kept
