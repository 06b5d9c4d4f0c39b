"""What the demo benchmark consists of: videos, cameras, events and boxes, from a seed and without any pixels.

`RENDERER_REVISION` stands for everything that decides a frame, a plan or the form of the manifest: a
change of any of them raises it.
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vadbench.demo.cameras import FPS
from vadbench.demo.events import EVENT_CLASSES
from vadbench.demo.scenes import Scene, build_scene
from vadbench.errors import VadbenchError

RENDERER_REVISION = 1
MANIFEST_NAME = "manifest.json"
CLASSES = ("normal", *EVENT_CLASSES)

Size = Literal["default", "mini"]
Part = Literal["train", "test"]
Box = tuple[int, int, int, int, int]
"""Frame, left, top, right, bottom; pixels, right and bottom exclusive."""

_PLAN_STREAM = 41  # first word of every plan's random stream


@dataclass(frozen=True)
class Event:
    """An abnormal event: its class, first frame and first frame after it."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class PlannedVideo:
    """One video of the benchmark, with its whole truth."""

    id: str
    path: str
    """Relative to the folder of the manifest."""
    part: Part
    one_class: bool
    """Whether it also belongs to the one-class split."""
    camera: int
    scene_seed: int
    frames: int
    classes: tuple[str, ...]
    """Abnormal classes of the whole video; none for a normal one."""
    events: tuple[Event, ...]
    boxes: tuple[Box, ...]
    """One per abnormal frame; test videos only."""


@dataclass(frozen=True)
class BenchmarkPlan:
    """All videos of a demo benchmark."""

    seed: int
    size: Size
    videos: tuple[PlannedVideo, ...]

    def part(self, name: Part, *, one_class: bool = False) -> tuple[PlannedVideo, ...]:
        """Videos of a part, of the weak split or of the one-class split."""
        return tuple(v for v in self.videos if v.part == name and (v.one_class or not one_class))


@dataclass(frozen=True)
class _Amounts:
    """How many videos a part has per camera, and how long they are (frames, both ends included)."""

    cameras: int
    per_camera: int
    """Normal videos per camera, and as many abnormal ones."""
    one_class_cameras: int
    one_class_normal: int
    one_class_abnormal: int
    """How many videos of each of the first cameras are in the one-class split."""
    frames: tuple[int, int]
    event: tuple[int, int]
    least_visible: int
    """The shortest piece of an event that touches an end of its video."""


_AMOUNTS: dict[tuple[Size, Part], _Amounts] = {
    ("default", "train"): _Amounts(5, 11, 4, 3, 0, (180, 240), (45, 105), 24),
    ("default", "test"): _Amounts(8, 4, 4, 1, 2, (180, 240), (45, 105), 24),
    ("mini", "train"): _Amounts(5, 1, 2, 1, 0, (60, 75), (22, 38), 15),
    ("mini", "test"): _Amounts(5, 1, 1, 1, 1, (60, 75), (22, 38), 15),
}


@lru_cache(maxsize=4)
def benchmark_plan(seed: int, size: Size) -> BenchmarkPlan:
    """The demo benchmark of a seed.

    Within each part and split, all cameras have the same share of abnormal videos, and the classes are spread
    over the cameras as evenly as their numbers allow. Three of the eight test cameras of the default size are
    in no training video.
    """
    if size not in ("default", "mini"):
        raise VadbenchError(f"demo size {size!r} is unknown; it is default or mini")
    return BenchmarkPlan(seed, size, (*_videos(seed, size, "train"), *_videos(seed, size, "test")))


def scene_of(video: PlannedVideo) -> Scene:
    """The scene that a video shows."""
    event = video.events[0] if video.events else None
    return _scene(video.camera, video.scene_seed, event)


def write_manifest(folder: Path, seed: int, size: Size) -> Path:
    """Write `folder/manifest.json`; one that already stands for the same benchmark is left alone."""
    path = folder / MANIFEST_NAME
    if path.exists():
        try:
            if read_header(folder) == (RENDERER_REVISION, seed, size):
                return path
        except VadbenchError:
            pass  # damaged: written anew
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{MANIFEST_NAME}.{os.getpid()}")
    draft.write_text(json.dumps(_manifest(benchmark_plan(seed, size)), separators=(",", ":")) + "\n")
    draft.replace(path)
    return path


