"""Frames of a video with what a set of regions, a set of motion, or both say of them."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets.entries import load_videos
from vadbench.datasets.shards import list_path
from vadbench.errors import VadbenchError
from vadbench.figures.names import nearest_names
from vadbench.figures.overlay import COLOURS, OverlaidFrame, Regions, draw_overlaid
from vadbench.figures.stored_frames import nearest_rows
from vadbench.figures.style import png_bytes, write_picture
from vadbench.stages.frames import FRAME_SIZE
from vadbench.stages.images import read_image
from vadbench.stages.motion import FIELD, GRID, VECTOR
from vadbench.store import Part
from vadbench.video import open_video

_STAGES = ("regions", "motion")
_GROUP = "regions"  # of sets of regions; their stage's module would import torch
_MOST_BYTES = 2_000_000

Image = NDArray[np.uint8]


def show_sets(
    sets: Sequence[Path], video: str, out: Path, *, data_root: Path = Path("data"), chosen: Sequence[int] = ()
) -> None:
    """Draw frames of a video with boxes, tracks and motion vectors over them, one frame below the other.

    Boxes are drawn over the stored frames that they were found in; motion alone over frames that are decoded
    for it.

    Args:
        sets: folder of a set of the stage `regions`, of one of `motion`, or of both.
        video: the video's id.
        out: the PNG to write.
        data_root: folder of the data sets, where frames are decoded.
        chosen: source frames; none: the one in the middle of the rows.

    Raises:
        VadbenchError: for a set of another stage, two of one stage, a video that is not in a set (the nearest
            ids are named), a frame that has no row (the nearest is named), frames that were freed, and a set,
            list or video that is missing or damaged.
    """
    with ExitStack() as files:
        opened = _open_sets(sets, video, files)
        first = next(iter(opened.values()))
        frames = sorted(set(chosen)) or [first.middle_frame()]
        rows = [{stage: each.row(frame) for stage, each in opened.items()} for frame in frames]
        images = (
            _stored_images(opened["regions"], frames, files)
            if "regions" in opened
            else _decoded_images(first, frames, data_root)
        )
        drawn = [
            draw_overlaid(_overlaid(opened, *of_frame)) for of_frame in zip(frames, rows, images, strict=True)
        ]
    write_picture(png_bytes(np.concatenate(drawn), _MOST_BYTES, COLOURS), out)


@dataclass(frozen=True)
class _VideoOfSet:
    """One video of a set, in the part that holds it."""

    part: Part
    id: str

    def __post_init__(self) -> None:
        if not self.part.row_count(self.id):
            reason = self.part.skipped.get(self.id, "no frame of it was sampled")
            raise VadbenchError(f"{self.folder}: {self.id!r} has no rows: {reason}")

    @property
    def folder(self) -> Path:
        """The set's folder."""
        return self.part.path.parent

    def middle_frame(self) -> int:
        """The source frame of the row in the middle."""
        middle = self.part.row_count(self.id) // 2
        return int(self.part.frame(self.id, middle, middle + 1)[0])

    def row(self, frame: int) -> int:
        """The row of a source frame."""
        stored = self.part.frame(self.id)
        row = int(nearest_rows(stored, np.array([frame]))[0])
        if stored[row] != frame:
            raise VadbenchError(
                f"{self.folder}: {self.id!r} has no row for frame {frame}; the nearest is "
                f"{stored[row]}, the first {stored[0]}, the last {stored[-1]}"
            )
        return row

    def size(self, row: int) -> tuple[int, int]:
        """Width and height of the decoded frame."""
        width, height = self.part.read(self.id, FRAME_SIZE, row, row + 1)[0].tolist()
        return width, height


def _open_sets(sets: Sequence[Path], video: str, files: ExitStack) -> dict[str, _VideoOfSet]:
    """The sets by stage, regions first."""
    found: dict[str, _VideoOfSet] = {}
    for folder in sets:
        opened = _open_video(folder, video, files)
        stage = opened.part.stage
        if stage not in _STAGES:
            raise VadbenchError(
                f"{folder}: a set of the stage {stage}; boxes are drawn of a set of regions, arrows of one "
                "of motion"
            )
        if stage in found:
            raise VadbenchError(f"{folder}: a second set of {stage}; name one of each stage")
        found[stage] = opened
    return {stage: found[stage] for stage in _STAGES if stage in found}


