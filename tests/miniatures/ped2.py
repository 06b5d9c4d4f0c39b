"""UCSD Ped2 in small: TIFF frames, bitmaps of masks, `UCSDped2.m`, and the archive's litter."""

from pathlib import Path

from PIL import Image

from miniatures.clips import Events, clip_frames, mask

TRAINING = {1: 32, 2: 36, 3: 40, 4: 32}
"""Frames by number."""
TESTING: dict[int, tuple[int, Events]] = {
    1: (40, [(20, 40)]),
    2: (36, [(0, 14)]),
    3: (32, [(8, 16), (20, 28)]),
    4: (36, [(12, 30)]),
}
"""Frames and abnormal intervals, 0-based and half-open, by number."""
FRAME_PREFIX = 3
"""The clip whose masks are called `frame001.bmp`, as those of three published clips are."""


def write(data_root: Path) -> None:
    """Write it below `data_root` in the published layout."""
    folder = data_root / "UCSD_Anomaly_Dataset.v1p2" / "UCSDped2"
    for number, frames in TRAINING.items():
        _write_frames(folder / "Train" / f"Train{number:03d}", frames, number)
    labels = ["TestVideoFile = {};"]
    for number, (frames, events) in TESTING.items():
        clip = folder / "Test" / f"Test{number:03d}"
        _write_frames(clip, frames, 10 + number, events)
        _write_masks(clip.with_name(f"{clip.name}_gt"), frames, events, number == FRAME_PREFIX)
        ranges = ", ".join(f"{start + 1}:{end}" for start, end in events)
        labels.append(f"TestVideoFile{{end+1}}.gt_frame = [{ranges}];")
    (folder / "Test" / "UCSDped2.m").write_text("\n".join(labels) + "\n")
    (folder / "Test" / "._UCSDped2.m").write_bytes(b"\0litter")


def _write_frames(folder: Path, frames: int, seed: int, events: Events = ()) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(clip_frames(frames, seed, events), 1):
        Image.fromarray(image).convert("L").save(folder / f"{number:03d}.tif")


def _write_masks(folder: Path, frames: int, events: Events, prefix: bool) -> None:
    folder.mkdir()
    for frame in range(frames):
        pixels = mask(any(start <= frame < end for start, end in events)) * 255
        Image.fromarray(pixels).save(folder / f"{'frame' if prefix else ''}{frame + 1:03d}.bmp")
