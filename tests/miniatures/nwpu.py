"""NWPU Campus in small: names that repeat in training and test, and labels in one archive."""

from pathlib import Path

import numpy as np

from miniatures.clips import write_clip

TRAIN = {"D001_01": 40, "D001_02": 36, "D003_01": 48, "D003_02": 32}
"""Frames of the training videos."""

TEST = {
    "D001_01": (80, [(32, 80)]),
    "D001_02": (36, []),
    "D003_01": (112, [(32, 64), (80, 112)]),
    "D003_03": (64, [(32, 64)]),
}
"""Frames and abnormal frames of the test videos; events begin on sampled rows, every 16 frames."""


def write(data_root: Path) -> None:
    """Write it below `data_root`."""
    folder = data_root / "NWPUCampusDataset"
    for seed, (id, frames) in enumerate(TRAIN.items()):
        write_clip(folder / "videos" / "Train" / f"{id}.avi", frames, seed, codec="mpeg4")
    for seed, (id, (frames, events)) in enumerate(TEST.items(), 10):
        write_clip(folder / "videos" / "Test" / f"{id}.avi", frames, seed, events, codec="mpeg4")
    write_labels(folder / "groundtruth" / "NWPU_Campus_gt.npz")


def write_labels(path: Path) -> None:
    """Write the archive of labels."""
    labels = {id: np.zeros(frames, dtype=np.uint8) for id, (frames, _) in TEST.items()}
    for id, (_, events) in TEST.items():
        for start, end in events:
            labels[id][start:end] = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **labels)
