"""The packaged demo: its lists follow from the manifest that is written before anything is rendered."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vadbench.config import DemoData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import Dataset, relative_path, union
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.files import read_model


class _ManifestVideo(BaseModel):
    """The keys read here; the manifest says more, for the renderer."""

    model_config = ConfigDict(frozen=True)

    id: str
    path: str
    part: Literal["train", "test"]
    one_class: bool
    frames: int
    classes: tuple[str, ...]
    events: tuple[tuple[str, int, int], ...] | None
    boxes: tuple[tuple[int, float, float, float, float], ...] | None


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    classes: tuple[str, ...]
    videos: tuple[_ManifestVideo, ...]


def read(data: DemoData, data_root: Path) -> Dataset:
    """The demo benchmark of `data`; its videos need not be rendered yet.

    Raises VadbenchError for a manifest that is missing or damaged.
    """
    folder = data_root / data.folder / data.size
    manifest = read_model(folder / "manifest.json", _Manifest, "run `vadbench index`, which writes it")
    return Dataset(
        entries=tuple(
            VideoEntry(id=video.id, path=relative_path(folder / video.path, data_root))
            for video in manifest.videos
        ),
        classes=manifest.classes,
        splits={
            "weak": SplitLists(supervision="weak", **_parts(manifest.videos)),
            "one_class": SplitLists(
                supervision="one_class", **_parts(tuple(v for v in manifest.videos if v.one_class))
            ),
        },
        videos={video.id: _annotation(video) for video in manifest.videos},
    )


def _parts(videos: tuple[_ManifestVideo, ...]) -> dict[Literal["train", "test"], tuple[str, ...]]:
    return {
        "train": tuple(sorted(video.id for video in videos if video.part == "train")),
        "test": tuple(sorted(video.id for video in videos if video.part == "test")),
    }


def _annotation(video: _ManifestVideo) -> VideoAnnotation:
    events = video.events
    return VideoAnnotation(
        classes=video.classes,
        intervals=None if events is None else union((start, end) for _, start, end in events),
        segments=events or (),
        boxes=video.boxes or (),
        frames=video.frames,
    )
