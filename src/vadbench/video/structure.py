"""Damage that shows in the structure of a container, where FFmpeg's demuxers stop or skip without an error.

Only promises that a whole file keeps are held against it: sizes of elements that end beyond the file's end,
and, in Matroska, elements that do not follow one another. A frame count or a duration in a header is no
promise: it is often wrong in files that are whole. MPEG streams and ASF promise nothing; of those only
damage that the demuxer or the decoder reports is seen.
"""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple


class Damage(NamedTuple):
    """The first place where a file breaks its promise."""

    byte: int
    reason: str


def find_damage(path: Path, format_name: str) -> Damage | None:
    """The first damage in the structure of `path`, or None.

    `format_name` is FFmpeg's name of the container; one that promises nothing gives None. Reads headers
    only: a few bytes per box of MP4 and AVI, and per block of Matroska.
    """
    checks: dict[str, Callable[[BinaryIO, int], Damage | None]] = {
        "avi": _avi_damage,
        "matroska,webm": _matroska_damage,
        "mov,mp4,m4a,3gp,3g2,mj2": _mp4_damage,
    }
    check = checks.get(format_name)
    if check is None:
        return None
    with path.open("rb") as file:
        return check(file, os.fstat(file.fileno()).st_size)


def _cut_off(what: str, end: int, size: int) -> Damage:
    return Damage(size, f"the file is cut off: {what} is to end at byte {end}, the file ends at {size}")


def _mp4_damage(file: BinaryIO, size: int) -> Damage | None:
    """Boxes of video data or fragments that end beyond the file; trailers of other kinds are let be."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        if length < 8:  # 0: to the end of the file; 1 to 7 occur in trailers that are no boxes
            return None
        if start + length > size and kind in (b"mdat", b"moof", b"moov"):
            return _cut_off(f"its {kind.decode()} box", start + length, size)
        start += length
    return None


def _avi_damage(file: BinaryIO, size: int) -> Damage | None:
    """RIFF chunks (one per gigabyte in OpenDML files) that end beyond the file."""
    start = 0
    while start + 12 <= size:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF" or length in (0, 0xFFFFFFFF):  # sizes of a recording that was never closed
            return None
        if start + 8 + length > size:
            return _cut_off("its RIFF chunk", start + 8 + length, size)
        start += 8 + length + length % 2
    return None


_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
_VOID, _CRC = 0xEC, 0xBF
_IN_SEGMENT = {
    0x114D9B74,  # SeekHead
    0x1549A966,  # Info
    0x1654AE6B,  # Tracks
    0x1C53BB6B,  # Cues
    0x1941A469,  # Attachments
    0x1043A770,  # Chapters
    0x1254C367,  # Tags
    _CLUSTER,
    _VOID,
    _CRC,
}
_IN_CLUSTER = {
    0xE7,  # Timestamp
    0x5854,  # SilentTracks
    0xA7,  # Position
    0xAB,  # PrevSize
    0xA3,  # SimpleBlock
    0xA0,  # BlockGroup
    0xAF,  # EncryptedBlock
    _VOID,
    _CRC,
}


def _matroska_damage(file: BinaryIO, size: int) -> Damage | None:
    """Elements of the segment and of its clusters that are unknown or end beyond what holds them.

    The demuxer looks for the next cluster after such an element, so that frames are lost in between.
    """
    _, header = _element(file, 0)
    kind, segment = _element(file, header.stop)
    if kind != _SEGMENT:
        return _no_element(header.stop)
    damage = _first_break(file, segment.start, size if segment.is_open else min(segment.stop, size))
    if segment.stop > size and (damage is None or damage.byte == size):
        return _cut_off("its segment", segment.stop, size)
    return damage


def _first_break(file: BinaryIO, start: int, stop: int) -> Damage | None:
    """The first element between `start` and `stop` that does not belong there or ends beyond `stop`."""
    known = _IN_SEGMENT | _IN_CLUSTER
    while start < stop:
        kind, body = _element(file, start)
        if kind not in known:
            return _no_element(start)
        if body.stop > stop:
            return _cut_off("an element", body.stop, stop)
        # The elements of a cluster are walked like the segment's own, whether its size is open or not.
        start = body.start if kind == _CLUSTER else body.stop
    return None


def _no_element(byte: int) -> Damage:
    return Damage(byte, f"the file is damaged at byte {byte}: no Matroska element starts there")


class _Body(NamedTuple):
    start: int
    stop: int
    is_open: bool = False
    """Whether the size is left open, as live recordings do; `stop` is `start` then."""


def _element(file: BinaryIO, start: int) -> tuple[int, _Body]:
    """Identifier and body of the EBML element at byte `start`; identifier 0 where there is none."""
    file.seek(start)
    head = file.read(12)
    if not head or head[0] < 0x10:
        return 0, _Body(start, start)
    id_length = 9 - head[0].bit_length()
    if len(head) <= id_length or head[id_length] == 0:
        return 0, _Body(start, start)
    size_length = 9 - head[id_length].bit_length()
    raw = head[id_length : id_length + size_length]
    length = int.from_bytes(raw, "big") & ((1 << 7 * size_length) - 1)
    body = start + id_length + size_length
    is_open = length == (1 << 7 * size_length) - 1
    return int.from_bytes(head[:id_length], "big"), _Body(body, body + (0 if is_open else length), is_open)
