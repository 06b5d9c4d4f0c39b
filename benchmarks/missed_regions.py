"""What Local Patterns on motion misses, clip by clip: by the detector, by the motion, or by the scorer.

For every test clip with pixel masks: in how many of its abnormal frames a region lies on the mask (at least
a fifth of its box is abnormal); in how many of these such a region leads, with the highest score of its
frame, by the run's own module and by the magnitude of motion; how fast these regions and all others move
(median of the largest bin, pixels per frame); and the median of the frames' scores, abnormal and normal ones,
in units of the training regions' 99th percentile, before smoothing. Labels are read for this table alone.
Above it: how wild the training regions are, and the score of motion in one direction alone, three times as
fast as people walk on Ped2.

    python benchmarks/missed_regions.py results/ped2/one_class/local_patterns--motion_only/seed-0 \\
        --data-root DATA
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import LocalPatternsSettings
from vadbench.datasets import Annotations
from vadbench.datasets.pixel_masks import PixelMasks, open_masks
from vadbench.evaluation import Record
from vadbench.methods.layers.checkpoint import read_arrays
from vadbench.methods.layers.regions import LOWEST, RegionScores
from vadbench.methods.layers.training import load_module
from vadbench.methods.local_patterns import build, region_scores
from vadbench.methods.motion_magnitude import largest_bins
from vadbench.methods.protocol import CHECKPOINT
from vadbench.stages.histograms import HISTOGRAM
from vadbench.stages.orientation import BINS
from vadbench.stages.regions import REGIONS
from vadbench.store import Part, Store

LEAST_SHARE = 0.2
FAST = 3.0


@dataclass(frozen=True)
class Frames:
    """A clip's rows: which are abnormal, the histograms of their regions, and which lie on the mask."""

    abnormal: NDArray[np.bool_]
    histograms: list[NDArray[np.float32]]
    on_mask: list[NDArray[np.bool_]]

    def led(self, scores: RegionScores) -> list[bool]:
        """Of each frame where a region lies on the mask, whether one such has the highest score."""
        return [
            bool(on[int(np.argmax(scores(rows)))])
            for rows, on in zip(self.histograms, self.on_mask, strict=True)
            if on.any()
        ]

    def highest(self, scores: RegionScores) -> NDArray[np.float64]:
        """The highest score of each frame; nan without regions."""
        return np.array([scores(rows).max() if len(rows) else np.nan for rows in self.histograms])


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--data-root", type=Path, default=Path("data"))
    arguments.add_argument("--stores", type=Path, default=Path("stores"))
    given = arguments.parse_args()
    record = Record.load(given.run / "metrics.json")
    stores = given.stores / record.run.benchmark
    annotations = Annotations.load(stores / "annotations.json")
    split = annotations.split(record.run.split, record.run.draw)
    scores = _scores(given.run)
    with Store.open(stores / record.run.features) as histograms:
        rows = [row for video in split.train for row in histograms.ragged_rows(video, REGIONS, HISTOGRAM)]
        unit = _print_training(rows, scores)
        print("clip      abnormal  found   led by run  by speed   speed: on mask  others   ", end="")
        print("score: abnormal  normal")
        for video in split.test:
            masks = annotations.videos[video].masks
            count = histograms.frame_count(video)
            if masks is None or not count:
                continue
            regions = stores / str(histograms.settings["reads"]) / histograms.part(video).path.name
            with Part.open(regions) as part:
                opened = open_masks(given.data_root / masks.path, count)
                frames = _frames(histograms, part, video, opened)
            print(_line(video, frames, scores, unit), flush=True)


def _scores(run: Path) -> RegionScores:
    """The scores that the run gives to regions."""
    arrays, trained = read_arrays(run / CHECKPOINT)
    settings = LocalPatternsSettings.model_validate(trained["method"])
    module = build(settings).eval()
    load_module(module, {name: array for name, array in arrays.items() if name != LOWEST}, run / CHECKPOINT)
    return region_scores(module)


def _print_training(rows: list[NDArray[np.float32]], scores: RegionScores) -> float:
    """Say what the histograms (r, 8) of the training frames are like; the 99th percentile of their scores."""
    of_regions = scores(np.concatenate(rows))
    wild = np.mean([bool((row > FAST).any()) for row in rows])
    high = float(np.percentile(of_regions, 99))
    print(f"training frames with a bin above {FAST:g} pixels per frame: {wild:.1%}")
    print(f"scores of training regions: median {np.median(of_regions):.4f}, 99th percentile {high:.4f}")
    alone = ", ".join(f"{score:.4f}" for score in scores(FAST * np.eye(BINS, dtype=np.float32)))
    print(f"scores of {FAST:g} pixels per frame in one direction, bin 0 to 7: {alone}")
    return high


def _frames(histograms: Store, regions: Part, video: str, masks: PixelMasks) -> Frames:
    truth = [masks.frame(int(frame)) for frame in histograms.frame(video)]
    boxes = regions.ragged_rows(video, REGIONS, "box")
    return Frames(
        np.array([mask.any() for mask in truth]),
        histograms.ragged_rows(video, REGIONS, HISTOGRAM),
        [
            np.array([_share(mask, box) >= LEAST_SHARE for box in of_row], bool)
            for mask, of_row in zip(truth, boxes, strict=True)
        ],
    )


def _share(mask: NDArray[np.bool_], box: NDArray[np.float32]) -> float:
    """How much of a box is abnormal."""
    left, top, right, bottom = np.rint(box).astype(int)
    inside = mask[top:bottom, left:right]
    return float(inside.mean()) if inside.size else 0.0


def _line(video: str, frames: Frames, scores: RegionScores, unit: float) -> str:
    on = np.concatenate(frames.on_mask)
    speeds = largest_bins(np.concatenate(frames.histograms))
    highest = frames.highest(scores) / unit
    found = np.array([each.any() for each in frames.on_mask])[frames.abnormal]
    return (
        f"{video:9} {frames.abnormal.sum():4} of {len(highest):4}  {found.mean():4.0%}   "
        f"{_mean(frames.led(scores)):>7}     {_mean(frames.led(largest_bins)):>7}   "
        f"{_median(speeds[on]):>15}  {_median(speeds[~on]):>6}   "
        f"{_median(highest[frames.abnormal]):>15}  {_median(highest[~frames.abnormal]):>6}"
    )


def _mean(flags: list[bool]) -> str:
    return f"{np.mean(flags):.0%}" if flags else "-"


def _median(values: NDArray[np.floating]) -> str:
    return f"{np.nanmedian(values):.2f}" if len(values) else "-"


if __name__ == "__main__":
    main()
