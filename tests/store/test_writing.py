"""What a writer refuses, and what it costs."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from part_samples import write_part

from vadbench.errors import VadbenchError
from vadbench.store import ArraySpec, Part, PartWriter

FRAMES: dict[str, Any] = {"frame": [0, 1], "time": [0.0, 0.04]}


def writer(path: Path, spec: ArraySpec, videos: tuple[str, ...] = ("a",)) -> PartWriter:
    return PartWriter(
        path / "part-0000.h5", stage="s", settings={}, revision=1, videos=videos, arrays={"x": spec}
    )


@pytest.mark.parametrize(
    ("dtype", "values", "problem"),
    [
        ("float16", [1.0, float("nan")], r"a: rows/x has a value that is not finite in float16 \(row 1 of 2"),
        ("float32", [float("inf"), 1.0], "not finite in float32"),
        ("float16", [1.0, 70000.0], "not finite in float16"),
        ("uint8", [1, 256], "out of range in uint8"),
        ("int32", [1, 2**40], "out of range in int32"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    dtype: str, values: list[float], problem: str, tmp_path: Path
) -> None:
    with writer(tmp_path, ArraySpec(dtype)) as part, part.video("a") as video:
        with pytest.raises(VadbenchError, match=problem):
            video.append(**FRAMES, x=values)
        video.finish(frames=2)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ({**FRAMES}, "rows need"),
        ({**FRAMES, "x": [1.0, 2.0], "y": [1.0, 2.0]}, "rows need"),
        ({**FRAMES, "x": [1.0]}, "has shape"),
        ({**FRAMES, "x": [[1.0], [2.0]]}, "has shape"),
        ({"frame": [1, 1], "time": [0.0, 0.0], "x": [1.0, 2.0]}, "must increase"),
        ({"frame": [0, 1], "time": [0.0], "x": [1.0, 2.0]}, "has shape"),
        ({**FRAMES, "x": ["a", "b"]}, "does not hold"),
    ],
)
def test_misshapen_rows_are_refused(rows: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with writer(tmp_path, ArraySpec("float32")) as part, part.video("a") as video:
        with pytest.raises(ValueError, match=problem):
            video.append(**rows)
        # The refused rows have left nothing behind.
        video.append(**FRAMES, x=[3.0, 4.0])
        video.finish(frames=2)
    with writer(tmp_path, ArraySpec("float32")) as part:
        part.complete()
    with Part.open(tmp_path / "part-0000.h5") as read:
        assert read.read("a", "x").tolist() == [3.0, 4.0]


def test_ragged_rows_must_agree(tmp_path: Path) -> None:
    group = {"boxes": {"corner": ArraySpec("float32", (4,)), "track": ArraySpec("int32")}}
    header: dict[str, Any] = {"stage": "s", "settings": {}, "revision": 1, "videos": ["a"], "ragged": group}
    good = {"corner": np.zeros((2, 4)), "track": [1, 2]}
    for rows, problem in [
        ([good], "list of 2"),
        ([good, {"corner": np.zeros((2, 4))}], "a row of boxes needs"),
        ([good, {"corner": np.zeros((2, 4)), "track": [1]}], "differ in length"),
        ([good, {"corner": np.zeros((2, 3)), "track": [1, 2]}], "has shape"),
    ]:
        with PartWriter(tmp_path / "p.h5", **header) as part, part.video("a") as video:
            with pytest.raises(ValueError, match=problem):
                video.append(**FRAMES, boxes=rows)
            video.finish(frames=2)


def test_a_video_left_without_finish_is_an_error(tmp_path: Path) -> None:
    with writer(tmp_path, ArraySpec("float32")) as part:
        with pytest.raises(ValueError, match="without finish"), part.video("a"):
            pass
        with pytest.raises(ValueError, match="not finished: a"):
            part.complete()


def test_more_rows_than_frames_is_an_error(tmp_path: Path) -> None:
    with writer(tmp_path, ArraySpec("float32")) as part, part.video("a") as video:
        video.append(**FRAMES, x=[1.0, 2.0])
        with pytest.raises(VadbenchError, match="a row of frame 1, but only 1 frames"):
            video.finish(frames=1)
        video.finish(frames=2)


def test_two_videos_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="same id"):
        writer(tmp_path, ArraySpec("float32"), ("a", "a"))


@pytest.mark.parametrize("name", ["frame", "rows", "a b", "x_start"])
def test_names_of_the_store_itself_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=name):
        write_part(tmp_path / "part-0000.h5", [], arrays={name: ArraySpec("float32")}, ragged={})


def test_settings_too_long_for_an_attribute_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="settings is longer"):
        write_part(tmp_path / "part-0000.h5", [], settings={"text": "x" * 70_000})


def test_two_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        write_part(tmp_path / folder / "part-0000.h5", ["a", "b", "c"])
    first, second = (tmp_path / folder / "part-0000.h5" for folder in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_the_digest_follows_arrays_and_settings_only(tmp_path: Path) -> None:
    digests = {}
    for name, change in {
        "same": {},
        "numbers": {"change": "!"},
        "settings": {"settings": {"stride": 5}},
        "revision": {"revision": 3},
        "weights": {"weights": {}},
    }.items():
        path = tmp_path / name / "part-0000.h5"
        write_part(path, ["a", "b"], **change)  # type: ignore[arg-type]
        with Part.open(path) as part:
            digests[name] = part.digest
    assert len(set(digests.values())) == len(digests)


def test_a_buffer_may_be_filled_again_after_append(tmp_path: Path) -> None:
    buffer = np.zeros((1,), np.float32)
    with writer(tmp_path, ArraySpec("float32")) as part:
        with part.video("a") as video:
            for row in range(5):
                buffer[:] = row
                video.append(frame=[row], time=[row / 25], x=buffer)
            video.finish(frames=5)
        part.complete()
    with Part.open(tmp_path / "part-0000.h5") as read:
        assert read.read("a", "x").tolist() == [0, 1, 2, 3, 4]


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from vadbench.store import ArraySpec, PartWriter
block = np.ones((64, 4096), np.float16)
header = dict(stage="s", settings={}, revision=1, arrays={"x": ArraySpec("float16", (4096,))})
with PartWriter(Path(sys.argv[1]), videos=["a"], **header) as writer:
    with writer.video("a") as video:
        for start in range(0, int(sys.argv[2]), 64):
            frames = np.arange(start, start + 64)
            video.append(frame=frames, time=frames / 25, x=block)
        video.finish(frames=int(sys.argv[2]))
    writer.complete()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    peaks = []
    for rows in (6_400, 25_600):  # 52 and 210 MB
        command = [sys.executable, "-c", MEMORY, str(tmp_path / f"part-{rows}.h5"), str(rows)]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    assert peaks[1] - peaks[0] < 30 * 1024
