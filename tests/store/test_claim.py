"""One writer at a time: over processes, hosts, kills and lost claims."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from part_samples import HEADER, make_rows, write_part

from vadbench.errors import VadbenchError
from vadbench.store import Part, PartWriter
from vadbench.store.claim import EXPIRY_SECONDS, HEARTBEAT_SECONDS, Claim

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["pytest", "vadbench.store"])


def _hold(path: Path, taken: Any) -> None:
    claim = Claim(path)
    claim.acquire()
    taken.set()
    time.sleep(600)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A claim that another process of this host holds."""
    path = tmp_path / "claim"
    taken = SERVER.Event()
    process = SERVER.Process(target=_hold, args=(path, taken))
    process.start()
    assert taken.wait(60)
    yield path, process
    process.kill()
    process.join()


def _move_to_another_host(path: Path) -> None:
    """Make a claim look as if a process of another host had written it; its file stays the same one."""
    text = path.read_text()
    host = next(line for line in text.splitlines() if line.startswith("host="))
    with path.open("r+") as stream:
        stream.write(text.replace(host, "host=elsewhere"))
        stream.truncate()
    note = path.with_name("claim.owner")
    note.write_text(json.dumps({**json.loads(note.read_text()), "host": "elsewhere", "job": "SLURM job 17"}))


def test_a_second_writer_stops_at_once_where_the_owner_is_alive(holder: tuple[Path, Any]) -> None:
    path, process = holder
    started = time.monotonic()
    with pytest.raises(VadbenchError, match=rf"another process is writing .*: process {process.pid} on "):
        Claim(path).acquire()
    assert time.monotonic() - started < 60  # far from the ten minutes of an owner that is not seen


def test_the_owners_scheduler_job_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    owner = Claim(tmp_path / "claim")
    owner.acquire()
    with pytest.raises(VadbenchError, match=rf"process {os.getpid()} on .*, SLURM job 4711;"):
        Claim(tmp_path / "claim").acquire()
    owner.release()


def test_a_claim_of_a_process_that_is_gone_is_taken_over_at_once(holder: tuple[Path, Any]) -> None:
    path, process = holder
    process.kill()
    process.join()
    claim = Claim(path)
    claim.acquire()
    claim.check()
    claim.release()
    assert list(path.parent.iterdir()) == []


def test_a_claim_under_a_number_that_another_process_has_now_is_taken_over(holder: tuple[Path, Any]) -> None:
    path, process = holder
    process.kill()
    process.join()
    text = path.read_text().replace(f"pid={process.pid}\n", f"pid={os.getpid()}\n")
    path.write_text(text)
    claim = Claim(path)
    claim.acquire()
    claim.check()  # raises unless the claim is ours
    claim.release()


HOLD = """
import pathlib, sys, time
from vadbench.store.claim import Claim
claim = Claim(pathlib.Path(sys.argv[1]))
claim.acquire()
print(flush=True)
time.sleep(600)
"""


def test_a_claim_of_a_dead_process_that_no_parent_has_reaped_is_taken_over(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "claim")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        claim = Claim(tmp_path / "claim")
        claim.acquire()
        claim.release()


def test_a_claim_without_a_name_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Killed between making the file and writing into it.
    monkeypatch.setattr("vadbench.store.claim._UNWRITTEN_SECONDS", 1.5)
    (tmp_path / "claim").touch()
    claim = Claim(tmp_path / "claim")
    claim.acquire()
    claim.check()  # raises unless the claim is ours
    claim.release()


def test_a_silent_owner_on_another_host_loses_its_claim_after_the_expiry(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    silent = Claim(path, heartbeat=3.9, expiry=4.0)
    silent.acquire()
    _move_to_another_host(path)
    started = time.monotonic()
    second = Claim(path, heartbeat=0.5, expiry=4.0)
    # The first heartbeat would come after 3.9 s: as if the other host had died.
    silent._lease._stop_heartbeat()
    second.acquire()
    assert time.monotonic() - started >= 4.0
    with pytest.raises(VadbenchError, match=r"lost its claim to process .*it stops"):
        silent.check()
    silent.release()
    second.check()
    second.release()


def test_a_second_writer_stops_where_another_host_renews_its_claim(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    alive = Claim(path, heartbeat=1.0, expiry=60.0)
    alive.acquire()
    _move_to_another_host(path)
    with pytest.raises(VadbenchError, match=r"process \d+ on elsewhere, SLURM job 17"):
        Claim(path, heartbeat=1.0, expiry=60.0).acquire()
    alive.check()
    alive.release()


def test_the_ten_minutes_and_thirty_seconds_that_are_promised(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "claim")
    claim.acquire()
    assert (HEARTBEAT_SECONDS, EXPIRY_SECONDS) == (30, 600)
    assert "duration=600" in (tmp_path / "claim").read_text()
    claim.release()


def test_an_owner_that_lost_its_claim_renames_nothing(tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    with PartWriter(path, videos=["a"], **HEADER) as loser:
        with loser.video("a") as video:
            video.append(**make_rows("a", 0))
            video.finish(frames=1)
        # What another process does that finds the heartbeat too old.
        loser._claim._lease.force_break()
        with PartWriter(path, videos=["a"], **HEADER) as winner:
            assert winner.finished == 1
            with pytest.raises(VadbenchError, match="lost its claim"):
                loser.complete()
            assert not path.exists()
            with loser.video("a") as video, pytest.raises(VadbenchError, match="lost its claim"):
                video.finish(frames=0)
            winner.complete()
    with Part.open(path) as part:
        assert part.videos == ("a",)
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def _race(path: Path, start: Any, results: Any) -> None:
    start.wait()
    try:
        write_part(path, ["a", "b"], after_row=lambda: time.sleep(0.1))
        results.put("wrote")
    except VadbenchError as error:
        results.put(str(error))


def test_of_two_writers_one_writes_and_the_other_says_who(tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    start, results = SERVER.Barrier(2), SERVER.Queue()
    writers = [SERVER.Process(target=_race, args=(path, start, results)) for _ in range(2)]
    for process in writers:
        process.start()
    found = sorted(results.get() for _ in writers)
    for process in writers:
        process.join()
    assert found[1] == "wrote"
    assert "another process is writing this part: process" in found[0]
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "claim").mkdir()
    with pytest.raises(VadbenchError, match=r"claim: this file, by which a part is claimed: .*"):
        Claim(tmp_path / "claim").acquire()


def test_two_threads_are_two_writers(tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    errors = []

    def second() -> None:
        try:
            write_part(path, ["a"])
        except VadbenchError as error:
            errors.append(str(error))

    with PartWriter(path, videos=["a"], **HEADER):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another process is writing" in errors[0]
