"""Video files through PyAV, with every kind of damage that can be told from a regular end."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import av
import av.container

from vadbench.errors import VadbenchError
from vadbench.video.convert import Converter
from vadbench.video.ledger import Ledger
from vadbench.video.picture import Image, Picture, broken, changed_size
from vadbench.video.structure import find_damage

# Containers of video alone. Playlists and concatenation scripts, which name other files or addresses, and
# text art, which FFmpeg also takes for video, stay out.
_FORMATS = (
    "3gp,asf,avi,flv,gif,h264,hevc,ivf,m4v,matroska,mj2,mov,mp4,mpeg,mpegts,mpegvideo,mxf,nut,ogg,rm,webm,wtv,"
    "yuv4mpegpipe"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


def decode_file(path: Path, threads: int) -> Generator[Picture, None, None]:
    """The pictures of the first video stream of `path`, in presentation order.

    A decoder that reports every error goes first. Some of what it reports is harmless (pictures of a cut
    stream that refer to what was cut away), and on several threads it keeps the last errors to itself. So
    where it finds anything, one that goes on like a player decides, on one thread, and the pictures that
    were handed out already are passed over: the outcome does not depend on `threads`.

    Raises VadbenchError, naming the frame, for damage: an error of the demuxer or the decoder, a packet or
    picture that they mark as corrupt, a container that breaks its promises (`structure`), a loss of pictures.
    """
    given = 0
    for strict, count in dict.fromkeys([(True, threads), (True, 1), (False, 1)]):
        try:
            for picture in islice(_pictures(path, count, strict), given, None):
                given += 1
                yield picture
            return
        except _SuspectError as error:
            if strict and count == 1 and error.is_loss:
                return  # of no picture: no decoder finds fault with the packets
            if not strict:
                raise broken(path, error.frame, str(error)) from error


@contextmanager
def open_container(path: Path) -> Iterator[av.container.InputContainer]:
    """An open video file. Raises VadbenchError for a file that FFmpeg does not take for one."""
    try:
        # With its protocol and an absolute path no name is read as an address, an option or a pattern.
        container = av.open(f"file:{path.absolute()}", container_options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, UnicodeEncodeError) as error:
        is_empty = path.exists() and os.path.getsize(path) == 0
        what = "is empty" if is_empty else f"is no readable video ({_reason(error)})"
        raise VadbenchError(f"{path}: {what}; replace or remove it") from error
    with container:
        yield container


def video_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    """The first video stream that is not a cover picture. Raises VadbenchError where none can be decoded."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            if getattr(stream, "codec_context", None) is None:  # not so in PyAV's annotations
                raise VadbenchError(f"{path}: its video is of no known codec; replace or remove it")
            return stream
    raise VadbenchError(f"{path}: has no video stream; replace or remove it")


class _SuspectError(Exception):
    """What may be damage, or may be no more than a decoder that reports every error."""

    def __init__(self, frame: int, reason: str, *, is_loss: bool = False) -> None:
        super().__init__(reason)
        self.frame = frame
        self.is_loss = is_loss


def _pictures(path: Path, threads: int, strict: bool) -> Iterator[Picture]:
    """All pictures of a file; `strict` makes the decoder report every error. Raises `_SuspectError`."""
    index = 0
    converter, ledger = Converter(), Ledger()
    first_size: tuple[int, int] | None = None
    with open_container(path) as container:
        stream = video_stream(path, container)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        stream.codec_context.options = {"err_detect": "explode"} if strict else {}
        base, rate = stream.time_base, stream.average_rate
        try:
            for frame in _decoded(path, container, stream, ledger):
                size = (frame.width, frame.height)
                first_size = first_size or size
                if size != first_size:
                    raise changed_size(path, index, size, first_size)
                if frame.is_corrupt:
                    raise _SuspectError(index, "the decoder marks it as corrupt")
                yield Picture(_time(frame, index, base, rate), partial(_rgb, path, converter, index, frame))
                index += 1
        except av.FFmpegError as error:
            raise _SuspectError(index, f"decoding failed ({_reason(error)})") from error
        except _BreakError as error:
            raise _SuspectError(index, str(error)) from None
    loss = ledger.first_loss()
    if loss is not None:
        raise _SuspectError(loss, "its packet gave no picture", is_loss=True)


class _BreakError(Exception):
    """A file that does not hold what its container promises."""


def _decoded(
    path: Path, container: av.container.InputContainer, stream: av.VideoStream, ledger: Ledger
) -> Iterator[av.VideoFrame]:
    """Frames up to the end. Raises `_BreakError` after those that come before a break in the container."""
    damage = find_damage(path, container.format.name)
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
    reason = reason or _index_shortfall(path, container.format.name, stream, ledger.packets)
    if reason:
        raise _BreakError(reason)


def _index_shortfall(path: Path, format_name: str, stream: av.VideoStream, packets: int) -> str | None:
    """What a container's index lists beyond the frames found, for containers that index every frame."""
    if format_name.startswith("mov"):
        end = max((entry.pos + entry.size for entry in stream.index_entries), default=0)
        size = os.path.getsize(path)
        return f"the file is cut off: its frames are to end at byte {end} of {size}" if end > size else None
    if format_name == "avi":
        listed = sum(entry.size > 0 for entry in stream.index_entries)  # size 0: a frame dropped in recording
        return f"the file's index lists {listed} frames, {packets} were found" if packets < listed else None
    return None


def _rgb(path: Path, converter: Converter, index: int, frame: av.VideoFrame) -> Image:
    try:
        image = converter(frame)
    except av.FFmpegError as error:
        raise broken(path, index, f"has pixels that cannot be made RGB ({_reason(error)})") from error
    if image is None:
        raise broken(path, index, "is to be shown at an angle that is no quarter turn")
    return image


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
