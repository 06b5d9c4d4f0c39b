"""Vectors of x265 on scenes whose motion is known, and what happens where they cannot be had."""

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from vadbench.errors import VadbenchError
from vadbench.models import hevc_pipe, hevc_vectors
from vadbench.models.hevc_dump import INTRA, DumpReader
from vadbench.models.hevc_vectors import HevcVectors

Images = list[NDArray[np.uint8]]
PRESETS = ("fast", "medium")


def texture(height: int, width: int, seed: int, blur: float = 1.0) -> NDArray[np.float64]:
    noise = ndimage.gaussian_filter(
        np.random.default_rng(seed).normal(size=(height, width)), blur, mode="wrap"
    )
    return np.asarray(128 + 50 * noise / max(noise.std(), 1e-9))


def picture(grey: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.repeat(grey.clip(0, 255).round().astype(np.uint8)[:, :, None], 3, 2)


def square_scene(step: tuple[float, float], frames: int = 4, height: int = 200, width: int = 264) -> Images:
    """A textured square of 96 pixels that starts at (64, 48) and moves by `step`, with parts of pixels."""
    background, square = texture(height, width, 0), texture(96, 96, 1)
    images = []
    for index in range(frames):
        shift = np.array([48 + step[1] * index, 64 + step[0] * index])
        whole = np.floor(shift).astype(int)
        moved = ndimage.shift(square, shift - whole, order=3, mode="grid-wrap")
        image = background.copy()
        image[whole[0] : whole[0] + 96, whole[1] : whole[1] + 96] = moved
        images.append(picture(image))
    return images


def blocks_of_square(step: tuple[float, float], index: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Blocks that lie in the square in this frame, with 8 pixels to spare."""
    left, top = 64 + step[0] * index, 48 + step[1] * index
    rows, columns = np.indices(shape[:2]) * 8
    inside = (rows >= top + 8) & (rows + 8 <= top + 88) & (columns >= left + 8) & (columns + 8 <= left + 88)
    return np.asarray(inside)


def share(vectors: NDArray[np.int16], wanted: tuple[float, float], within: int = 0) -> float:
    """Of vectors the share within some quarter pixels of the one wanted, given in pixels."""
    off = np.abs(vectors.reshape(-1, 2).astype(int) - np.multiply(wanted, 4)).max(1)
    return float(np.mean(off <= within))


@cache
def encoder(preset: str) -> HevcVectors:
    return HevcVectors(preset)


@pytest.fixture
def vectors() -> HevcVectors:
    return encoder("medium")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("step", [(3, -2), (-5, 0), (0, 4), (1.25, 0.75), (-0.5, -2.25), (12, 6)])
def test_square_that_moves_by_a_known_step(preset: str, step: tuple[float, float]) -> None:
    fields = list(encoder(preset).fields(square_scene(step)))
    for index in range(1, 4):
        of_square = fields[index][blocks_of_square(step, index, fields[index].shape)]
        assert len(of_square) >= 81
        assert share(of_square, step) > 0.9
        assert share(of_square, step, within=1) > 0.98
    assert share(fields[-1][:3], (0, 0)) > 0.95  # the background above it


@pytest.mark.parametrize("preset", PRESETS)
def test_static_clip_has_no_motion(preset: str) -> None:
    still = picture(texture(120, 160, 3))
    for field in list(encoder(preset).fields([still] * 5))[1:]:
        assert not field.any()


@pytest.mark.parametrize("step", [(2, 1), (-3, 0), (-1.75, 0.5)])
def test_pan_is_uniform(vectors: HevcVectors, step: tuple[float, float]) -> None:
    world = texture(160, 200, 4)
    images = [
        picture(ndimage.shift(world, (step[1] * index, step[0] * index), order=3, mode="grid-wrap"))
        for index in range(5)
    ]
    for field in list(vectors.fields(images))[2:]:
        inner = field[2:-2, 2:-2]
        assert share(inner, step) > 0.85
        assert share(inner, step, within=1) > 0.95


def test_content_that_was_never_seen_is_intra_and_not_without_motion(vectors: HevcVectors) -> None:
    # Chess-board detail at two places in turn: nothing in the frame before is like it.
    images = []
    for index in range(4):
        image = np.full((64, 128), 128.0)
        image[:, 64 * (index % 2) :][:, :64] = texture(64, 64, 10 + index, blur=4)
        images.append(picture(image))
    fields = list(vectors.fields(images))
    assert (fields[0] == INTRA).all()
    marked = [(field == INTRA).all(2) for field in fields[1:]]
    assert all(0.1 < mark.mean() < 1 for mark in marked)
    for field, mark in zip(fields[1:], marked, strict=True):
        assert (field[~mark] != INTRA).all()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (8, 8), (16, 16), (17, 40), (33, 15), (64, 64), (66, 70), (101, 133), (100, 72), (322, 242)],
)
def test_every_size_has_a_vector_per_block(preset: str, width: int, height: int) -> None:
    step = (2, 1)
    world = texture(height, width, 5)
    images = [picture(np.roll(world, (step[1] * index, step[0] * index), (0, 1))) for index in range(4)]
    fields = list(encoder(preset).fields(images))
    assert [field.shape for field in fields] == [(-(-height // 8), -(-width // 8), 2)] * 4
    assert (fields[0] == INTRA).all()
    if min(width, height) >= 64:
        assert share(fields[-1][1:-1, 1:-1], step) > 0.85


def test_blocks_at_the_edge_lie_where_they_should(vectors: HevcVectors) -> None:
    """Only the lower right corner moves, of a picture that ends within a block and within a CTU."""
    background, corner = texture(138, 204, 6), texture(40, 60, 7)
    images = []
    for index in range(5):
        image = background.copy()
        image[98:, 144:] = np.roll(corner, -2 * index, 1)
        images.append(picture(image))
    field = list(vectors.fields(images))[-1]
    assert field.shape == (18, 26, 2)
    assert share(field[13:, 19:24], (-2, 0)) > 0.8
    assert share(field[:12], (0, 0)) > 0.95
    assert share(field[:, :17], (0, 0)) > 0.95


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_short_clips(vectors: HevcVectors, frames: int) -> None:
    fields = list(vectors.fields(square_scene((3, -2), frames)))
    assert len(fields) == frames
    assert all((field == INTRA).all() for field in fields[:1])
    for field in fields[1:]:
        assert share(field[blocks_of_square((3, -2), 1, field.shape)], (3, -2)) > 0.8


_PRINT_DIGEST = """
import hashlib, os, sys
import numpy as np
from vadbench.models.hevc_vectors import HevcVectors
if sys.argv[1] == "one core":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
world = np.kron(np.random.default_rng(0).integers(0, 256, (40, 60, 3)), np.ones((4, 4, 1))).astype(np.uint8)
noise = np.random.default_rng(1).normal(0, 6, (8, 160, 240, 3))
images = [(np.roll(world, (5 * i, 9 * i), (0, 1)) + noise[i]).clip(0, 255).astype(np.uint8) for i in range(8)]
digest = hashlib.sha256(b"".join(field.tobytes() for field in HevcVectors().fields(images)))
print(digest.hexdigest())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_vectors_do_not_depend_on_threads_or_cores() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_DIGEST, cores],
            env={**os.environ, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for cores, threads in (("one core", "1"), ("all cores", "1"), ("all cores", "8"))
    }
    assert len(digests) == 1


def test_two_videos_at_once_are_as_one_after_another(vectors: HevcVectors) -> None:
    scenes = [square_scene((3, -2)), square_scene((-4, 1))]
    alone = [list(vectors.fields(scene)) for scene in scenes]
    together = list(zip(*(vectors.fields(scene) for scene in scenes), strict=True))
    for index, pair in enumerate(together):
        np.testing.assert_array_equal(pair[0], alone[0][index])
        np.testing.assert_array_equal(pair[1], alone[1][index])


def test_fields_come_while_frames_are_given(vectors: HevcVectors) -> None:
    """Memory does not grow with the video: a field is handed out soon after its frame was taken."""
    taken = 0

    def frames() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        for image in square_scene((3, -2)) * 30:
            taken += 1
            yield image

    lag = max(taken - index for index, _ in enumerate(vectors.fields(frames()), 1))
    assert taken == 120
    assert lag <= 20


def test_version_and_settings_are_told(vectors: HevcVectors) -> None:
    assert re.fullmatch(r"\d+\.\d+\S* \(build \d+\)", vectors.version)
    assert {"bframes=0", "ref=1", "crf=28.0", "no-wpp"} <= set(vectors.options.split())
    assert not re.search(r"cpuid|input-res|/", vectors.options.replace("deblock=0:0", ""))
    assert {"crf=20.0", "rd=2"} <= set(HevcVectors("fast", 20).options.split())


def test_presets_and_quality_reach_the_encoder() -> None:
    noisy = [
        (image + np.random.default_rng(index).normal(0, 6, image.shape)).clip(0, 255).astype(np.uint8)
        for index, image in enumerate(square_scene((3, -2)))
    ]
    outcomes = [
        list(HevcVectors(*settings).fields(noisy))[-1]
        for settings in (("medium", 28), ("fast", 28), ("medium", 10))
    ]
    assert not np.array_equal(outcomes[0], outcomes[1])
    assert not np.array_equal(outcomes[0], outcomes[2])


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_nothing_reaches_the_disk_and_nothing_is_left(
    vectors: HevcVectors, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def look_and_unlink(pipe: hevc_pipe.DumpPipe) -> None:
        seen.extend(path.is_fifo() for path in temporary.glob("*/*"))
        unlink(pipe)

    def frames() -> Iterator[NDArray[np.uint8]]:
        for image in square_scene((3, -2)) * 5:
            assert not list(temporary.iterdir())  # nor would anything be, were the process killed
            yield image

    unlink = hevc_pipe.DumpPipe.unlink
    monkeypatch.setattr(hevc_pipe.DumpPipe, "unlink", look_and_unlink)
    for _ in vectors.fields(frames()):
        assert not list(temporary.iterdir())
    assert seen == [True]


def test_a_frame_of_another_size_ends_the_video(vectors: HevcVectors, temporary: Path) -> None:
    images = square_scene((3, -2))
    images[3] = images[3][:, :-8]
    threads = threading.active_count()
    with pytest.raises(VadbenchError, match="frame 3: is 256x200 where frames before it are 264x200"):
        list(vectors.fields(images))
    assert not list(temporary.iterdir())
    assert threading.active_count() == threads


def test_a_video_that_is_given_up_leaves_nothing(vectors: HevcVectors, temporary: Path) -> None:
    threads = threading.active_count()
    fields = vectors.fields(square_scene((3, -2)) * 5)
    for _ in range(7):
        next(fields)
    fields.close()
    assert not list(temporary.iterdir())
    assert threading.active_count() == threads


def test_an_error_of_the_frames_is_handed_on(vectors: HevcVectors, temporary: Path) -> None:
    def frames() -> Iterator[NDArray[np.uint8]]:
        yield from square_scene((3, -2))
        raise ValueError("of the reader")

    with pytest.raises(ValueError, match=r"^of the reader$"):
        list(vectors.fields(frames()))
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["a b", "a:b=c", "it's", "back\\slash", "ünïcode", "%s", "-x;#"])
def test_temporary_folders_of_any_name(temporary: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    folder = temporary / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    HevcVectors()
    assert not list(folder.iterdir())


def test_a_temporary_folder_too_deep_is_refused(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary / ("x" * 120) / ("y" * 120)
    folder.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(VadbenchError, match=r"longer than 240 bytes; .* TMPDIR"):
        HevcVectors()
    assert not list(folder.iterdir())


def test_an_encoder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"h264"})
    with pytest.raises(VadbenchError, match="has no libx265"):
        HevcVectors()


def test_a_system_without_named_pipes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "mkfifo")
    with pytest.raises(VadbenchError, match="no named pipes"):
        HevcVectors()


