"""Video files through PyAV, with every kind of damage that can be told from a regular end."""

import os
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import av
import av.container
import numpy as np
from av.video.reformatter import VideoReformatter

from vadbench.errors import VadbenchError
from vadbench.video.picture import Image, Picture, broken, changed_size
from vadbench.video.structure import Damage, find_damage

# Containers of video alone. Playlists and concatenation scripts, which name other files or addresses, and
# text art, which FFmpeg also takes for video, stay out.
_FORMATS = (
    "3gp,asf,avi,flv,gif,h264,hevc,ivf,m4v,matroska,mj2,mov,mp4,mpeg,mpegts,mpegvideo,mxf,nut,ogg,rm,webm,wtv,"
    "yuv4mpegpipe"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


def decode_file(path: Path, threads: int) -> Generator[Picture, None, None]:
    """The pictures of the first video stream of `path`, in presentation order.

    Raises VadbenchError, naming the frame, at the first sign of damage: an error of the demuxer or the
    decoder, a packet or picture that they mark as corrupt, a container that breaks off (`structure`), or
    packets that gave no picture although a second, strict decoding finds an error in them.
    """
    index = 0
    ledger = _Ledger()
    to_rgb = _Converter(path)
    first_size: tuple[int, int] | None = None
    with open_container(path) as container:
        stream = video_stream(path, container)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        base, rate = stream.time_base, stream.average_rate
        damage = find_damage(path, container.format.name)
        try:
            for frame in _decoded(container, stream, damage, ledger):
                size = (frame.width, frame.height)
                first_size = first_size or size
                if size != first_size:
                    raise changed_size(path, index, size, first_size)
                if frame.is_corrupt:
                    raise broken(path, index, "the decoder marks it as corrupt")
                yield Picture(_time(frame, index, base, rate), partial(to_rgb, index, frame))
                index += 1
        except _BrokenError as error:
            raise broken(path, index, str(error)) from None
        except av.FFmpegError as error:
            raise broken(path, index, f"decoding failed ({_reason(error)})") from error
        _compare_index(path, container.format.name, stream, ledger.packets, index)
    if ledger.lost_pictures():
        _decode_strictly(path)


@contextmanager
def open_container(path: Path) -> Iterator[av.container.InputContainer]:
    """An open video file. Raises VadbenchError for a file that FFmpeg does not take for one."""
    try:
        # With its protocol and an absolute path no name is read as an address, an option or a pattern.
        container = av.open(f"file:{path.absolute()}", container_options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, UnicodeEncodeError) as error:
        what = "is empty" if os.path.getsize(path) == 0 else f"is no readable video ({_reason(error)})"
        raise VadbenchError(f"{path}: {what}; replace or remove it") from error
    with container:
        yield container


def video_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    """The first video stream that is not a cover picture. Raises VadbenchError where there is none."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise VadbenchError(f"{path}: has no video stream; replace or remove it")


class _BrokenError(Exception):
    """Damage that was noticed at the frame that is decoded next."""


class _Ledger:
    """Packets that went into the decoder and have not come out as pictures."""

    def __init__(self) -> None:
        self.packets = 0
        """Packets that the demuxer gave, those outside of an edit list included."""
        self._expected = 0
        self._pending: set[int] = set()
        self._first_key: int | None = None

    def sent(self, packet: "av.Packet[av.VideoStream]") -> None:
        self.packets += 1
        if packet.is_discard or (self._expected == 0 and not packet.is_keyframe):
            return
        if self._expected == 0:
            self._first_key = packet.pts
        self._expected += 1
        if packet.pts is not None:
            self._pending.add(packet.pts)

    def shown(self, frame: av.VideoFrame) -> None:
        self._expected -= 1
        if frame.pts is not None:
            self._pending.discard(frame.pts)

    def lost_pictures(self) -> bool:
        """Whether packets gave no picture, apart from those that a cut leaves without their references.

        Some codecs have packets without a picture, so this is a suspicion only.
        """
        if self._expected <= 0 or self._first_key is None:
            return self._expected > 0
        return not self._pending or any(pts >= self._first_key for pts in self._pending)


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, damage: Damage | None, ledger: _Ledger
) -> Iterator[av.VideoFrame]:
    """Frames up to the end, or up to the first damage outside of the decoder, which raises `_BrokenError`."""
    reason = damage.reason if damage else None
    for packet in container.demux(stream):
        if packet.is_corrupt:
            reason = reason or "the file is cut off or damaged there"
            break
        if damage and packet.pos is not None and packet.pos >= damage.byte:
            break
        if packet.size:
            ledger.sent(packet)
            for frame in packet.decode():
                ledger.shown(frame)
                yield frame
    for frame in stream.codec_context.decode(None):
        ledger.shown(frame)
        yield frame
    if reason:
        raise _BrokenError(reason)


def _compare_index(path: Path, format_name: str, stream: av.VideoStream, packets: int, frame: int) -> None:
    """Hold the frames found against the container's index of frames, where it keeps a whole one."""
    if format_name.startswith("mov"):
        end = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
        size = os.path.getsize(path)
        if end > size:
            raise broken(path, frame, f"the file is cut off: its frames are to end at byte {end} of {size}")
    if format_name == "avi":
        listed = sum(entry.size > 0 for entry in stream.index_entries)  # size 0: a frame dropped in recording
        if packets < listed:
            raise broken(path, frame, f"the file's index lists {listed} frames, {packets} were found")


def _decode_strictly(path: Path) -> None:
    """Decode again with a decoder that reports every error, on one thread: several swallow the last ones.

    Errors before the first whole picture are let pass: a clip cut out of a stream may start with pictures
    that refer to what was cut away.
    """
    index = 0
    with open_container(path) as container:
        stream = video_stream(path, container)
        stream.codec_context.options = {"err_detect": "explode"}
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            try:
                index += len(packet.decode())
            except av.FFmpegError as error:
                if index or packet.is_keyframe:
                    raise broken(path, index, f"decoding failed ({_reason(error)})") from error


class _Converter:
    """Frames to upright RGB; one for all frames of a file, or each would set up the conversion anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reformatter = VideoReformatter()

    def __call__(self, index: int, frame: av.VideoFrame) -> Image:
        # One thread: FFmpeg would start as many as there are cores, whatever the job was given.
        image = cast(Image, self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray())
        matrix = cast("bytes | None", frame.side_data.get("DISPLAYMATRIX"))
        if matrix is None:
            return image
        upright = _upright(image, struct.unpack("=9i", bytes(matrix)))
        if upright is None:
            raise broken(self._path, index, "is to be shown at an angle that is no quarter turn")
        return upright


def _upright(image: Image, matrix: tuple[int, ...]) -> Image | None:
    """Apply a display matrix that turns by quarters or mirrors; None for one that does anything else.

    A pixel (x, y) is shown at (a x + c y, b x + d y), with a, b, c, d the matrix' entries 0, 1, 3, 4.
    """
    a, b, _, c, d, *_ = matrix
    if (a or d) and (b or c):
        return None
    if b or c:
        image, a, d = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _time(frame: av.VideoFrame, index: int, base: Fraction | None, rate: Fraction | None) -> float:
    """Presentation time in seconds; from the frame rate in streams without time stamps."""
    # Not frame.time: the last frames, which come out when the decoder is drained, know no time base.
    if frame.pts is not None and base is not None:
        return float(frame.pts * base)
    return index / float(rate) if rate else float(index)


def _reason(error: Exception) -> str:
    """What FFmpeg says, without the number and the path."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