def _open_video(folder: Path, video: str, files: ExitStack) -> _VideoOfSet:
    """A video of a set, whose parts need not be linked: of sets that no method reads itself they are not."""
    known: list[str] = []
    for path in sorted(folder.glob("part-*.h5")):
        part = files.enter_context(Part.open(path))
        if video in part.videos:
            return _VideoOfSet(part, video)
        known += part.videos
    if not known:
        raise VadbenchError(f"{folder}: no part of a set with videos is there; give stores/<benchmark>/<set>")
    raise VadbenchError(
        f"{folder}: no video {video!r}; the nearest of {len(known)} are {nearest_names(video, known)}"
    )


def _stored_images(regions: _VideoOfSet, frames: Sequence[int], files: ExitStack) -> list[Image]:
    """The frames that regions were found in."""
    folder = regions.folder.parent / str(regions.part.settings["reads"])
    if not folder.exists():
        raise VadbenchError(
            f"{folder} is missing, and boxes are drawn over its frames; if they were freed, run: snakemake "
            f"{folder}/store.json"
        )
    stored = _open_video(folder, regions.id, files)
    return [read_image(stored.part, stored.id, stored.row(frame)) for frame in frames]


def _decoded_images(motion: _VideoOfSet, frames: Sequence[int], data_root: Path) -> list[Image]:
    """Frames of the video itself."""
    path = data_root / _listed_path(motion)
    found: dict[int, Image] = {}
    with open_video(path) as reader:
        for decoded in reader.frames(gcd(*frames) or 1):
            if decoded.index in frames:
                found[decoded.index] = decoded.image
            if len(found) == len(frames):
                break
    if missing := set(frames) - found.keys():
        raise VadbenchError(
            f"{path}: ends before frame {min(missing)}, of which {motion.folder} has motion; make the "
            f"set again"
        )
    return [found[frame] for frame in frames]


def _listed_path(motion: _VideoOfSet) -> str:
    """Where the list of its shard says that a video is, below the data root."""
    part = motion.part.path
    shard = int(part.stem.removeprefix("part-"))
    listed = list_path(motion.folder.parent / "videos", shard)
    paths = [entry.path for entry in load_videos(listed) if entry.id == motion.id]
    if not paths:
        raise VadbenchError(f"{listed}: does not list {motion.id!r}, of which {part} has motion")
    return paths[0]


def _overlaid(
    opened: Mapping[str, _VideoOfSet], frame: int, rows: Mapping[str, int], image: Image
) -> OverlaidFrame:
    """A frame with what each set has of it, in its row."""
    sizes = {stage: each.size(rows[stage]) for stage, each in opened.items()}
    if len(set(sizes.values())) > 1:
        told = " and ".join(
            "{}: {} x {}".format(opened[stage].folder, *size) for stage, size in sizes.items()
        )
        raise VadbenchError(f"frame {frame} is not of one size, so that the sets are of two videos: {told}")
    stage, row = next(iter(rows.items()))
    first = opened[stage]
    time = float(first.part.time(first.id, row, row + 1)[0])
    return OverlaidFrame(
        image=image,
        size=sizes[stage],
        caption=f"{first.id}   ·   frame {frame}, {time:.2f} s",
        regions=_regions(opened["regions"], rows["regions"]) if "regions" in opened else None,
        field=_field(opened["motion"], rows["motion"]) if "motion" in opened else None,
    )


def _regions(found: _VideoOfSet, row: int) -> Regions:
    names = cast("Sequence[str]", found.part.attributes["names"])
    box, score, number, track = (
        found.part.ragged(found.id, _GROUP, array, row) for array in ("box", "score", "class", "track")
    )
    return Regions(box, [names[each] for each in number], score, track)


def _field(motion: _VideoOfSet, row: int) -> NDArray[np.int16]:
    rows, columns = motion.part.read(motion.id, GRID, row, row + 1)[0].tolist()
    field: NDArray[np.int16] = motion.part.ragged(motion.id, FIELD, VECTOR, row).reshape(rows, columns, 2)
    return field
