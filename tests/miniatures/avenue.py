"""CUHK Avenue in small: numbered AVI files, cell arrays of masks, and the published second copies."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from miniatures.clips import Events, mask, write_clip

TRAINING = {1: 36, 2: 32, 3: 40}
"""Frames by number."""
TESTING: dict[int, tuple[int, Events]] = {
    1: (40, [(10, 18), (25, 32)]),
    2: (36, [(5, 15)]),
    3: (32, [(20, 32)]),
}
"""Frames and abnormal intervals, 0-based and half-open, by number."""


def write(data_root: Path) -> None:
    """Write it below `data_root` in the published layout."""
    folder = data_root / "Avenue Dataset"
    for number, frames in TRAINING.items():
        write_clip(folder / "training_videos" / f"{number:02d}.avi", frames, number, codec="mpeg4")
    truth = folder / "ground_truth_demo"
    for number, (frames, events) in TESTING.items():
        video = folder / "testing_videos" / f"{number:02d}.avi"
        write_clip(video, frames, 10 + number, events, codec="mpeg4")
        (truth / "testing_videos").mkdir(parents=True, exist_ok=True)
        shutil.copy(video, truth / "testing_videos")
        write_masks(truth / "testing_label_mask" / f"{number}_label.mat", frames, events)


def write_masks(path: Path, frames: int, events: Events) -> None:
    """A file of masks as published: `volLabel`, 1 x frames cell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    abnormal = [any(start <= frame < end for start, end in events) for frame in range(frames)]
    savemat(path, {"volLabel": cells(map(mask, abnormal))}, do_compression=True)


def cells(matrices: Iterable[NDArray[np.generic]]) -> NDArray[np.object_]:
    """A cell array of one row."""
    listed = list(matrices)
    row = np.empty((1, len(listed)), dtype=object)
    for position, matrix in enumerate(listed):
        row[0, position] = matrix
    return row