def test_a_folder_that_takes_no_pipes_is_an_error(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(os, "mkfifo", refuse)
    with pytest.raises(VadbenchError, match=r"Operation not permitted; .* TMPDIR is a local folder"):
        HevcVectors()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("bframes", "2", "Invalid data"),
        ("ref", "3", "without the setting ref=1"),
        ("weightp", "1", "without the setting no-weightp"),
        ("min-cu-size", "16", "without the setting min-cu-size=8"),
        ("rect", "1", "without the setting no-rect"),
        ("me", "no such search", "without the setting me=2"),
        ("psy-rd", "0.5", "without the setting psy-rd=0.00"),
        ("analysis-save-reuse-level", "5", "without the setting analysis-save-reuse-level=10"),
    ],
)
def test_an_encoder_of_other_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, option: str, value: str, message: str
) -> None:
    monkeypatch.setitem(hevc_vectors._OPTIONS, option, value)
    with pytest.raises(VadbenchError, match=message):
        HevcVectors()


def test_an_encoder_that_writes_no_dump_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hevc_pipe.DumpPipe, "take", lambda self: b"")
    with pytest.raises(VadbenchError, match="its dump ends after 0 pictures, not 3"):
        HevcVectors()


@pytest.mark.parametrize(
    "turned", [lambda field: -field, lambda field: field[:, :, ::-1], lambda field: field * 0]
)
def test_vectors_that_are_not_those_of_the_square_stop_the_stage(
    monkeypatch: pytest.MonkeyPatch, turned: Callable[[Any], Any]
) -> None:
    feed = DumpReader.feed
    monkeypatch.setattr(DumpReader, "feed", lambda self, data: [turned(field) for field in feed(self, data)])
    with pytest.raises(VadbenchError, match=r"in a test the square moves by \(3, -2\) pixels"):
        HevcVectors()


