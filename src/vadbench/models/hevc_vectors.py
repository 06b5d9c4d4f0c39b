"""True HEVC motion vectors: frames are encoded by libx265, and its own final vectors are read from its dump.

No decoder hands them out, but the libx265 inside PyAV writes them to a file (`hevc_dump`). That file is a
named pipe here, so that nothing of it reaches the disk, however long the video. Pictures are P pictures that
refer to the one before, the first is intra; nothing is looked ahead, and one thread encodes: the vectors
depend on the frames and the settings alone.
"""

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.models.hevc_dump import BLOCK, DumpReader
from vadbench.models.hevc_pipe import DumpPipe

Field = NDArray[np.int16]
"""Motion of one frame, (rows, columns, 2); see `HevcVectors.fields`."""
Image = NDArray[np.uint8]

_OPTIONS = {
    "analysis-save-reuse-level": "10",  # others hold no vectors, and 7 to 9 crash
    "log-level": "none",
    # Every vector refers to the picture before, and only the first picture is intra.
    "bframes": "0",
    "ref": "1",
    "weightp": "0",
    "scenecut": "0",
    "keyint": "-1",
    # A record for each frame at once.
    "rc-lookahead": "0",
    "cutree": "0",
    # One vector per coding unit, none of them smaller than a block.
    "min-cu-size": str(BLOCK),
    "rect": "0",
    "amp": "0",
    # Far less motion in noise, and motion of more than 16 pixels found.
    "psy-rd": "0",
    "me": "umh",
    # The same vectors on every number of cores.
    "frame-threads": "1",
    "wpp": "0",
    "pools": "none",
}
# The same as x265 names them in its stream: a setting that it does not know it leaves out in silence.
_PROMISES = (
    "bframes=0 ref=1 no-weightp scenecut=0 rc-lookahead=0 no-cutree min-cu-size=8 no-rect no-amp psy-rd=0.00 "
    "me=2 frame-threads=1 numa-pools=none no-wpp analysis-save-reuse-level=10"
)
_ANNOUNCEMENT = re.compile(rb"x265 (\(build \d+\)) - ([^\s:]+)[ -~]* - options: ([ -~]+)")
# What x265 says of the machine or of one clip, not of how it encodes.
_CIRCUMSTANCES = {"cpuid", "fps", "input-res", "total-frames"}
# x265 opens no picture of 8 pixels.
_LEAST_SIDE = 16
_STEP = (3, -2)
# The same for all videos: rate control looks at it.
_TIME_BASE = Fraction(1, 25)


class EncoderFrame(NamedTuple):
    """A frame as the encoder takes it."""

    size: tuple[int, int]
    """Width and height in pixels of the image it was made of."""
    picture: av.VideoFrame
    """YUV 4:2:0, with the image's last row and column repeated up to a size that x265 takes."""


class DumpPiece(NamedTuple):
    """What x265 has dumped since the piece before."""

    data: bytes
    size: tuple[int, int]
    """Width and height in pixels of the frames."""
    frames: int
    """How many were encoded so far."""


class FrameConverter:
    """Images (height, width, 3) uint8 RGB to frames of the encoder; one for all images of a video."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, image: Image) -> EncoderFrame:
        """Convert an image; the encoder's frame holds no reference to it."""
        rgb = av.VideoFrame.from_ndarray(_padded(image), format="rgb24")
        # One thread: FFmpeg would start as many as there are cores.
        picture = self._reformatter.reformat(rgb, format="yuv420p", threads=1)
        return EncoderFrame((image.shape[1], image.shape[0]), picture)


