"""The dump that libx265 writes of its own decisions (`analysis-save`, reuse level 10), to motion vectors.

The layout is that of x265's source (`Encoder::writeAnalysisFile`), the same in 3.5, 4.1 and 4.2; little
endian. A header of 20 int32, then a record per picture in coding order. It is no public interface: whatever
does not agree with itself or with the settings of `hevc_vectors` is refused.

A record describes coding units (CUs), squares of 8 to 64 pixels, one after another: CTUs, the largest ones,
in raster order, and the CUs of each along a z-shaped curve. With the settings of `hevc_vectors` each CU has
one vector. x265's vectors lead from a block to where its content was, in quarter pixels.
"""

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
"""Side in pixels of the blocks that have a vector each."""

INTRA = -32768
"""Both components of a block that was coded without a vector, which is not the same as no motion."""

HEADER_BYTES = 80
_HEADER = struct.Struct("<20i")
_RECORD = struct.Struct("<IIiiiqii")
_SIZE = struct.Struct("<I")
_SETTINGS = {"references": (3, 1), "B pictures": (7, 0), "smallest CU": (9, BLOCK), "reuse level": (15, 10)}
_UNUSED = {"distortion of CTUs": 13, "doubled frames": 14, "cutree": 16}
_CTU_SIDES = (16, 32, 64)
_IDR, _P = 1, 3
_WEIGHT_BYTES = 16 * 3
_INTER, _INTRA_MODE, _SKIP = 1, 2, 5


