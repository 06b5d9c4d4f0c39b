"""What an evaluation needs of a benchmark whose videos may not be at hand: its annotations, frame counts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vadbench.config import DataSettings
from vadbench.datasets import Annotations
from vadbench.datasets.index import find_dataset
from vadbench.datasets.published import deviations
from vadbench.errors import VadbenchError
from vadbench.evaluation.convention import DECODED, PUBLISHED
from vadbench.store import Store


def read_annotations(name: str, data: DataSettings, data_root: Path) -> Annotations:
    """Annotations of a benchmark from its data set module; videos and masks need not be there.

    Raises VadbenchError where lists or annotations are missing or damaged.
    """
    found = find_dataset(data, data_root)
    try:
        return Annotations(
            benchmark=name,
            classes=found.classes,
            notes=(*deviations(found.counts), *found.notes),
            splits=dict(found.splits),
            videos=dict(found.videos),
        )
    except ValidationError as error:
        raise VadbenchError(f"{name}: {error.errors()[0]['msg']}; correct its annotations") from error


@dataclass(frozen=True)
class FrameCounts:
    """Frames of videos by id, and where their number comes from."""

    frames: Mapping[str, int]
    source: str
    """For the convention."""


def frame_counts(annotations: Annotations, ids: Collection[str], store: Path) -> FrameCounts:
    """Frames of those of the videos `ids` whose number is known.

    Args:
        annotations: with the published numbers.
        ids: videos to look up.
        store: folder of the set of decoded frames; used where it is there, published numbers elsewhere.

    Raises:
        VadbenchError: the set of decoded frames is damaged.
    """
    decoded: dict[str, int] = {}
    if (store / "store.json").exists():
        with Store.open(store) as frames:
            there = set(frames.videos) - frames.skipped.keys()
            decoded = {id: frames.frame_count(id) for id in ids if id in there}
    known = {id: count for id in ids if (count := annotations.videos[id].frames) is not None}
    published = len(known.keys() - decoded.keys())
    mixed = f"{PUBLISHED} for {published} of {len(known | decoded)} videos, {DECODED} for the others"
    source = (mixed if decoded else PUBLISHED) if published else DECODED
    return FrameCounts(known | decoded, source)
