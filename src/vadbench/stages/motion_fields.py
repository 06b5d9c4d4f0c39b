"""Where a stage takes the motion of videos from: a stored part, or the encoder itself. Both give the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vadbench.config import MotionSettings
from vadbench.datasets import VideoEntry, load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.hevc_vectors import HevcVectors
from vadbench.models.threads import usable_threads
from vadbench.stages.frames import FRAME_SIZE
from vadbench.stages.motion import FIELD, FIELDS_AHEAD, GRID, VECTOR, FrameMotion, video_motion
from vadbench.stages.pipeline import prefetch
from vadbench.stages.progress import Progress
from vadbench.stages.protocol import StageInputs
from vadbench.store import Part

Field = NDArray[np.int16]
"""Motion of one frame, (rows, columns, 2); see `HevcVectors.fields`."""
Size = tuple[int, int]
"""Width and height in pixels of a video's frames."""


def size_of(part: Part, id: str) -> Size:
    """The size of the frames of a video that a part has rows of."""
    width, height = part.read(id, FRAME_SIZE, 0, 1)[0].tolist()
    return width, height


class StoredFields:
    """The motion of one video in a part."""

    def __init__(self, part: Part, id: str, frames: int, size: Size, progress: Progress) -> None:
        """frames, size: how many the video has, and of what size. Raises VadbenchError where the part knows
        of others."""
        _check_size(id, size_of(part, id), size)
        if part.frame_count(id) != frames:
            raise _other_frames(id, part.frame_count(id), frames)
        self._part, self._id, self._progress = part, id, progress

    def at(self, frame: int) -> Field:
        """The field of a frame."""
        with self._progress.busy("reading"):
            rows, columns = self._part.read(self._id, GRID, frame, frame + 1)[0]
            field: Field = self._part.ragged(self._id, FIELD, VECTOR, frame)
        return field.reshape(rows, columns, 2)

    def finish(self) -> None:
        """See that the video is read to its end."""


class EncodedFields:
    """The motion of one video while it is encoded."""

    def __init__(self, motion: Iterator[FrameMotion], id: str, frames: int, size: Size) -> None:
        """frames, size: how many the video has, and of what size; both methods raise VadbenchError where
        there are others, and BadVideoError where it cannot be read."""
        self._motion, self._id, self._frames, self._size = motion, id, frames, size
        self._last: FrameMotion | None = None

    def at(self, frame: int) -> Field:
        """The field of a frame, not before the one asked for last."""
        while self._last is None or self._last.frame < frame:
            following = next(self._motion, None)
            if following is None:
                raise _other_frames(self._id, self._count(), self._frames)
            self._take(following)
        return self._last.field

    def finish(self) -> None:
        """See that the video is read to its end."""
        for motion in self._motion:
            self._take(motion)
        if self._count() != self._frames:
            raise _other_frames(self._id, self._count(), self._frames)

    def _take(self, motion: FrameMotion) -> None:
        _check_size(self._id, motion.size, self._size)
        self._last = motion

    def _count(self) -> int:
        return 0 if self._last is None else self._last.frame + 1


class StoredMotion:
    """The motion in a part.

    Attributes:
        skipped: reason by id, for videos whose motion is not known.
        made_of: attributes for a part that is made of it: what it is and what made it.
        encoders: threads that compute it.
    """

    encoders = 0

    def __init__(self, part: Part) -> None:
        self._part = part
        self.skipped: Mapping[str, str] = part.skipped
        x265 = {name: part.attributes[name] for name in ("x265", "x265_options")}
        self.made_of = _made_of(part.settings, part.revision) | x265

    @contextmanager
    def video(self, id: str, frames: int, size: Size, progress: Progress) -> Iterator[StoredFields]:
        """The motion of a video of so many frames of this size."""
        yield StoredFields(self._part, id, frames, size, progress)


class EncodedMotion:
    """The motion of videos that are encoded for it; as `StoredMotion`."""

    encoders = 1

    def __init__(
        self, settings: MotionSettings, videos: Sequence[VideoEntry], data_root: Path, threads: int
    ) -> None:
        self._vectors = HevcVectors(settings.preset, settings.crf)
        self._paths = {video.id: data_root / video.path for video in videos}
        self._threads = threads
        self.skipped: Mapping[str, str] = {}
        x265 = {"x265": self._vectors.version, "x265_options": self._vectors.options}
        self.made_of = _made_of(settings.identity(), settings.REVISION) | x265

    @contextmanager
    def video(self, id: str, frames: int, size: Size, progress: Progress) -> Iterator[EncodedFields]:
        """The motion of a video of so many frames of this size."""
        motion = video_motion(self._vectors, self._paths[id], progress, threads=self._threads)
        with closing(prefetch(motion, FIELDS_AHEAD)) as ahead:
            yield EncodedFields(ahead, id, frames, size)


MotionSource: TypeAlias = StoredMotion | EncodedMotion


@contextmanager
def open_motion(inputs: StageInputs[Any], source: Part) -> Iterator[MotionSource]:
    """The motion of the videos of another part, which the stage reads too.

    Raises:
        VadbenchError: where neither a part nor settings are given, for a part that is missing, damaged, of
            another stage or of other videos, and where vectors cannot be had here.
    """
    if inputs.motion is None:
        raise VadbenchError(
            f"stage {inputs.settings.stage} needs --motion, the part of {inputs.settings.motion!r} for the "
            "same shard, or --motion-settings, to make the same anew"
        )
    if isinstance(inputs.motion, Path):
        with inputs.open_part(inputs.motion, "motion") as part:
            if part.videos_digest != source.videos_digest:
                raise VadbenchError(f"{inputs.motion}: made of other videos than {source.path}")
            yield StoredMotion(part)
        return
    videos = load_videos(inputs.videos)
    if videos_digest(videos) != source.videos_digest:
        raise VadbenchError(f"{inputs.videos}: lists other videos than {source.path} was made of")
    yield EncodedMotion(inputs.motion, videos, inputs.data_root, usable_threads(inputs.threads))


def _made_of(settings: Mapping[str, object], revision: int) -> dict[str, object]:
    return {"motion": {"stage": "motion", "settings": dict(settings), "revision": revision}}


def _check_size(id: str, found: Size, wanted: Size) -> None:
    if found != wanted:
        raise VadbenchError(
            f"{id}: its regions are of frames of {wanted[0]}x{wanted[1]} pixels, its motion of "
            f"{found[0]}x{found[1]}; the video has changed in between: make both again"
        )


def _other_frames(id: str, found: int, wanted: int) -> VadbenchError:
    return VadbenchError(
        f"{id}: its regions are of {wanted} frames, its motion of {found}; the video has changed in between: "
        "make both again"
    )
