"""Copying finished videos into one part, in pieces of bounded size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.store.digests import ArrayDigest, digest_array, digest_part
from vadbench.store.hdf5 import (
    append,
    blocks,
    create_array,
    create_file,
    create_texts,
    get_text,
    open_file,
    set_text,
    write_header,
)
from vadbench.store.layout import ArraySpec, Header


def assemble(path: Path, header: Header, videos: Sequence[str], files: Sequence[Path]) -> None:
    """Write a whole part.

    Args:
        path: file to write.
        header: its header.
        videos: ids in order.
        files: their finished files in the same order.

    Raises:
        VadbenchError: if a finished file is damaged; it is deleted, so that the next run makes it again.
    """
    starts = {f"rows/{group}_count": f"rows/{group}_start" for group in header.groups}
    copied = [name for name in header.specs() if name not in starts.values()]
    lengths = [_lengths(file, copied) for file in files]
    totals = {name: sum(length[name] for length in lengths) for name in copied}
    totals |= {start: totals[count] for count, start in starts.items()}
    frames, skipped = [], []
    with create_file(path) as part:
        outputs = {name: _Output(part, name, spec, totals[name]) for name, spec in header.specs().items()}
        for file in files:
            with _opened(file) as video:
                frames.append(int(video.attrs["frames"]))
                skipped.append(get_text(video, "skipped"))
                for name in copied:
                    for block in _blocks(file, video, name):
                        outputs[name].append(block)
                        if name in starts:
                            outputs[starts[name]].append_starts(block)
        digests = {name: output.finish() for name, output in outputs.items()}
        counts = [length["rows/frame"] for length in lengths]
        digests |= _write_videos(part, videos, counts, frames, skipped)
        write_header(part, header.identity())
        set_text(part, "digest", digest_part(header, digests))


def _write_videos(
    part: h5py.File,
    videos: Sequence[str],
    counts: Sequence[int],
    frames: Sequence[int],
    skipped: Sequence[str],
) -> dict[str, str]:
    """Write `videos/*`; return the digest of each."""
    create_texts(part, "videos/id", videos)
    create_texts(part, "videos/skipped", skipped)
    ends = np.cumsum(counts, dtype=np.int64)
    numbers = {
        "start": (ends - np.array(counts, np.int64), "first row"),
        "count": (np.array(counts, np.int64), "rows"),
        "frames": (np.array(frames, np.int64), "decoded frames"),
    }
    for name, (values, units) in numbers.items():
        append(create_array(part, f"videos/{name}", ArraySpec("int64", units=units), len(values)), values)
    digests = {f"videos/{name}": digest_array(dataset) for name, dataset in part["videos"].items()}
    for name, digest in digests.items():
        set_text(part[name], "sha256", digest)
    return digests


class _Output:
    """One dataset of the part as it grows, with its digest."""

    def __init__(self, part: h5py.File, name: str, spec: ArraySpec, rows: int) -> None:
        self._dataset = create_array(part, name, spec, rows)
        self._digest = ArrayDigest(self._dataset, rows)
        self._next = 0

    def append(self, rows: NDArray[np.generic]) -> None:
        append(self._dataset, rows)
        self._digest.update(rows)

    def append_starts(self, counts: NDArray[np.generic]) -> None:
        """Add the first row of each of a group's next `counts`."""
        ends = self._next + np.cumsum(counts, dtype=np.int64)
        self.append(ends - counts.astype(np.int64))
        self._next = int(ends[-1])

    def finish(self) -> str:
        digest = self._digest.hexdigest()
        set_text(self._dataset, "sha256", digest)
        return digest


def _lengths(file: Path, names: Sequence[str]) -> dict[str, int]:
    with _opened(file) as video:
        return {name: len(video[name]) for name in names}


@contextmanager
def _opened(file: Path) -> Iterator[h5py.File]:
    try:
        video = open_file(file)
    except OSError as error:
        raise _damaged(file, error) from None
    with video:
        yield video


def _blocks(file: Path, video: h5py.File, name: str) -> Iterator[NDArray[np.generic]]:
    # Only reading may blame the finished file: a full disk while writing must not delete it.
    source = blocks(video[name])
    while True:
        try:
            block = next(source, None)
        except OSError as error:
            raise _damaged(file, error) from None
        if block is None:
            return
        yield block


def _damaged(file: Path, error: OSError) -> VadbenchError:
    file.unlink(missing_ok=True)
    return VadbenchError(
        f"{file}: damaged since it was written ({error}); run the command again, which makes this video again"
    )
