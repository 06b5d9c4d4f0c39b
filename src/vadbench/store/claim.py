"""Who may write a part: one process at a time, over several hosts on one file system."""

import json
import logging
import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import SoftFileLease, Timeout

from vadbench.errors import VadbenchError

HEARTBEAT_SECONDS = 30.0
EXPIRY_SECONDS = 600.0
_POLL_SECONDS = 1.0
_LOG_SECONDS = 30.0
_UNWRITTEN_SECONDS = 10.0
# Two readings of one process's start may differ by the clock's correction between them.
_SAME_START_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Claim:
    """The right to write one part.

    filelock's lease is the lock: a file made with O_EXCL (sound on NFS from version 3) that names host,
    process and the process's start, and whose time a daemon thread renews. filelock takes it over at once
    when its process is provably gone on this host, and otherwise when it has not been renewed for `expiry`
    seconds of the waiting process's own clock, so that clocks of two hosts are never compared. Added here:
    a note of the job, stopping at once where the owner is seen alive, processes that are dead but not yet
    reaped, and the check before a rename.

    Args:
        path: the claim's file.
        heartbeat: seconds between renewals.
        expiry: seconds of silence after which another may take over; equal for all who claim this path.
    """

    def __init__(
        self, path: Path, *, heartbeat: float = HEARTBEAT_SECONDS, expiry: float = EXPIRY_SECONDS
    ) -> None:
        self._path = path
        self._note = path.with_name(f"{path.name}.owner")
        self._expiry = expiry
        self._lease = SoftFileLease(
            path, lease_duration=expiry, heartbeat_interval=heartbeat, thread_local=False
        )

    def acquire(self) -> None:
        """Take the claim; wait while the owner's state is unknown.

        Raises:
            VadbenchError: if the owner is seen alive; names its host, process and job.
        """
        owner = _Watch(self._lease, self._path, self._note, self._expiry)
        try:
            # Without a limit filelock refuses to wait for a lease that this same process holds elsewhere.
            self._lease.acquire(threading.TIMEOUT_MAX, _POLL_SECONDS, cancel_check=owner.seen_alive)
        except Timeout:
            raise VadbenchError(
                f"{self._path.name}: another process is writing this part: {owner.described()}; "
                "wait for it or end it, then run the command again"
            ) from None
        except OSError as error:
            raise VadbenchError(f"{self._path}: this file, by which a part is claimed: {error}") from error
        self._note.write_text(json.dumps(_describe_self(self._lease.token)))

    def check(self) -> None:
        """Make sure that the claim is still ours.

        Raises:
            VadbenchError: if another process has taken it over.
        """
        # Another process that examines the file moves it aside for a moment: only a second miss counts.
        for wait in (0.5, 0.0):
            if self._held():
                return
            time.sleep(wait)
        raise VadbenchError(
            f"{self._path.name}: this process lost its claim to {_described(self._lease, self._note)}; "
            "it stops before it writes anything more; the other one goes on"
        )

    def release(self) -> None:
        """Give the claim up; nothing happens where it was lost."""
        if self._held():
            self._note.unlink(missing_ok=True)
        self._lease.release()

    def _held(self) -> bool:
        owner = self._lease.owner
        return self._lease.compromise is None and owner is not None and owner.token == self._lease.token


class _Watch:
    """What a waiting process learns of the owner."""

    def __init__(self, lease: SoftFileLease, path: Path, note: Path, expiry: float) -> None:
        self._lease = lease
        self._path = path
        self._note = note
        self._expiry = expiry
        self._first: tuple[str | None, int] | None = None
        self._since = self._logged = time.monotonic()

    def described(self) -> str:
        """The owner in words."""
        return _described(self._lease, self._note)

    def seen_alive(self) -> bool:
        """True where the owner runs on this host, or renews its claim from another one."""
        owner = self._lease.owner
        if owner is None:
            self._break_unwritten()
            return False
        note = _read_note(self._note, owner.token)
        state = _local_state(note)
        if state == psutil.STATUS_ZOMBIE:
            # Dead, though no parent has asked for its exit status: in a container that may never happen.
            self._break(owner.token)
            return False
        return state is not None or self._renewed(owner.token)

    def _renewed(self, token: str | None) -> bool:
        try:
            seen = (token, self._path.stat().st_mtime_ns)
        except FileNotFoundError:
            return False
        now = time.monotonic()
        if self._first is None or self._first[0] != token:
            self._first, self._since = seen, now
        self._log_waiting(now)
        return seen != self._first

    def _log_waiting(self, now: float) -> None:
        if now - self._logged >= _LOG_SECONDS:
            self._logged = now
            _log.info(
                "waiting for %s, silent for %.0f s; its claim is taken over after %.0f s",
                self.described(),
                now - self._since,
                self._expiry,
            )

    def _break_unwritten(self) -> None:
        """Remove a claim whose owner was killed between making the file and writing its name into it."""
        with suppress(FileNotFoundError):
            waited = self._path.stat().st_size == 0 and not self._renewed(None)
            if waited and time.monotonic() - self._since >= _UNWRITTEN_SECONDS:
                self._break(None)

    def _break(self, token: str | None) -> None:
        owner = self._lease.owner
        if (owner.token if owner else None) == token:
            self._lease.force_break()


def _describe_self(token: str | None) -> dict[str, object]:
    return {
        "token": token,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "start": psutil.Process().create_time(),
        "job": _job(),
    }


def _job() -> str:
    for variable, scheduler in (("SLURM_JOB_ID", "SLURM"), ("PBS_JOBID", "PBS"), ("LSB_JOBID", "LSF")):
        if variable in os.environ:
            return f"{scheduler} job {os.environ[variable]}"
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]])


def _read_note(path: Path, token: str | None) -> dict[str, object] | None:
    try:
        note = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) and note.get("token") == token else None


def _local_state(note: dict[str, object] | None) -> str | None:
    """State of the noted process, None where it cannot be seen from here."""
    if note is None or note["host"] != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(str(note["pid"])))
        start = process.create_time()
        state = str(process.status())
    except psutil.Error:
        return None
    # Another process under the same number, or another container under the same host name.
    return state if abs(start - float(str(note["start"]))) < _SAME_START_SECONDS else None


def _described(lease: SoftFileLease, note_path: Path) -> str:
    owner = lease.owner
    if owner is None:
        return "a process that is gone"
    note = _read_note(note_path, owner.token)
    job = f", {note['job']}" if note else ""
    return f"process {owner.pid} on {owner.hostname}{job}"
