"""UCSD Ped2's published layout in small: names and empty files in place of pixels."""

import os
from collections.abc import Mapping
from pathlib import Path

from vadbench.datasets.ped2 import PUBLISHED_FRAMES

PUBLISHED_INTERVALS = (
    *("61:180", "95:180", "1:146", "31:180", "1:129", "1:159"),
    *("46:180", "1:180", "1:120", "1:150", "1:180", "88:180"),
)
LABELS = "TestVideoFile = {};\n" + "".join(
    f"TestVideoFile{{end+1}}.gt_frame = [{interval}];\n" for interval in PUBLISHED_INTERVALS
)


def make_ped2(
    folder: Path, frames: Mapping[str, int] = PUBLISHED_FRAMES, labels: str = LABELS, litter: bool = True
) -> Path:
    """Write clips of `frames` each, masks of the test clips and the label file, with the archive's traps."""
    for clip, count in frames.items():
        part = "Train" if clip.startswith("Train") else "Test"
        _fill(folder / part / clip, count, "{:03d}.tif", litter)
        if part == "Test":
            # The masks of three published clips have another name.
            name = "frame{:03d}.bmp" if clip in ("Test006", "Test009", "Test012") else "{:03d}.bmp"
            _fill(folder / part / f"{clip}_gt", count, name, litter)
    (folder / "Test" / "UCSDped2.m").write_text(labels)
    if litter:
        for name in ("._UCSDped2.m", "UCSDped2.m~", ".DS_Store"):
            (folder / "Test" / name).write_bytes(b"\0litter")
    return folder


def _fill(folder: Path, count: int, name: str, litter: bool) -> None:
    folder.mkdir(parents=True)
    for number in range(1, count + 1):  # thousands: Path.touch takes three times as long
        os.close(os.open(f"{folder}/{name.format(number)}", os.O_CREAT | os.O_WRONLY))
    if litter:
        (folder / ".DS_Store").touch()
        (folder / "._001.tif").touch()
