"""Speed and memory of regions, against ultralytics' own prediction on the same frames in memory.

    python benchmarks/regions.py VIDEO                     # the packaged detector; five rounds, 10,000 frames
    python benchmarks/regions.py VIDEO --detector FILE.pt  # another, by name or path
    python benchmarks/regions.py VIDEO --quick             # one round, and 1,000 frames

Both get the same decoded frames in batches, one thread and the stage's default settings: ultralytics its
predictor, as `YOLO.predict` calls it, and colours in its order; regions also link boxes to tracks. They must
find the same boxes. Every round runs both, in turn in the other order, so that a busy machine slows them
alike; a ratio is the median over rounds of the ratios within a round. Limits:

- regions take at most 1.15 times as long as ultralytics' prediction;
- memory grows by at most 8 MiB over the second half of a long video of small frames, on its way from a set
  of frames to one of regions.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

# As the command line does, before torch is imported: waiting threads must not spin.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from vadbench.config import FramesSettings, RegionsSettings
from vadbench.models.detector import load_detector
from vadbench.models.detector_file import read_detector_file
from vadbench.models.detector_weights import find_detector
from vadbench.models.ultralytics_import import import_ultralytics
from vadbench.stages import run_stage
from vadbench.stages.images import encode_image
from vadbench.stages.tracks import track_ids
from vadbench.store import ArraySpec, PartWriter
from vadbench.video import open_video, resize_short_side

SLOWER = 1.15
GROWTH_BYTES = 8 << 20
FRAMES = 64
SMALL_SIDE = 96
"""Of frames of the long video, and of what the detector sees of them."""

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
"""(n, 4) of one frame."""


class Clock:
    """Seconds that a function took in all."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.seconds = 0.0
        self._function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return self._function(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - started


def batches(frames: Sequence[Image], size: int) -> list[Sequence[Image]]:
    return [frames[start : start + size] for start in range(0, len(frames), size)]


def regions_of(path: Path, settings: RegionsSettings) -> Callable[[Sequence[Image]], list[Boxes]]:
    """What the stage does with frames in memory."""
    detector = load_detector(
        path,
        device="cpu",
        image_size=settings.image_size,
        confidence=settings.confidence,
        nms_iou=settings.nms_iou,
        most=settings.most,
    )

    def find(frames: Sequence[Image]) -> list[Boxes]:
        prepared = (map(detector.prepare, batch) for batch in batches(frames, settings.batch_size))
        boxes = [each.boxes for batch in prepared for each in detector.detect(list(batch))]
        assert len(list(track_ids(boxes, settings.link_iou))) == len(frames)
        return boxes

    return find


def prediction_of(path: Path, settings: RegionsSettings) -> Callable[[Sequence[Image]], list[Boxes]]:
    """ultralytics' own, of frames with blue first. Its loader of files would run what a pickle names."""
    content = read_detector_file(path)
    network = import_ultralytics("ultralytics.nn.tasks").DetectionModel(
        dict(content.architecture), verbose=False
    )
    network.load_state_dict(content.state)
    network.names = dict(enumerate(content.names))
    predictor = import_ultralytics("ultralytics.models.yolo.detect").DetectionPredictor(
        overrides={
            "task": "detect",
            "mode": "predict",
            "rect": True,
            "device": "cpu",
            "imgsz": settings.image_size,
            "conf": settings.confidence,
            "iou": settings.nms_iou,
            "max_det": settings.most,
            "save": False,
            "verbose": False,
        }
    )
    predictor.setup_model(network.eval(), verbose=False)

    def find(frames: Sequence[Image]) -> list[Boxes]:
        found = [each for batch in batches(frames, settings.batch_size) for each in predictor(list(batch))]
        return [each.boxes.xyxy.numpy() for each in found]

    return find


def check_equal(ours: Sequence[Boxes], theirs: Sequence[Boxes]) -> None:
    """Stop where two detections differ; of equal confidences either box may be first."""
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if len(one) != len(other) or not np.allclose(np.sort(one, 0), np.sort(other, 0), atol=0.01):
            raise SystemExit(f"frame {number}: regions has other boxes than ultralytics' prediction")


def compare(path: Path, frames: Sequence[Image], rounds: int) -> bool:
    """Print frames per second, shares of NMS and the ratio; whether the limit is kept."""
    settings = RegionsSettings(weights=str(path))
    nms = import_ultralytics("ultralytics.utils.nms")
    nms.non_max_suppression = clock = Clock(nms.non_max_suppression)
    theirs = [np.ascontiguousarray(frame[..., ::-1]) for frame in frames]
    regions, prediction = regions_of(path, settings), prediction_of(path, settings)
    torch.set_num_threads(1)  # ultralytics takes all there are
    found = regions(frames)
    check_equal(found, prediction(theirs))
    print(f"{sum(map(len, found)) / len(found):.1f} boxes a frame, the same by both")
    pieces = {"regions": lambda: regions(frames), "prediction": lambda: prediction(theirs)}
    took: dict[str, list[float]] = {name: [] for name in pieces}
    suppressing = dict.fromkeys(pieces, 0.0)
    for number in range(rounds):
        for name in list(pieces)[:: -1 if number % 2 else 1]:
            before, started = clock.seconds, time.perf_counter()
            pieces[name]()
            took[name].append(time.perf_counter() - started)
            suppressing[name] += clock.seconds - before
    for name, each in took.items():
        share = suppressing[name] / sum(each)
        print(f"{name:<10} {len(frames) / statistics.median(each):8.2f} frames/s, {share:.1%} of it NMS")
    ratios = [r / p for r, p in zip(took["regions"], took["prediction"], strict=True)]
    ratio = statistics.median(ratios)
    best = min(took["regions"]) / min(took["prediction"])
    print(
        f"regions take {ratio:.2f} times as long as ultralytics' prediction (limit {SLOWER}); in single "
        f"rounds {min(ratios):.2f} to {max(ratios):.2f}, best against best {best:.2f}"
    )
    return ratio <= SLOWER


def write_frames(images: Sequence[Image], count: int, folder: Path) -> tuple[Path, Path]:
    """A list of one video, and its part of frames: small ones of some images again and again."""
    videos, part = folder / "0000.json", folder / "frames/part-0000.h5"
    entry = {"id": "long", "path": "long.mp4", "bytes": 1}
    videos.write_text(json.dumps({"benchmark": "long", "shard": 0, "shards": 1, "videos": [entry]}))
    small = [resize_short_side(image, SMALL_SIDE) for image in images]
    encoded = [encode_image(image, "jpeg") for image in small]
    size = images[0].shape[1::-1]
    settings = FramesSettings(short_side=SMALL_SIDE)
    with PartWriter(
        part,
        stage="frames",
        settings=settings.identity(),
        revision=settings.REVISION,
        videos=["long"],
        arrays={"frame_size": ArraySpec("int32", (2,))},
        ragged={"jpeg": {"bytes": ArraySpec("uint8")}},
    ) as writer:
        with writer.video("long") as video:
            for number, data in enumerate(islice(cycle(encoded), count)):
                video.append(frame=[number], time=[number / 25], frame_size=[size], jpeg=[{"bytes": data}])
            video.finish(count)
        writer.complete()
    return videos, part


def memory(path: Path, images: Sequence[Image], count: int) -> bool:
    """Print memory over a long video; whether it stays flat."""
    process, sizes, done = psutil.Process(os.getpid()), list[int](), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            sizes.append(process.memory_info().rss)

    with tempfile.TemporaryDirectory() as folder:
        videos, frames = write_frames(images, count, Path(folder))
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            run_stage(
                RegionsSettings(weights=str(path), image_size=SMALL_SIDE),
                videos=videos,
                reads=frames,
                data_root=Path(folder),
                out=Path(folder) / "regions/part-0000.h5",
                device="cpu",
            )
        finally:
            done.set()
            watcher.join()
    half, last = max(sizes[: len(sizes) // 2]), max(sizes)
    print(
        f"memory over {count} frames of {SMALL_SIDE} lines: {half / 2**20:.0f} MiB by the middle, "
        f"{last / 2**20:.0f} MiB by the end"
    )
    return last - half <= GROWTH_BYTES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--detector", default="demo", help="demo, the name of a fetched one, or a file")
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    path = find_detector(arguments.detector)
    with open_video(arguments.video) as reader:
        frames = [frame.image for frame in islice(reader.frames(), FRAMES)]
    height, width = frames[0].shape[:2]
    print(f"{len(frames)} frames of {width}x{height} pixels, {path.name}, one thread")
    kept = compare(path, frames, 1 if arguments.quick else 5)
    flat = memory(path, frames, 1_000 if arguments.quick else 10_000)
    raise SystemExit(0 if kept and flat else 1)


if __name__ == "__main__":
    main()
