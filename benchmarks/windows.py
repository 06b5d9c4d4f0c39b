"""Time of the windows of ViT-B-16 in both modes, against each other and against plain images.

    python benchmarks/windows.py              # about 3 minutes on two quiet cores
    python benchmarks/windows.py --quick      # one round, to see that it runs; its ratios say little

49 windows of 2 x 2 tokens at a stride of 2 per frame, random weights. Every round runs all pieces, in turn in
the other order, so that a busy machine slows them alike; a ratio is the median over rounds of the ratios
within a round. Limits:

- `tokens` at least 35 times as fast as `crop` at the best of several batch sizes (the FLOP ratio is 41), by
  the encoding alone: what cutting and resizing the crops takes is stated apart;
- `tokens` at most 1.3 times as long as plain images with the same number of tokens (49 x 5 a frame, 197 an
  image), in batches of equally many tokens: what the FLOPs allow.

FLOPs are those of torch's own counter, twice the multiply-adds, with torch's fast path of attention off and
its plain attention on, without which the counter does not see all of it.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

# As the command line does, before torch is imported: waiting threads must not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vadbench.config import WindowScale
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.device import limit_threads
from vadbench.models.window_tokens import WindowEncoder

FASTER = 35.0
ABOVE_PLAIN = 1.3
SCALE = WindowScale(2, 2)
FRAMES = {"cpu": 8, "cuda": 64}
CROP_BATCHES = {"cpu": (4, 8, 16), "cuda": (64, 256, 512)}
FEWEST_CROPS = 16


class Bench:
    """What is timed: seconds per frame of every piece, and its FLOPs."""

    def __init__(self, model: ClipModel) -> None:
        self.model = model
        self.encoder = WindowEncoder(model, [SCALE])
        self.windows = int(np.prod(self.encoder.grids[0]))
        self.batches = CROP_BATCHES[model.device.type]
        frames = FRAMES[model.device.type]
        height, width = model.preprocess.height, model.preprocess.width
        self.images = np.random.default_rng(0).integers(0, 256, (frames, height, width, 3), np.uint8)
        rows, columns = self.encoder.tokens
        self.images_per_frame = self.windows * (SCALE.size**2 + 1) / (rows * columns + 1)
        self.plain = np.resize(self.images, (round(frames * self.images_per_frame), height, width, 3))
        self.crops = np.concatenate(self.cut(-(-self.batches[-1] // self.windows)))

    def cut(self, frames: int) -> list[NDArray[np.uint8]]:
        """The crops of some frames, resized."""
        return list(self.encoder._crops(SCALE, self.images[:frames]))

    def plain_images(self) -> float:
        """Plain images with as many tokens as the windows of a frame have."""
        return _timed(lambda: self.model.encode_images(self.plain)) / len(self.plain) * self.images_per_frame

    def tokens(self) -> float:
        """All windows of a frame, in a batch of frames."""
        return _timed(lambda: self.encoder.encode(0, self.images)) / len(self.images)

    def crop(self, batch: int) -> float:
        """All crops of a frame, by the time that one batch takes, or several of some crops together."""
        crops = self.crops[: max(batch, FEWEST_CROPS)]
        parts = [crops[start : start + batch] for start in range(0, len(crops), batch)]
        seconds = _timed(lambda: [self.model.encode_images(part) for part in parts])
        return seconds / len(crops) * self.windows

    def round(self, is_reversed: bool) -> dict[str, float]:
        """Seconds per frame of every piece."""
        pieces: dict[str, Callable[[], float]] = {
            "plain images, as many tokens": self.plain_images,
            "tokens": self.tokens,
            "cutting and resizing crops": lambda: _timed(lambda: self.cut(1)),
            **{f"crop, batches of {batch}": partial(self.crop, batch) for batch in self.batches},
        }
        seconds = {name: pieces[name]() for name in (reversed(pieces) if is_reversed else pieces)}
        return {name: seconds[name] for name in pieces}

    def flops(self) -> dict[str, float]:
        """FLOPs of a plain image, and of a frame in both modes."""
        before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            image = _counted(lambda: self.model.encode_images(self.plain[:1]))
            tokens = _counted(lambda: self.encoder.encode(0, self.images[:1]))
        finally:
            torch.backends.mha.set_fastpath_enabled(before)
        return {"one plain image": image, "tokens": tokens, "crop": image * self.windows}


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _counted(work: Callable[[], Any]) -> float:
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def report(rounds: Sequence[dict[str, float]], flops: dict[str, float]) -> dict[str, Any]:
    """Print the pieces, the FLOPs and the two ratios; the same as JSON values."""
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    for name, median in medians.items():
        best = min(one[name] for one in rounds)
        print(f"  {name:30} {median * 1e3:9.1f} ms a frame, {best * 1e3:9.1f} at best")
    for name, count in flops.items():
        print(f"  {name:30} {count / 1e9:9.2f} GFLOPs")
    print(f"  FLOPs of crop over those of tokens: {flops['crop'] / flops['tokens']:.1f}")
    crop = min((name for name in medians if name.startswith("crop,")), key=lambda name: medians[name])
    faster = statistics.median(one[crop] / one["tokens"] for one in rounds)
    above = statistics.median(one["tokens"] / one["plain images, as many tokens"] for one in rounds)
    met = {"faster": faster >= FASTER, "above": above <= ABOVE_PLAIN}
    words = {True: "met", False: "MISSED"}
    print(f"{crop}, over tokens: {faster:.1f}, limit at least {FASTER:.0f}: {words[met['faster']]}")
    print(f"tokens over plain images: {above:.2f}, limit at most {ABOVE_PLAIN}: {words[met['above']]}")
    return {"rounds": rounds, "flops": flops, "faster": faster, "above": above, "met": all(met.values())}


def main() -> int:
    """Run the comparison; 1 if a limit is missed."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="one round")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--device", default="auto")
    options.add_argument("--out", type=Path, default=Path("benchmarks/results/windows.json"))
    chosen = options.parse_args()
    threads = limit_threads(chosen.threads)
    model = load_clip("ViT-B-16", "none", device=chosen.device)
    bench = Bench(model)
    print(f"ViT-B-16, {bench.windows} windows {SCALE}, {threads} threads, {model.device}, {model.precision}")
    _ = bench.plain_images(), bench.tokens()  # not counted: first runs find cold caches
    rounds = [bench.round(bool(number % 2)) for number in range(1 if chosen.quick else 5)]
    result = report(rounds, bench.flops())
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps({"threads": threads, **result}, indent=1))
    return 0 if result["met"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
