"""Killed at any moment and run again: the same part, and nothing finished is done twice."""

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from part_samples import row_count, write_part

from vadbench.errors import VadbenchError
from vadbench.store import Part, PartWriter
from vadbench.store.layout import ArraySpec

VIDEOS = ["a", "empty", "b/c", "d", "é"]

# Children of a server that has everything imported: a kill costs 20 ms instead of a second.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["pytest", "vadbench.store"])


def _die_at(step: int) -> None:
    """SIGKILL this process just before or just after the store's n-th step that changes the disk."""
    steps = 0

    def is_stores_own() -> bool:
        return not str(sys._getframe(2).f_globals["__name__"]).startswith("filelock")

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keywords: Any) -> Any:
            nonlocal steps
            if not is_stores_own():
                return call(*args, **keywords)
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **keywords)
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    for module, name in ((os, "replace"), (os, "fsync"), (os, "unlink"), (os, "open"), (os, "mkdir")):
        setattr(module, name, watched(getattr(module, name)))
    h5py.File.__init__ = watched(h5py.File.__init__)  # type: ignore[method-assign]
    h5py.Dataset.resize = watched(h5py.Dataset.resize)  # type: ignore[method-assign]


def _write(path: Path, step: int, pause: float) -> None:
    if step:
        _die_at(step)
    write_part(path, VIDEOS, after_row=lambda: time.sleep(pause) if pause else None)


def _run(path: Path, step: int = 0, pause: float = 0.0, kill_after: float | None = None) -> int:
    """Write the part in another process; return its exit code."""
    process = SERVER.Process(target=_write, args=(path, step, pause))
    process.start()
    if kill_after is not None:
        process.join(kill_after)
        process.kill()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("undisturbed") / "part-0000.h5"
    write_part(path, VIDEOS)
    return path.read_bytes()


def _assert_complete(path: Path, undisturbed: bytes) -> None:
    assert path.read_bytes() == undisturbed
    assert [left.name for left in path.parent.iterdir()] == [path.name]


def test_killed_at_every_kind_of_moment(undisturbed: bytes, tmp_path: Path) -> None:
    """Each run gets a few steps further than the one before, until one is complete."""
    random_steps = random.Random(0)
    for round in range(2):
        path = tmp_path / str(round) / "part-0000.h5"
        path.parent.mkdir()
        kills = 0
        step = 1 + round
        while _run(path, step) == -signal.SIGKILL:
            kills += 1
            assert not path.exists() or path.read_bytes() == undisturbed
            step += random_steps.randint(2, 20)
        assert kills > 5
        _assert_complete(path, undisturbed)


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(seed: int, undisturbed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    moments = random.Random(seed)
    codes = [_run(path, pause=0.005, kill_after=moments.uniform(0.05, 0.6)) for _ in range(4)]
    assert -signal.SIGKILL in codes
    assert _run(path) == 0
    _assert_complete(path, undisturbed)


def _cut_off(path: Path, finished: int, **header: Any) -> None:
    """Leave what a killed run leaves after some videos."""
    rows = sum(row_count(id) for id in VIDEOS[:finished])

    def stop() -> None:
        nonlocal rows
        rows -= 1
        if rows < 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_part(path, VIDEOS, after_row=stop, **header)


def _resumed_rows(path: Path, **header: Any) -> int:
    """Rows that a run must still make."""
    rows = 0

    def count() -> None:
        nonlocal rows
        rows += 1

    write_part(path, VIDEOS, after_row=count, **header)
    return rows


def test_finished_videos_are_not_made_again(undisturbed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=3)
    assert _resumed_rows(path) == row_count("d") + row_count("é")
    _assert_complete(path, undisturbed)


def test_the_writer_says_where_to_go_on(tmp_path: Path) -> None:
    arrays = {"x": ArraySpec("uint8")}
    header: dict[str, Any] = {"stage": "s", "settings": {}, "revision": 1, "arrays": arrays}
    with PartWriter(tmp_path / "part-0000.h5", videos=["a", "b", "c"], **header) as writer:
        assert (writer.finished, writer.finished_rows) == (0, 0)
        for id in ("a", "c"):
            with writer.video(id) as video:
                video.append(frame=[0, 1, 2], time=[0, 1, 2], x=[0, 1, 2])
                video.finish(frames=3)
    with PartWriter(tmp_path / "part-0000.h5", videos=["a", "b", "c"], **header) as writer:
        assert (writer.finished, writer.finished_rows) == (1, 3)


@pytest.mark.parametrize("change", [{"settings": {"stride": 9}}, {"revision": 3}, {"videos_digest": "new"}])
def test_work_under_other_settings_is_not_continued(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=3)
    assert _resumed_rows(path, **change) == sum(row_count(id) for id in VIDEOS)


def test_work_survives_that_the_output_is_deleted(undisturbed: bytes, tmp_path: Path) -> None:
    # Snakemake deletes a job's outputs, and what it thinks incomplete, before the job starts.
    path = tmp_path / "part-0000.h5"
    path.write_text("an older part")
    _cut_off(path, finished=4)
    path.unlink()
    assert _resumed_rows(path) == row_count("é")
    _assert_complete(path, undisturbed)


def test_a_finished_video_damaged_on_the_disk_is_made_again(undisturbed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=4)
    victim = tmp_path / ".part-0000.h5.work" / "video-000000.h5"
    with h5py.File(victim) as file:
        offset = file["jpeg/bytes"].id.get_chunk_info(0).byte_offset
    with victim.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(VadbenchError, match=r"video-000000.h5: damaged since .*run the command again"):
        write_part(path, VIDEOS)
    assert not path.exists()
    write_part(path, VIDEOS)
    _assert_complete(path, undisturbed)


def test_a_truncated_finished_video_is_made_again(undisturbed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=4)
    os.truncate(tmp_path / ".part-0000.h5.work" / "video-000002.h5", 100)
    write_part(path, VIDEOS)
    _assert_complete(path, undisturbed)


def test_a_full_disk_costs_no_finished_video(
    undisturbed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=4)
    with monkeypatch.context() as patch:
        patch.setattr("vadbench.store.assembly.append", _no_space)
        with pytest.raises(VadbenchError, match=r"part-0000.h5: cannot be written: .*No space left"):
            write_part(path, VIDEOS)
    assert _resumed_rows(path) == 0
    _assert_complete(path, undisturbed)


def test_a_disk_that_gets_full_is_seen_before_hdf5_meets_it(
    undisturbed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part-0000.h5"
    _cut_off(path, finished=4)
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage(tmp_path)
        patch.setattr("shutil.disk_usage", lambda folder: usage._replace(free=1000))
        with pytest.raises(
            VadbenchError, match=r"0 MB are free on the disk, .*make room and run the command"
        ):
            write_part(path, VIDEOS)
    assert _resumed_rows(path) == row_count("é")
    _assert_complete(path, undisturbed)


def _no_space(*args: object) -> None:
    raise OSError(28, "No space left on device")


def test_readers_see_the_old_part_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    write_part(path, ["a"])
    with Part.open(path) as old:
        write_part(path, ["a"], change="!")
        with Part.open(path) as new:
            assert (old.read("a", "score") != new.read("a", "score")).all()
