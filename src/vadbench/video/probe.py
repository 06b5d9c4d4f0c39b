"""What a video's header says, for estimates before any decoding."""

from pathlib import Path
from typing import NamedTuple

from vadbench.video.listing import frame_files


class Probe(NamedTuple):
    """Header of a video. Headers are often wrong: nothing but estimates may rest on it."""

    width: int
    height: int
    rate: float
    """Frames per second; 0 where it is not stated."""
    frames: int
    """Number of frames; 0 where it is not stated."""


def probe(path: Path) -> Probe:
    """The header of a video file, or the first image and the number of images of a frame folder.

    Raises VadbenchError for what is no video.
    """
    if path.is_dir():
        return _probe_folder(path)
    from vadbench.video.container import open_container, video_stream

    with open_container(path) as container:
        stream = video_stream(path, container)
        rate = float(stream.average_rate or 0)
        seconds = (container.duration or 0) / 1_000_000
        context = stream.codec_context
        return Probe(context.width, context.height, rate, stream.frames or round(seconds * rate))


def _probe_folder(folder: Path) -> Probe:
    from vadbench.video.images import FOLDER_RATE, read_folder

    frames = len(frame_files(folder))
    height, width = next(read_folder(folder)).to_rgb().shape[:2]
    return Probe(width, height, FOLDER_RATE, frames)
