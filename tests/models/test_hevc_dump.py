"""The parser of x265's dump against dumps built unit by unit, and against damage."""

import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vadbench.models.hevc_dump import HEADER_BYTES, INTRA, DumpHeader, DumpReader, parse_vectors

_OUTSIDE, _INTER, _INTRA, _SKIP = 0, 1, 2, 5


@dataclass(frozen=True)
class Unit:
    """A coding unit: its place and side in pixels, how it is predicted, and x265's vector."""

    x: int
    y: int
    side: int
    mode: int
    vector: tuple[int, int]


def header_bytes(**changed: int) -> bytes:
    v = {
        "references": 1,
        "keyint": 2**31 - 1,
        "b_frames": 0,
        "least": 8,
        "distortion": 0,
        "doubled": 0,
        "level": 10,
        "cutree": 0,
        "width": 40,
        "height": 24,
        "ctu": 16,
    } | changed
    padding = -v["width"] % 8, -v["height"] % 8
    return struct.pack(
        "<20i",
        *(*padding, 0, v["references"], v["keyint"], 25, 1, v["b_frames"], 0, v["least"], 0, 0, 0),
        *(v["distortion"], v["doubled"], v["level"], v["cutree"], v["width"], v["height"], v["ctu"]),
    )


def record(units: list[Unit], picture: int, ctu: int, ctus: int, **changed: int) -> bytes:
    """A record as x265 writes it; `changed`: values of its head."""
    count = len(units)
    depth = bytes((ctu // unit.side).bit_length() - 1 for unit in units)
    mode = bytes(unit.mode for unit in units)
    luma = bytes(ctus * (ctu // 4) ** 2)
    if picture == 0:
        body = depth + bytes(2 * count) + luma
    else:
        has_vector = [unit.mode in (_INTER, _SKIP) for unit in units]
        # Merge flag, direction, chroma and predictor hold what no reader may take for a vector.
        direction, junk = bytes(has_vector), bytes([7]) * count
        reference = bytes(changed.pop("reference", 0) if used else 255 for used in has_vector)
        vectors = b"".join(struct.pack("<ii", *unit.vector) for unit in units)
        part = bytes([changed.pop("part", 0)]) * count
        body = bytes(48) + depth + mode + part + junk + direction + junk + junk + reference + vectors + luma
    head = {"size": 36 + len(body), "count": count, "poc": picture, "kind": 3 if picture else 1} | changed
    units_of_ctu = (ctu // 4) ** 2
    return struct.pack("<IIiiiqii", *head.values(), 0, 12345, ctus, units_of_ctu) + body


@st.composite
def pictures(draw: st.DrawFn) -> tuple[int, int, int, list[Unit]]:
    """Width, height, side of a CTU, and the units of one P picture in x265's order."""
    ctu = draw(st.sampled_from((16, 32, 64)))
    width, height = draw(st.tuples(st.integers(1, 140), st.integers(1, 140)))
    units: list[Unit] = []

    def divide(x: int, y: int, side: int) -> None:
        if side > 8 and draw(st.booleans()):
            for dy in (0, side // 2):
                for dx in (0, side // 2):
                    divide(x + dx, y + dy, side // 2)
        else:
            is_outside = x >= width or y >= height
            modes = (_OUTSIDE,) if is_outside else (_INTER, _INTRA, _SKIP)
            reach = 2**31 - 1 if is_outside else 32767
            vector = draw(st.tuples(*2 * (st.integers(-reach, reach),)))
            units.append(Unit(x, y, side, draw(st.sampled_from(modes)), vector))

    for y in range(0, height, ctu):
        for x in range(0, width, ctu):
            divide(x, y, ctu)
    return width, height, ctu, units


def painted(width: int, height: int, units: list[Unit]) -> NDArray[np.int64]:
    """The field pixel by pixel: the vector at the upper left pixel of each block, turned round."""
    field = np.full((-(-height // 8), -(-width // 8), 2), 99999)
    for row, column in np.ndindex(*field.shape[:2]):
        for unit in units:
            if 0 <= 8 * column - unit.x < unit.side and 0 <= 8 * row - unit.y < unit.side:
                x, y = unit.vector
                field[row, column] = (INTRA, INTRA) if unit.mode == _INTRA else (-x, -y)
    return field


@settings(max_examples=50, deadline=None)
@given(pictures(), st.data())
def test_fields_are_those_of_the_units_whatever_the_pieces(
    picture: tuple[int, int, int, list[Unit]], data: st.DataObject
) -> None:
    width, height, ctu, units = picture
    ctus = -(-width // ctu) * -(-height // ctu)
    dump = header_bytes(width=width, height=height, ctu=ctu) + b"".join(
        record(units, index, ctu, ctus) for index in range(3)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(dump)), max_size=6)))
    reader = DumpReader()
    pieces = zip([0, *cuts], [*cuts, len(dump)], strict=True)
    fields = [field for start, end in pieces for field in reader.feed(dump[start:end])]
    reader.check_end(3)
    assert [field.dtype for field in fields] == [np.dtype("int16")] * 3
    wanted = painted(width, height, units)
    assert (fields[0] == np.full_like(wanted, INTRA)).all()
    np.testing.assert_array_equal(fields[1], wanted)
    np.testing.assert_array_equal(fields[2], wanted)


def _sample() -> tuple[DumpHeader, bytes]:
    """A picture of 40 x 24 pixels in CTUs of 16, with one record of it as picture 1."""
    units = [Unit(x, y, 16, _INTRA if x == 16 else _INTER, (x, -y - 3)) for y in (0, 16) for x in (0, 16, 32)]
    return DumpHeader(40, 24, 16), record(units, 1, 16, 6)


def test_damage_is_refused_or_changes_vectors_alone() -> None:
    header, good = _sample()
    field = parse_vectors(header, good, 1)
    for place in range(len(good)):
        for bit in range(8):
            bad = bytearray(good)
            bad[place] ^= 1 << bit
            try:
                changed = parse_vectors(header, bytes(bad), 1)
            except ValueError:
                continue
            assert changed.shape == field.shape


def test_every_cut_is_refused() -> None:
    header, good = _sample()
    for end in range(len(good)):
        with pytest.raises(ValueError, match=r"cut off|claims"):
            parse_vectors(header, good[:end], 1)


def test_a_dump_that_ends_early_is_refused() -> None:
    _, good = _sample()
    dump = header_bytes() + _first() + good
    for end in range(len(dump)):
        reader = DumpReader()
        fields = reader.feed(dump[:end])
        with pytest.raises(ValueError, match="its dump ends after"):
            reader.check_end(2)
        assert len(fields) == (end >= HEADER_BYTES + len(_first()))


def test_bytes_behind_the_last_picture_are_refused() -> None:
    reader = DumpReader()
    reader.feed(header_bytes() + _first() + b"\x90")
    with pytest.raises(ValueError, match="ends after 1 pictures and 1 bytes, not 1"):
        reader.check_end(1)


def _first() -> bytes:
    units = [Unit(x, y, 16, _INTRA, (0, 0)) for y in (0, 16) for x in (0, 16, 32)]
    return record(units, 0, 16, 6)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.booleans())
def test_garbage_is_refused_or_awaits_more(garbage: bytes, has_header: bool) -> None:
    reader = DumpReader()
    try:
        fields = reader.feed((header_bytes() if has_header else b"") + garbage)
    except ValueError:
        return
    assert fields == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"references": 3}, "3 for references, not 1"),
        ({"b_frames": 4}, "4 for B pictures, not 0"),
        ({"least": 16}, "16 for smallest CU, not 8"),
        ({"level": 5}, "5 for reuse level, not 10"),
        ({"cutree": 1}, "1 for cutree, not 0"),
        ({"distortion": 1}, "1 for distortion"),
        ({"doubled": 1}, "1 for doubled frames"),
        ({"width": 0}, "says 0x24 pixels"),
        ({"height": -24}, "says 40x-24 pixels"),
        ({"width": 2**30}, "pixels and CTUs of 16"),
        ({"ctu": 0}, "CTUs of 0"),
        ({"ctu": 24}, "CTUs of 24"),
    ],
)
def test_dumps_of_other_settings_are_refused(changed: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DumpReader().feed(header_bytes(**changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"poc": 2}, "of picture 2, type 3"),
        ({"kind": 5}, "of picture 1, type 5"),
        ({"kind": 2}, "of picture 1, type 2"),
        ({"count": 2**32 - 1}, "has [0-9]+ bytes, not"),
        ({"count": 5}, "of 5 CUs has"),
        ({"part": 1}, "split into parts"),
        ({"reference": 1}, "another picture"),
    ],
)
def test_records_that_contradict_are_refused(changed: dict[str, int], message: str) -> None:
    units = [Unit(x, y, 16, _INTER, (1, 1)) for y in (0, 16) for x in (0, 16, 32)]
    with pytest.raises(ValueError, match=message):
        parse_vectors(DumpHeader(40, 24, 16), record(units, 1, 16, 6, **changed), 1)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([Unit(0, 0, 8, _INTER, (0, 0))] * 3, "cover 3 blocks of 4"),
        ([Unit(0, 0, 16, _INTER, (0, 0))] * 2, "cover 8 blocks of 4"),
        ([Unit(0, 0, 4, _INTER, (0, 0))] * 4, "smaller than 8 pixels"),
        ([Unit(0, 0, 16, _OUTSIDE, (0, 0))], "no prediction"),
        ([Unit(0, 0, 16, 3, (0, 0))], "no prediction"),
        ([Unit(0, 0, 16, _INTER, (0, 32768))], "longer than HEVC allows"),
        ([Unit(0, 0, 16, _SKIP, (-32768, 0))], "longer than HEVC allows"),
        ([Unit(0, 0, 16, _SKIP, (-(2**31), 0))], "longer than HEVC allows"),
    ],
)
def test_units_that_cannot_be_are_refused(units: list[Unit], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_vectors(DumpHeader(16, 16, 16), record(units, 1, 16, 1), 1)


def test_a_record_that_claims_more_than_a_picture_can_have_is_not_waited_for() -> None:
    reader = DumpReader()
    reader.feed(header_bytes())
    with pytest.raises(ValueError, match="picture 0 of its dump: a record claims 4294967295 bytes"):
        reader.feed(b"\xff\xff\xff\xff")