class HevcVectors:
    """Encodes videos for their motion vectors.

    Attributes:
        version: x265's version, as "4.2+1-e444744 (build 216)".
        options: all settings that x265 says it encodes the first video with, a test square of 128 x 128
            pixels, as "bframes=0 ref=1 …".
    """

    def __init__(self, preset: str = "medium", crf: int = 28) -> None:
        """Try the encoder on a square that moves by (3, -2) pixels a frame.

        Raises:
            VadbenchError: where vectors cannot be had here, or are not those of the square, saying why.
        """
        self._preset, self._crf = preset, crf
        self.version, self.options = "of unknown version", ""
        if "libx265" not in av.codecs_available:
            raise VadbenchError(
                f"PyAV {av.__version__} has no libx265, which motion vectors are read from; install a wheel "
                "of PyAV from the package index"
            )
        if not hasattr(os, "mkfifo"):
            raise VadbenchError(
                f"{os.name}: this system has no named pipes, which motion vectors are read through; run the "
                "stage `motion` on Linux"
            )
        _check_square(list(self.fields(_moving_square())), self._failure)

    def fields(self, frames: Iterable[Image | EncoderFrame]) -> Generator[Field, None, None]:
        """The motion of each frame, all of one size: images (height, width, 3) uint8 RGB, or converted ones.

        Yields:
            (rows, columns, 2) int16, one vector (x, y) per block of 8 x 8 pixels, of which those at the right
            and lower edge may reach beyond the picture: how far the block moved since the frame before, in
            quarter pixels, x to the right and y downwards. Blocks that were coded without a vector have
            `hevc_dump.INTRA` for both; so have all of the first frame.

        Raises:
            VadbenchError: for a frame of another size than the first, and where x265 fails.
        """
        with closing(self.pieces(frames)) as pieces:
            yield from self.read(pieces)

    def pieces(
        self,
        frames: Iterable[Image | EncoderFrame],
        encoding_time: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> Generator[DumpPiece, None, None]:
        """What x265 dumps of each frame, for `read`, which may go on in another thread; as of `fields`.

        encoding_time: makes what is entered while x265 is at work.
        """
        encoding = _Encoding(self._preset, self._crf)
        try:
            for frame in frames:
                with self._explained(), encoding_time():
                    piece = encoding.encode(frame)
                if not self.options and encoding.announcement:
                    self.version, self.options = encoding.announcement
                yield piece
            with self._explained(), encoding_time():
                piece = encoding.finish()
            yield piece
        finally:
            encoding.close()

    def read(self, pieces: Iterable[DumpPiece]) -> Generator[Field, None, None]:
        """The fields that all pieces of one video hold, in turn; as of `fields`."""
        reader, piece = DumpReader(), None
        for piece in pieces:
            rows, columns = (-(-side // BLOCK) for side in reversed(piece.size))
            with self._explained():
                fields = reader.feed(piece.data)
            yield from (field[:rows, :columns] for field in fields)
        with self._explained():
            reader.check_end(piece.frames if piece else 0)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, av.FFmpegError, OSError) as error:
            raise self._failure(getattr(error, "strerror", None) or str(error)) from error

    def _failure(self, reason: str) -> VadbenchError:
        return VadbenchError(
            f"x265 {self.version} in PyAV {av.__version__} gives no motion vectors: {reason}; install "
            "another version of PyAV, and see that TMPDIR is a local folder"
        )


class _Encoding:
    """One video on its way through the encoder. All but `close` raise ValueError, FFmpegError or OSError."""

    def __init__(self, preset: str, crf: int) -> None:
        self.announcement: tuple[str, str] | None = None
        self._preset, self._crf = preset, crf
        self._context: av.VideoCodecContext | None = None
        self._size: tuple[int, int] | None = None
        self._given = 0
        self._convert = FrameConverter()
        self._pipe: DumpPipe | None = None

    def encode(self, frame: Image | EncoderFrame) -> DumpPiece:
        """Encode a frame; what the dump holds by now."""
        size, picture = frame if isinstance(frame, EncoderFrame) else self._convert(frame)
        if self._context is None or self._pipe is None:
            # Not earlier: a name on the disk should not wait for the first frame.
            self._pipe = DumpPipe()
            self._size, self._context = size, self._open(picture, self._pipe.path)
        if size != self._size:
            first = "x".join(map(str, self._size or ()))
            raise VadbenchError(
                f"frame {self._given}: is {size[0]}x{size[1]} where frames before it are {first}"
            )
        picture.pts, picture.time_base = self._given, _TIME_BASE
        packets = self._context.encode(picture)
        if self._given == 0:
            self._pipe.unlink()
            self.announcement = _announcement(b"".join(bytes(packet) for packet in packets), self._crf)
        self._given += 1
        return self._piece()

    def finish(self) -> DumpPiece:
        """What is left after the last frame."""
        if self._context is not None:
            self._context.encode(None)
            self.close()
        return self._piece()

    def close(self) -> None:
        """End the encoder and what it writes to; may be called twice."""
        # The context writes the rest of the dump when it is freed, and holds Python's lock meanwhile: the
        # pipe must have room for it, or both would wait for ever.
        if self._pipe is not None:
            self._pipe.wait_empty()
            self._context = None
            self._pipe.close()

    def _piece(self) -> DumpPiece:
        return DumpPiece(self._pipe.take() if self._pipe else b"", self._size or (0, 0), self._given)

    def _open(self, picture: av.VideoFrame, dump: Path) -> av.VideoCodecContext:
        context = av.CodecContext.create("libx265", "w")
        context.width, context.height = picture.width, picture.height
        context.pix_fmt = "yuv420p"
        context.time_base = _TIME_BASE
        # FFmpeg splits the list at colons; a backslash keeps what follows it.
        path = re.sub(r"([\\':=])", r"\\\1", str(dump))
        options = {"analysis-save": path, "crf": str(self._crf), **_OPTIONS}
        context.options = {
            "preset": self._preset,
            "x265-params": ":".join(f"{name}={value}" for name, value in options.items()),
        }
        return context


def _padded(image: Image) -> Image:
    """The image with its last row and column repeated up to a size that x265 takes: even, 16 at least."""
    height, width = (max(_LEAST_SIDE, side + side % 2) for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    return np.pad(image, ((0, height - image.shape[0]), (0, width - image.shape[1]), (0, 0)), "edge")


def _announcement(packet: bytes, crf: int) -> tuple[str, str]:
    """Version and settings, which x265 writes into the first packet. Raises ValueError for other settings."""
    found = _ANNOUNCEMENT.search(packet)
    if found is None:
        raise ValueError("its stream does not say what it was encoded with")
    build, version, told = (group.decode("ascii") for group in found.groups())
    options = told.split()
    missing = {*_PROMISES.split(), f"crf={crf}.0"} - set(options)
    if missing:
        raise ValueError(f"it encodes without the setting {', '.join(sorted(missing))}")
    kept = [option for option in options if option.split("=")[0] not in _CIRCUMSTANCES]
    return f"{version} {build}", " ".join(kept)


def _moving_square() -> Iterator[Image]:
    """Three frames of a square of random texture that moves by `_STEP` over another."""
    generator = np.random.default_rng(0)
    background, square = (
        np.kron(generator.integers(0, 256, (side, side, 1)), np.ones((4, 4, 3))).astype(np.uint8)
        for side in (32, 16)
    )
    for index in range(3):
        image = background.copy()
        x, y = 40 + index * _STEP[0], 40 + index * _STEP[1]
        image[y : y + 64, x : x + 64] = square
        yield image


def _check_square(fields: list[Field], failure: Callable[[str], VadbenchError]) -> None:
    """Raise `failure` unless most blocks of the square of `_moving_square` have its step, and others none."""
    last = fields[-1]
    of_square = last[6:12, 7:12].reshape(-1, 2)
    of_background = last[:4].reshape(-1, 2)
    for name, vectors, step in (("square", of_square, _STEP), ("background", of_background, (0, 0))):
        if np.mean((vectors == np.multiply(step, 4)).all(1)) < 0.75:
            seen = tuple(float(value) / 4 for value in np.median(vectors, 0))
            raise failure(f"in a test the {name} moves by {step} pixels, and its vectors say {seen}")
