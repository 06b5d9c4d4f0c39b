"""Stages killed at random moments and started again, until they end by themselves.

Five kills per stage; `VADBENCH_KILLS=20 pytest tests/stages/test_kills.py` for more.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import killed
import numpy as np
import pytest
from numpy.typing import NDArray
from shards import write_shard

from tiny_clip import write_architecture, write_weights
from tiny_detector import write_tiny_detector
from vadbench.config import MotionSettings
from vadbench.store import Part

KILLS = int(os.environ.get("VADBENCH_KILLS", "5"))
LENGTHS = {f"video-{number:02d}": 10 + 17 * number % 60 for number in range(16)}

# Forked from a server that has computed nothing. The server is one for all tests, so that it may have
# imported less than is needed here: moments to kill are counted from when a process has its imports.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["killed"])

Target = Callable[[Path, Any, Path, dict[str, Any]], None]


@pytest.fixture(scope="module", autouse=True)
def server_finds_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The server imports with the path of its environment, not with ours, and where ultralytics may write."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(os.path.abspath, sys.path)))
        patch.chdir(tmp_path_factory.mktemp("server"))
        yield


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


@pytest.fixture(scope="module")
def small_shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lengths = {id: 1 + length // 3 for id, length in list(LENGTHS.items())[:10]}
    return write_shard(tmp_path_factory.mktemp("small"), lengths)


@pytest.fixture(scope="module")
def tiny(shard: Path) -> dict[str, Any]:
    architecture = write_architecture(shard.parent)
    return {"model": str(architecture), "weights": str(write_weights(architecture)), "batch_size": 7}


def _run(target: Target, *arguments: Any, kill_after: float | None = None) -> bool:
    """Run in a process of its own; whether it ended by itself before it was killed."""
    return _timed_run(target, *arguments, kill_after=kill_after) is not None


def _timed_run(target: Target, *arguments: Any, kill_after: float | None = None) -> float | None:
    """Seconds from the first line of `target` to its end; None when it was killed before."""
    begun = _PROCESSES.Event()
    process = _PROCESSES.Process(target=killed.after_imports, args=(begun, target, *arguments))
    process.start()
    assert begun.wait(timeout=300)
    started = time.perf_counter()
    process.join(kill_after)
    if kill_after is not None and process.is_alive():
        process.kill()
    process.join()
    assert process.exitcode in (0, -9)
    return time.perf_counter() - started if process.exitcode == 0 else None


def _arrays(path: Path) -> dict[str, list[NDArray[Any]]]:
    with Part.open(path) as part:
        return {
            id: [part.frame(id), part.time(id), *(part.read(id, name) for name in part.arrays)]
            + [
                values
                for group, arrays in part.groups.items()
                for array in arrays
                for values in part.ragged_rows(id, group, array)
            ]
            for id in part.videos
        }


def _assert_kills_leave_no_trace(
    target: Target, shard: Path, reads: Path | None, out: Path, settings: dict[str, Any]
) -> None:
    undisturbed = out.parent / "undisturbed" / out.name
    duration = _timed_run(target, shard, reads, undisturbed, settings)
    assert duration is not None
    random = np.random.default_rng()
    kills = continued = 0
    while kills < KILLS or (not continued and kills < 10 * KILLS):
        if _run(target, shard, reads, out, settings, kill_after=random.uniform(0, duration)):
            out.unlink()
        else:
            kills += 1
            continued += bool(list(out.parent.glob(f".{out.name}.work/video-*.h5")))
    out.unlink(missing_ok=True)
    assert _run(target, shard, reads, out, settings)
    expected, found = _arrays(undisturbed), _arrays(out)
    assert list(found) == list(expected)
    for id, arrays in expected.items():
        assert all(np.array_equal(*pair) for pair in zip(arrays, found[id], strict=True)), id
    assert undisturbed.read_bytes() == out.read_bytes()
    # The runs that were killed have left work behind, or this test says nothing.
    assert continued


def test_frames_killed_at_any_moment_end_alike(shard: Path, tmp_path: Path) -> None:
    _assert_kills_leave_no_trace(killed.make_frames, shard, None, tmp_path / "part-0000.h5", {})


def test_clip_killed_at_any_moment_ends_alike(shard: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    frames = tmp_path / "frames/part-0000.h5"
    assert _run(killed.make_frames, shard, None, frames, {})
    _assert_kills_leave_no_trace(killed.make_clip, shard, frames, tmp_path / "clip/part-0000.h5", tiny)


def test_windows_killed_at_any_moment_end_alike(shard: Path, tiny: dict[str, Any], tmp_path: Path) -> None:
    frames = tmp_path / "frames/part-0000.h5"
    assert _run(killed.make_frames, shard, None, frames, {})
    windows = {**tiny, "scales": ["2/2", "3/1"], "top": 3, "keep": "test", "test_videos": list(LENGTHS)[::3]}
    _assert_kills_leave_no_trace(
        killed.make_windows, shard, frames, tmp_path / "windows/part-0000.h5", windows
    )


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings of a detector; ultralytics keeps its settings below the working folder."""
    monkeypatch.chdir(tmp_path)
    write_tiny_detector(tmp_path / "tiny.pt")
    return {"weights": "tiny.pt", "image_size": 64, "confidence": 0.55, "batch_size": 7}


def test_regions_killed_at_any_moment_end_alike(
    small_shard: Path, detector: dict[str, Any], tmp_path: Path
) -> None:
    frames, out = tmp_path / "frames/part-0000.h5", tmp_path / "regions/part-0000.h5"
    assert _run(killed.make_frames, small_shard, None, frames, {})
    _assert_kills_leave_no_trace(killed.make_regions, small_shard, frames, out, detector)
    with Part.open(out) as part:
        tracks = np.concatenate(
            [row for id in part.videos for row in part.ragged_rows(id, "regions", "track")]
        )
    assert len(np.unique(tracks)) > 2


def test_motion_killed_at_any_moment_ends_alike(small_shard: Path, tmp_path: Path) -> None:
    _assert_kills_leave_no_trace(killed.make_motion, small_shard, None, tmp_path / "part-0000.h5", {})


@pytest.mark.parametrize("keep", ["all", "none"])
def test_histograms_killed_at_any_moment_end_alike(small_shard: Path, tmp_path: Path, keep: str) -> None:
    """Of stored motion, and of motion that is made for them."""
    frames, regions, motion = (tmp_path / f"{name}/part-0000.h5" for name in ("frames", "regions", "motion"))
    assert _run(killed.make_frames, small_shard, None, frames, {})
    assert _run(killed.make_regions, small_shard, frames, regions, {"window": 20})
    assert _run(killed.make_motion, small_shard, None, motion, {})
    given = {"motion": motion if keep == "all" else MotionSettings(keep="none")}
    out = tmp_path / "histograms/part-0000.h5"
    _assert_kills_leave_no_trace(killed.make_histograms, small_shard, regions, out, given)
    with Part.open(out) as part:
        assert any(row.any() for id in part.videos for row in part.ragged_rows(id, "regions", "histogram"))
