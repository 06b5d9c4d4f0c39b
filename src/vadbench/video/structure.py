"""Damage that shows in the structure of a container, where FFmpeg's demuxers stop or skip without an error.

Only promises that a whole file keeps are held against it: elements that end beyond the file's end, and
elements that have to follow one another and do not. A frame count or a duration in a header is no promise: it
is often wrong in files that are whole. MP4, AVI and Matroska are looked at; of other containers, only damage
that the demuxer or the decoder reports is seen, and an MPEG stream that was cut off looks like a shorter one.
"""

import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple


class Damage(NamedTuple):
    """The first place where a file breaks its promise."""

    byte: int
    reason: str


_MP4_BOXES = (b"mdat", b"moof", b"moov")
_NAME = re.compile(rb"[ -~]{4}")  # of a box or a chunk


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
    """Boxes that end beyond the file, or, in a file of fragments, bytes that are no box.

    Only fragments have to follow one another: behind the boxes of other files, trailers of any kind occur.
    """
    start, fragments = 0, False
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        fragments = fragments or kind == b"moof"
        if fragments and (length in range(1, 8) or not _NAME.fullmatch(kind)):
            return Damage(start, f"the file is damaged at byte {start}: no fragment follows there")
        if length < 8:  # 0: the box ends with the file
            return None
        if start + length > size and (fragments or kind in _MP4_BOXES):
            return _cut_off(f"its {kind.decode()} box", start + length, size)
        start += length
    return None


def _avi_damage(file: BinaryIO, size: int) -> Damage | None:
    """RIFF chunks (one per gigabyte in OpenDML files) that end beyond the file or hold zeros for a chunk."""
    start = 0
    while start + 12 <= size:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF" or length in (0, 0xFFFFFFFF):  # sizes of a recording that was never closed
            return None
        end = start + 8 + length
        zeros = _first_zeros(file, start + 12, min(end, size))
        if zeros or end > size:
            return zeros or _cut_off("its RIFF chunk", end, size)
        start = end + length % 2
    return None


def _first_zeros(file: BinaryIO, start: int, stop: int) -> Damage | None:
    """The first chunk whose name is zeros: a part of the file that was never written.

    Other things that are no chunk end the walk: players cope with many, and so does the demuxer.
    """
    while start + 8 <= stop:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == bytes(4):
            return Damage(start, f"the file is damaged at byte {start}: it holds zeros from there")
        if not _NAME.fullmatch(kind):
            return None
        enters = kind == b"LIST" and file.read(4) in (b"movi", b"rec ")
        start += 12 if enters else 8 + length + length % 2
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
