"""One small picture per test video of a run."""

import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from vadbench.errors import VadbenchError
from vadbench.figures.curve import draw_curve
from vadbench.figures.names import file_stems
from vadbench.figures.run import RunPictures
from vadbench.figures.style import png_bytes

_PIECE = 16  # pictures per task: enough that opening the run's files does not count


@dataclass(frozen=True)
class _Piece:
    """Some pictures of a run, for one process."""

    run: Path
    annotations: Path
    frames: Path | None
    score_range: tuple[float, float]
    pictures: tuple[tuple[str, Path], ...]  # video id, file to write


def draw_curves(
    run: Path, annotations: Path, out: Path, *, frames: Path | None = None, workers: int = 1
) -> None:
    """Draw every test video of a run: score over time, truth shaded, thumbnails above.

    The vertical axis is the score range of the whole run in every picture. Files are called after the videos'
    ids (see `file_stems`).

    Args:
        run: the run's folder, with scores.h5 and metrics.json.
        annotations: the benchmark's annotations.json.
        out: folder of the pictures; it appears when complete and replaces that of an earlier call.
        frames: folder of the set of frames that the thumbnails come from; None: no thumbnails.
        workers: processes.

    Raises:
        VadbenchError: if a file is missing or damaged, or `out` holds anything but pictures.
    """
    with RunPictures(run, annotations, frames) as pictures:
        test, score_range = pictures.test, pictures.score_range()
    with _new_folder(out) as folder:
        files = [(id, folder / f"{stem}.png") for id, stem in file_stems(test).items()]
        pieces = [
            _Piece(run, annotations, frames, score_range, tuple(files[start : start + _PIECE]))
            for start in range(0, len(files), _PIECE)
        ]
        with tqdm(total=len(files), desc="figures", unit="video", disable=None) as bar:
            for drawn in _run_all(pieces, workers):
                bar.update(drawn)


def _run_all(pieces: Sequence[_Piece], workers: int) -> Iterator[int]:
    if min(workers, len(pieces)) < 2:
        yield from map(_draw_piece, pieces)
        return
    # Not forked: the caller may have threads and open HDF5 files, which a forked process would share.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(pieces)), mp_context=context) as pool:
        yield from pool.map(_draw_piece, pieces)


def _draw_piece(piece: _Piece) -> int:
    with RunPictures(piece.run, piece.annotations, piece.frames) as pictures:
        for id, path in piece.pictures:
            picture = replace(pictures.picture(id, piece.score_range), thumbnails=pictures.overview(id))
            path.write_bytes(png_bytes(draw_curve(picture)))
    return len(piece.pictures)


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name at the end; after an error nothing is left of it."""
    _check_replaceable(out)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(out, ignore_errors=True)
        partial.replace(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _check_replaceable(out: Path) -> None:
    """Refuse to replace what no earlier call has made; an empty file may be a scheduler's time stamp."""
    if not out.exists():
        return
    others = (
        [out]
        if not out.is_dir()
        else [
            file
            for file in sorted(out.iterdir())
            if not file.is_file() or (file.suffix != ".png" and file.stat().st_size)
        ]
    )
    if others:
        raise VadbenchError(
            f"{out}: not replaced, for {others[0]} is no picture; give a folder of its own as --out"
        )