@dataclass(frozen=True)
class DumpHeader:
    """Sizes in pixels of the pictures that a dump is of, and of its CTUs."""

    width: int
    height: int
    ctu: int

    @classmethod
    def parse(cls, data: bytes) -> "DumpHeader":
        """Read the first `HEADER_BYTES` of a dump. Raises ValueError for a dump of other settings."""
        if len(data) != HEADER_BYTES:
            raise ValueError(f"its header has {len(data)} bytes, not {HEADER_BYTES}")
        values = _HEADER.unpack(data)
        for name, (place, wanted) in {**_SETTINGS, **{name: (at, 0) for name, at in _UNUSED.items()}}.items():
            if values[place] != wanted:
                raise ValueError(f"its header says {values[place]} for {name}, not {wanted}")
        header = cls(*values[17:])
        # 16384 pixels a side: beyond what HEVC's highest level allows.
        if header.ctu not in _CTU_SIDES or not all(0 < side <= 16384 for side in header.size):
            raise ValueError(
                f"its header says {header.width}x{header.height} pixels and CTUs of {header.ctu}"
            )
        return header

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def ctus(self) -> tuple[int, int]:
        """Rows and columns of CTUs."""
        return -(-self.height // self.ctu), -(-self.width // self.ctu)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of blocks; those at the right and lower edge may reach beyond the picture."""
        return -(-self.height // BLOCK), -(-self.width // BLOCK)

    @cached_property
    def raster(self) -> NDArray[np.int64]:
        """For every block of `grid`, in raster order, its place in the order of the dump: (rows, columns)."""
        side = self.ctu // BLOCK
        rows, columns = np.indices(self.grid)
        ctu = rows // side * self.ctus[1] + columns // side
        curve = sum(
            (rows % side >> bit & 1) << 2 * bit + 1 | (columns % side >> bit & 1) << 2 * bit
            for bit in range(side.bit_length() - 1)
        )
        places: NDArray[np.int64] = ctu * side * side + curve
        return places

    @property
    def most_record_bytes(self) -> int:
        """No record is longer: one with CUs of 8 pixels throughout."""
        ctus = self.ctus[0] * self.ctus[1]
        blocks, units = (self.ctu // BLOCK) ** 2, (self.ctu // 4) ** 2
        return _RECORD.size + _WEIGHT_BYTES + ctus * (16 * blocks + units)


class DumpReader:
    """Reads a dump as it comes, in pieces of any length; holds no more than one record and a piece."""

    def __init__(self) -> None:
        self._header: DumpHeader | None = None
        self._data = bytearray()
        self._pictures = 0

    def feed(self, data: bytes) -> list[NDArray[np.int16]]:
        """Take the next piece; the vectors of the pictures that end in it, as of `parse_vectors`.

        Raises:
            ValueError: naming the picture, for a dump that is damaged or of other settings.
        """
        self._data += data
        if self._header is None:
            if len(self._data) < HEADER_BYTES:
                return []
            self._header = DumpHeader.parse(self._take(HEADER_BYTES))
        fields = []
        try:
            while (size := record_bytes(self._header, self._data)) is not None and len(self._data) >= size:
                fields.append(parse_vectors(self._header, self._take(size), self._pictures))
                self._pictures += 1
        except ValueError as error:
            raise ValueError(f"picture {self._pictures} of its dump: {error}") from error
        return fields

    def check_end(self, pictures: int) -> None:
        """Raises ValueError unless the dump ended after so many pictures."""
        if self._pictures != pictures or self._data:
            left = f" and {len(self._data)} bytes" if self._data else ""
            raise ValueError(f"its dump ends after {self._pictures} pictures{left}, not {pictures}")

    def _take(self, size: int) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken


def record_bytes(header: DumpHeader, data: bytes | bytearray) -> int | None:
    """How many bytes the record has that `data` begins with; None where too few are there to tell.

    Raises ValueError where no record has such a length.
    """
    if len(data) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack_from(data)
    if not _RECORD.size <= size <= header.most_record_bytes:
        raise ValueError(f"a record claims {size} bytes, where {header.most_record_bytes} are the most")
    return int(size)


def parse_vectors(header: DumpHeader, record: bytes, picture: int) -> NDArray[np.int16]:
    """The vectors of one record, that of the given picture (0-based).

    Returns:
        (rows, columns, 2) int16, x (to the right) and y (downwards): quarter pixels that a block moved since
        the picture before, so the opposite of x265's own vectors; `INTRA` in blocks without a vector, which
        are all of picture 0.

    Raises:
        ValueError: for a record that is cut off, of another picture, or contradicts itself.
    """
    count, body = _record_body(header, record, picture)
    if picture == 0:
        return np.full((*header.grid, 2), INTRA, np.int16)
    depth, mode, part, reference, vectors = _inter_fields(body, count)
    blocks = _blocks_of_units(header, depth)
    inter = (mode == _INTER) | (mode == _SKIP)
    owner = np.repeat(np.arange(count), blocks)[header.raster]
    if not (inter | (mode == _INTRA_MODE))[owner].all():
        raise ValueError("a CU inside the picture has no prediction")
    if part[inter].any() or reference[inter].any():
        raise ValueError("a CU is split into parts, or refers to another picture than the one before")
    if (np.abs(vectors[inter].astype(np.int64)) >= -INTRA).any():
        raise ValueError("a vector is longer than HEVC allows")
    moved = np.where(inter[:, None], -vectors.astype(np.int64), INTRA).astype(np.int16)
    return np.ascontiguousarray(moved[owner])


def _record_body(header: DumpHeader, record: bytes, picture: int) -> tuple[int, bytes]:
    """The number of CUs of a record and what follows its head, after checks."""
    if len(record) < _RECORD.size:
        raise ValueError(f"a record is cut off after {len(record)} bytes")
    size, count, poc, kind, _, _, ctus, units = _RECORD.unpack_from(record)
    if size != len(record):
        raise ValueError(f"a record of {len(record)} bytes claims {size}")
    if poc != picture or kind != (_P if picture else _IDR):
        raise ValueError(f"its record is of picture {poc}, type {kind}")
    ctu_units = (header.ctu // 4) ** 2
    if ctus != header.ctus[0] * header.ctus[1] or units != ctu_units:
        raise ValueError(f"it has {ctus} CTUs of {units} units for {header.width}x{header.height} pixels")
    # Per CU 16 bytes in a P and 3 in an I picture; then a byte per 4 x 4 unit, the modes of intra blocks.
    wanted = _RECORD.size + (_WEIGHT_BYTES + 16 * count if picture else 3 * count) + ctus * units
    if size != wanted:
        raise ValueError(f"its record of {count} CUs has {size} bytes, not {wanted}")
    return count, record[_RECORD.size :]


def _inter_fields(
    body: bytes, count: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int8], NDArray[np.int32]]:
    """Depth, mode, division, reference and vector (x, y) of each CU of a P picture.

    Between them lie, a byte per CU each: merge flag, direction, intra mode of chroma; vector predictor.
    """
    places = {"depth": 0, "mode": 1, "part": 2, "reference": 7}
    depth, mode, part, reference = (
        np.frombuffer(body, np.uint8, count, _WEIGHT_BYTES + place * count) for place in places.values()
    )
    vectors = np.frombuffer(body, "<i4", 2 * count, _WEIGHT_BYTES + 8 * count).reshape(count, 2)
    return depth, mode, part, reference.view(np.int8), vectors.astype(np.int32)


def _blocks_of_units(header: DumpHeader, depth: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How many blocks each CU covers."""
    side = header.ctu // BLOCK
    if (depth > side.bit_length() - 1).any():
        raise ValueError(f"a CU is smaller than {BLOCK} pixels")
    blocks: NDArray[np.int64] = (side * side) >> 2 * depth.astype(np.int64)
    total = header.ctus[0] * header.ctus[1] * side * side
    if blocks.sum() != total:
        raise ValueError(f"its CUs cover {blocks.sum()} blocks of {total}")
    return blocks