def test_skipped_blocks_are_the_frame_before_moved_by_their_vectors(vectors: HevcVectors) -> None:
    """Against a decoder: blocks coded with nothing but a whole vector are copies, filters aside."""
    images = square_scene((4, -4), frames=4)
    fields = list(vectors.fields(images))
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 264, 200, "yuv420p", Fraction(1, 25)
    options = ":".join(
        f"{name}={value}" for name, value in hevc_vectors._OPTIONS.items() if "analysis" not in name
    )
    context.options = {"preset": "medium", "x265-params": f"crf=28:{options}"}
    packets = []
    for index, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, context.time_base
        packets += context.encode(frame)
    packets += context.encode(None)
    decoder = av.CodecContext.create("hevc", "r")
    decoded = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    pictures = [frame.to_ndarray(format="gray")[:200, :264].astype(int) for frame in decoded]
    assert len(pictures) == 4
    compared = []
    for row, column in np.ndindex(*fields[3].shape[:2]):
        x, y = fields[3][row, column]
        if x == INTRA or x % 4 or y % 4:
            continue
        top, left = 8 * row, 8 * column
        now = pictures[3][top : top + 8, left : left + 8]
        before = pictures[2][top - y // 4 : top - y // 4 + 8, left - x // 4 : left - x // 4 + 8]
        compared.append(np.abs(now - before).mean())
    assert len(compared) > 700
    assert np.median(compared) < 2
