"""The named pipe that takes the place of the file libx265 writes its dump to."""

import os
import select
import shutil
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

_PIECE_BYTES = 1 << 16
_POLL_SECONDS = 0.001
# x265 cuts longer paths off.
_MOST_PATH_BYTES = 240


class DumpPipe:
    """A pipe with a thread that empties it at all times, so that whoever writes to it never waits.

    Attributes:
        path: what x265 is told to write; it writes to a name of its own and takes this one at its end.
    """

    def __init__(self) -> None:
        """Raises OSError where no pipe can be made, or only under a path too long for x265."""
        self._folder = Path(tempfile.mkdtemp(prefix="vadbench-"))
        self.path = self._folder / "dump"
        self._pieces: deque[bytes] = deque()
        self._open = True
        try:
            if len(os.fsencode(self.path)) > _MOST_PATH_BYTES:
                raise OSError(f"the path {self.path} is longer than {_MOST_PATH_BYTES} bytes")
            pipe = f"{self.path}.temp"  # the name that x265 writes under
            os.mkfifo(pipe)
            # Not to wait for a writer; then a writer of our own, so that the end does not come before x265.
            self._reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            try:
                self._writing = os.open(pipe, os.O_WRONLY)
            except OSError:
                os.close(self._reading)
                raise
        except OSError:
            shutil.rmtree(self._folder)
            raise
        os.set_blocking(self._reading, True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def unlink(self) -> None:
        """Remove the pipe's name, once x265 has opened it, so that a process that is killed leaves nothing.

        May be called twice. x265 does not find the name at its end, which it only notes in its log.
        """
        if self._folder.exists():
            shutil.rmtree(self._folder)

    def take(self) -> bytes:
        """What was written since the last call, as far as it has arrived; after `close`, all of it."""
        pieces = []
        while self._pieces:
            pieces.append(self._pieces.popleft())
        return b"".join(pieces)

    def wait_empty(self) -> None:
        """Wait until all that was written is read, so that there is room for more."""
        content = select.poll()
        content.register(self._reading, select.POLLIN)
        while self._thread.is_alive() and content.poll(0):
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Read to the end and remove the name; x265 must have closed it. May be called twice."""
        if self._open:
            self._open = False
            os.close(self._writing)
            self._thread.join()
            os.close(self._reading)
            self.unlink()

    def _read(self) -> None:
        while piece := os.read(self._reading, _PIECE_BYTES):
            self._pieces.append(piece)
