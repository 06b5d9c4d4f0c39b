"""The two sets of frame labels of CUHK Avenue: pixel masks, and the events of Liu et al.

masks    ground_truth_demo/testing_label_mask/N_label.mat, one file a test video: `volLabel`, 1 x frames cell,
         each height x width of 0 and 1. A frame is abnormal where its mask marks a pixel.
events   avenue.mat: `gt`, 1 x videos cell, each 2 x events of first and last frame, counted from 1; or
         frame_labels_avenue.npy, the labels of all test videos one after another.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets.arrays import frame_flags, intervals_of, read_array
from vadbench.datasets.dataset import FrameTruth, union
from vadbench.datasets.matlab import read_cells
from vadbench.datasets.remembered import Remembered
from vadbench.datasets.tree import Tree
from vadbench.errors import VadbenchError

EVENT_FILES = ("avenue.mat", "frame_labels_avenue.npy")

_MASK_FILE = re.compile(r"0?(?P<number>[1-9][0-9]?)_label\.mat", re.ASCII)


def mask_files(tree: Tree) -> dict[int, Path]:
    """The mask file of each test video by its number. Raises VadbenchError where two of one name differ."""
    found: dict[int, Path] = {}
    for name in sorted({path.name for path in tree.files}):
        match = _MASK_FILE.fullmatch(name)
        path = tree.file(name) if match else None
        if match and path:
            number = int(match["number"])
            if number in found:
                raise VadbenchError(
                    f"{found[number]} and {path} are both the masks of video {number}; keep one"
                )
            found[number] = path
    return dict(sorted(found.items()))


def remembered_truths(files: Mapping[int, Path], memory: Path | None) -> dict[int, FrameTruth]:
    """The frame labels of mask files by number; a file that is as it was is not read again.

    They are 3.5 GB of pixels in 14 MB of files. Raises VadbenchError naming a file that is damaged.
    """
    remembered = Remembered(memory)
    truths = {}
    for number, path in files.items():
        text = remembered.text(str(number), [path], partial(_mask_text, path))
        truths[number] = _from_text(text)
    remembered.save()
    return truths


def read_mask_truth(path: Path) -> FrameTruth:
    """The frames with a marked pixel. Raises VadbenchError, naming the file, for one that is damaged."""
    cells = read_cells(path, "volLabel")
    for number, mask in enumerate(cells, 1):
        if mask.shape != cells[0].shape or mask.size == 0 or (mask != mask.astype(np.bool_)).any():
            raise VadbenchError(f"{path}: cell {number} of volLabel is no mask of 0 and 1 like the first one")
    return FrameTruth(intervals_of([mask.any() for mask in cells]), len(cells))


def read_frame_labels(path: Path, lengths: Sequence[int]) -> list[FrameTruth]:
    """The events of `frame_labels_avenue.npy`, (frames,) or (1, frames) of 0 and 1.

    Args:
        path: of the file.
        lengths: frames of the test videos in the order of their numbers, in which the labels stand.

    Raises:
        VadbenchError: naming the file, for one that is damaged or of another number of frames.
    """
    flags = frame_flags(read_array(path), path)
    if sum(lengths) != len(flags):
        raise VadbenchError(
            f"{path}: labels {len(flags)} frames, where the test videos have {sum(lengths)}; replace it"
        )
    parts = np.split(flags, np.cumsum(lengths)[:-1])
    return [FrameTruth(intervals_of(part), len(part)) for part in parts]


def read_event_cells(path: Path) -> list[FrameTruth]:
    """The events of `avenue.mat`, in the order of the test videos' numbers; it does not tell their lengths.

    Raises VadbenchError, naming file and cell, for one that is damaged.
    """
    return [
        FrameTruth(_events(f"{path}, cell {number} of gt", cell))
        for number, cell in enumerate(read_cells(path, "gt"), 1)
    ]


def _events(where: str, cell: NDArray[Any]) -> tuple[tuple[int, int], ...]:
    """2 x events of first and last frame, counted from 1, as intervals; any empty matrix is no event."""
    if cell.size == 0:
        return ()
    whole = len(cell) == 2 and np.isfinite(cell).all() and (cell == np.floor(cell)).all()
    if not whole or (cell[0] < 1).any() or (cell[0] > cell[1]).any():
        raise VadbenchError(f"{where}: is not two rows of whole numbers, first frames from 1 and last frames")
    return union((int(first) - 1, int(last)) for first, last in cell.T)


def _mask_text(path: Path) -> str:
    truth = read_mask_truth(path)
    return " ".join([str(truth.frames), *(f"{start}-{end}" for start, end in truth.intervals)])


def _from_text(text: str) -> FrameTruth:
    frames, *intervals = text.split()
    pairs = (interval.split("-") for interval in intervals)
    return FrameTruth(tuple((int(start), int(end)) for start, end in pairs), int(frames))
