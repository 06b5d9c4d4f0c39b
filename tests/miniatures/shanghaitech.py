"""ShanghaiTech Campus in small: its published layout, and lists of a weak split."""

from pathlib import Path

import numpy as np

from miniatures.clips import mask, write_clip, write_frames

TRAINING = {"01_001": 40, "01_002": 36, "02_001": 48, "02_002": 32}
"""Frames of the training videos."""

TEST = {
    "01_0014": (44, [(12, 30)]),
    "01_0015": (40, [(0, 10), (25, 40)]),
    "02_0003": (36, [(20, 34)]),
    "02_0004": (32, [(0, 32)]),
}
"""Frames and abnormal frames of the test videos; the last is abnormal from end to end, as 04_0011 is."""

WEAK = {
    "Train": ("01_001", "01_0014", "02_001", "02_0003"),
    "Test": ("01_0015", "01_002", "02_0004", "02_002"),
}
"""Names in the lists of the weak split."""


def write(data_root: Path) -> None:
    """Write it below `data_root`."""
    folder = data_root / "ShanghaiTech"
    for seed, (id, frames) in enumerate(TRAINING.items()):
        write_clip(folder / "training" / "videos" / f"{id}.avi", frames, seed, codec="mpeg4")
    for seed, (id, (frames, events)) in enumerate(TEST.items(), 10):
        write_frames(folder / "testing" / "frames" / id, frames, seed, events)
    write_masks(folder / "testing")
    write_lists(folder)


def write_masks(folder: Path) -> None:
    """Write the masks of frames and of pixels below `testing`."""
    for name in ("test_frame_mask", "test_pixel_mask"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for id, (frames, events) in TEST.items():
        flags = np.zeros(frames, dtype=np.uint8)
        for start, end in events:
            flags[start:end] = 1
        np.save(folder / "test_frame_mask" / f"{id}.npy", flags)
        np.save(folder / "test_pixel_mask" / f"{id}.npy", np.stack([mask(bool(flag)) for flag in flags]))


def write_lists(folder: Path) -> None:
    """Write the lists of the weak split."""
    for part, names in WEAK.items():
        (folder / f"SH_{part}.txt").write_text("".join(f"{name}\n" for name in names))
