"""The reader of all videos, files and frame folders alike."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from vadbench.errors import VadbenchError
from vadbench.video.picture import Image, Picture

Source = Callable[[], Generator[Picture, None, None]]


@dataclass(frozen=True)
class Frame:
    """One decoded frame of a video."""

    index: int
    """Position among the decoded frames, 0-based: the frame axis of all labels and scores."""
    time: float
    """Presentation time in seconds, as the container states it."""
    image: Image
    """RGB, uint8, (height, width, 3), upright: a display matrix or EXIF orientation is applied. Pixels that
    are to be shown oblong are left as they are coded."""


class VideoReader:
    """The frames of one video, in presentation order. Get one from `open_video`.

    A context manager: leaving it closes the file, wherever reading stopped.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self.decoded = 0
        """Frames decoded so far; once `frames` is exhausted, the length of the video."""
        self._source = source
        self._pictures: Generator[Picture, None, None] | None = None

    def frames(self, stride: int = 1) -> Iterator[Frame]:
        """Frames 0, `stride`, 2 `stride`, …; each call starts anew.

        Every frame is decoded, and only those asked for are converted to RGB.

        Raises VadbenchError, naming the file and the frame, where the video is damaged, cut off or changes
        its size. A video that ends without an error was read whole.
        """
        if stride < 1:
            raise VadbenchError(f"stride is {stride}; it is a whole number of frames, 1 or more")
        self.close()
        self.decoded = 0
        self._pictures = self._source()
        for index, picture in enumerate(self._pictures):
            self.decoded = index + 1
            if index % stride == 0:
                yield Frame(index, picture.time, picture.to_rgb())
        if self.decoded == 0:
            raise VadbenchError(f"{self.path}: holds no frame that can be decoded; replace or remove it")

    def close(self) -> None:
        """Close the file; `frames` opens it again."""
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_video(path: Path, *, threads: int = 1) -> VideoReader:
    """A reader of a video file or of a folder of numbered images.

    `threads` is the number of threads that decode a file; pixels do not depend on it. Raises VadbenchError
    where there is nothing to read at `path`; what is wrong inside shows when frames are read.
    """
    if threads < 1:
        raise VadbenchError(f"threads is {threads}; it is a whole number, 1 or more")
    if path.is_dir():
        from vadbench.video.images import read_folder

        return VideoReader(path, partial(read_folder, path))
    if not path.is_file():
        raise VadbenchError(f"{path}: no such video; check the name and `data_root`")
    from vadbench.video.container import decode_file

    return VideoReader(path, partial(decode_file, path, threads))