def read_header(folder: Path) -> tuple[int, int, str]:
    """Renderer revision, seed and size of the manifest in `folder`."""
    path = folder / MANIFEST_NAME
    try:
        manifest = json.loads(path.read_text())
        return manifest["renderer_revision"], manifest["seed"], manifest["size"]
    except FileNotFoundError:
        raise VadbenchError(f"{path} is missing; `vadbench index` writes it") from None
    except (ValueError, KeyError, TypeError):
        raise VadbenchError(
            f"{path} is not a manifest of the demo; delete it and run `vadbench index`"
        ) from None


def _manifest(plan: BenchmarkPlan) -> dict[str, Any]:
    return {
        "renderer_revision": RENDERER_REVISION,
        "seed": plan.seed,
        "size": plan.size,
        "fps": FPS,
        "classes": list(CLASSES),
        "videos": [_entry(video) for video in plan.videos],
    }


def _entry(video: PlannedVideo) -> dict[str, Any]:
    """What may be known about a video: of training videos only the classes."""
    shown = video.part == "test"
    return {
        "id": video.id,
        "path": video.path,
        "part": video.part,
        "one_class": video.one_class,
        "camera": video.camera,
        "frames": video.frames,
        "classes": list(video.classes),
        "events": [[event.name, event.start, event.end] for event in video.events] if shown else None,
        "boxes": [list(box) for box in video.boxes] if shown else None,
    }


@dataclass(frozen=True)
class _Slot:
    """A place in the benchmark that a video will fill."""

    camera: int
    name: str | None
    one_class: bool


def _slots(amounts: _Amounts) -> list[_Slot]:
    """Cameras and classes of all videos of a part: equal shares, classes dealt out in turn."""
    slots = []
    for camera in range(amounts.cameras):
        chosen = camera < amounts.one_class_cameras
        for i in range(amounts.per_camera):
            slots.append(_Slot(camera, None, chosen and i < amounts.one_class_normal))
            name = EVENT_CLASSES[(camera * amounts.per_camera + i) % len(EVENT_CLASSES)]
            slots.append(_Slot(camera, name, chosen and i < amounts.one_class_abnormal))
    return slots


def _videos(seed: int, size: Size, part: Part) -> list[PlannedVideo]:
    """The videos of a part, in an order and under names that tell nothing about them."""
    words = [_PLAN_STREAM, seed, ("default", "mini").index(size), ("train", "test").index(part)]
    rng = np.random.default_rng(words)
    amounts = _AMOUNTS[size, part]
    slots = _slots(amounts)
    # A file that is there is kept, so what decides its content stands in its path.
    folder = f"seed-{seed}-revision-{RENDERER_REVISION}/{part}"
    return [
        _video(f"demo_{part}_{i:03d}", folder, part, slots[place], amounts, rng)
        for i, place in enumerate(rng.permutation(len(slots)))
    ]


def _video(
    name: str, folder: str, part: Part, slot: _Slot, amounts: _Amounts, rng: np.random.Generator
) -> PlannedVideo:
    frames = int(rng.integers(amounts.frames[0], amounts.frames[1] + 1))
    scene_seed = int(rng.integers(0, 2**31))
    start, end = _interval(frames, amounts, rng)
    event = None if slot.name is None else Event(slot.name, start, end)
    boxes: tuple[Box, ...] = ()
    if event is not None and part == "test":
        boxes = _boxes(_scene(slot.camera, scene_seed, event), event)
    return PlannedVideo(
        id=name,
        path=f"{folder}/{name}.mp4",
        part=part,
        one_class=slot.one_class,
        camera=slot.camera,
        scene_seed=scene_seed,
        frames=frames,
        classes=() if event is None else (event.name,),
        events=() if event is None else (event,),
        boxes=boxes,
    )


def _interval(frames: int, amounts: _Amounts, rng: np.random.Generator) -> tuple[int, int]:
    """First frame and first frame after an event: anywhere alike, cut where it would leave the video."""
    length = int(rng.integers(amounts.event[0], amounts.event[1] + 1))
    start = int(rng.integers(amounts.least_visible - length, frames - amounts.least_visible + 1))
    return max(0, start), min(frames, start + length)


def _scene(camera: int, scene_seed: int, event: Event | None) -> Scene:
    return build_scene(camera, scene_seed, None if event is None else (event.name, event.start, event.end))


def _boxes(scene: Scene, event: Event) -> tuple[Box, ...]:
    boxes = []
    for frame in range(event.start, event.end):
        box = scene.event_box(frame)
        if box is not None:
            boxes.append((frame, *box))
    return tuple(boxes)
