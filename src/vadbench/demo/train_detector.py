"""Trains the demo's detector on renders of scenes and cameras that the benchmark does not have.

A narrow YOLOv8 with the loss that ultralytics itself trains with; nothing comes from a pre-trained network.
"""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import Tensor, nn

from vadbench.demo.detector_images import StoredFrame, render_training_frames
from vadbench.demo.held_out_objects import FoundShares, found_shares, share_lines
from vadbench.demo.objects import KINDS, LabelledFrame
from vadbench.demo.training_images import TRAINING_CAMERAS
from vadbench.models.detector_architecture import check_architecture
from vadbench.models.detector_file import DetectorFile, write_detector_file
from vadbench.models.ultralytics_import import import_ultralytics

log = logging.getLogger(__name__)

DETECTOR_FILE = "detector.safetensors"


@dataclass(frozen=True)
class DetectorTraining:
    """How the demo's detector is trained; the packaged weights were made with the defaults."""

    steps: int = 3000
    batch: int = 16
    learning_rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 0.01
    cameras: int = 1000
    scenes: int = 8
    """Scenes rendered per camera; one frame of each."""
    sizes: tuple[int, ...] = (192, 224, 256)
    """Longer sides that frames are resized to, pixels; each batch draws one."""
    depth: float = 0.33
    width: float = 0.125
    """Of YOLOv8, as ultralytics counts them: its smallest, n, is twice as wide."""
    seed: int = 0


def train_detector(
    out_folder: Path, settings: DetectorTraining | None = None, *, workers: int = 2, threads: int = 1
) -> dict[str, FoundShares]:
    """Render, train, and write detector.safetensors and detector.yaml into `out_folder`.

    The number of steps is fixed, so that the same settings and threads on the same machine give the same
    weights. Progress is logged.

    Args:
        out_folder: made where it is missing; files in it are replaced.
        settings: sizes and length of the training.
        workers: processes that render the frames.
        threads: of torch; their number decides the last digits of the weights.

    Returns:
        What `found_shares` says of the weights as they were written.
    """
    settings = settings or DetectorTraining()
    started = time.monotonic()
    frames = render_training_frames(TRAINING_CAMERAS[: settings.cameras], settings.scenes, workers)
    log.info("rendered %d frames in %.0f s", len(frames), time.monotonic() - started)
    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    network = _network(settings)
    _train(network, frames, settings)
    out_folder.mkdir(parents=True, exist_ok=True)
    write_detector_file(_content(network), out_folder / DETECTOR_FILE)
    shares = found_shares(out_folder / DETECTOR_FILE)
    log.info("%.0f s in all", time.monotonic() - started)
    for line in share_lines(shares):
        log.info("%s", line)
    return shares


def _network(settings: DetectorTraining) -> Any:
    """YOLOv8 with random weights, with the weights of losses that ultralytics trains with."""
    tasks = import_ultralytics("ultralytics.nn.tasks")
    file = files("ultralytics") / "cfg" / "models" / "v8" / "yolov8.yaml"
    architecture = yaml.safe_load(file.read_text(encoding="utf-8"))
    architecture |= {
        "nc": len(KINDS),
        "scales": {"demo": [settings.depth, settings.width, 1024]},
        "scale": "demo",
    }
    network = tasks.DetectionModel(check_architecture(architecture, Path("yolov8.yaml")), verbose=False)
    network.args = import_ultralytics("ultralytics.cfg").get_cfg()
    return network


def _train(network: Any, frames: Sequence[StoredFrame], settings: DetectorTraining) -> None:
    optimizer = _optimizer(network, settings)
    network.train()
    started = time.monotonic()
    losses: list[float] = []
    for step, batch in enumerate(_batches(frames, settings), start=1):
        for group in optimizer.param_groups:
            group["lr"] = _learning_rate(step, settings)
        loss = network.loss(batch)[0].sum() / settings.batch
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 100 == 0 or step == settings.steps:
            seconds = time.monotonic() - started
            mean = np.mean(losses[-100:])
            log.info("step %d of %d, %.0f s: loss %.3f", step, settings.steps, seconds, mean)
    network.eval()


def _optimizer(network: Any, settings: DetectorTraining) -> torch.optim.AdamW:
    """Only the kernels of convolutions decay."""
    trained = [weights for weights in network.parameters() if weights.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [w for w in trained if w.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [w for w in trained if w.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
    )


def _learning_rate(step: int, settings: DetectorTraining) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * min(1.0, step / settings.warmup) * cosine


def _batches(frames: Sequence[StoredFrame], settings: DetectorTraining) -> Iterator[dict[str, Tensor]]:
    """`settings.steps` batches in the form of ultralytics' loss; every frame once before any comes again."""
    rng = np.random.default_rng([settings.seed, 5])
    waiting: list[int] = []
    for _ in range(settings.steps):
        while len(waiting) < settings.batch:
            waiting += rng.permutation(len(frames)).tolist()
        picks, waiting = waiting[: settings.batch], waiting[settings.batch :]
        size = int(rng.choice(settings.sizes))
        yield batch_of([_changed(frames[pick].decoded(), rng) for pick in picks], size)


def batch_of(frames: Sequence[LabelledFrame], size: int) -> dict[str, Tensor]:
    """Frames as the detector sees them at `size`, with their boxes, for ultralytics' loss.

    Returns:
        `img` (n, 3, height, width) float32 from 0 to 1; per object `batch_idx` (m,), `cls` (m,) and `bboxes`
        (m, 4): centre and size as shares of width and height, all float32.
    """
    letterbox = import_ultralytics("ultralytics.data.augment").LetterBox(size, auto=True, stride=32)
    images = np.stack([letterbox(image=frame.pixels) for frame in frames])
    boxes = np.concatenate([_letterboxed(frame, images.shape[1:3]) for frame in frames])
    counts = [len(frame.boxes) for frame in frames]
    return {
        "img": torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255,
        "batch_idx": torch.arange(len(frames), dtype=torch.float32).repeat_interleave(torch.tensor(counts)),
        "cls": torch.from_numpy(np.concatenate([frame.kinds for frame in frames])).float(),
        "bboxes": torch.from_numpy(boxes),
    }


def _letterboxed(frame: LabelledFrame, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Boxes of a frame in its letterboxed picture of `shape`: centres and sizes, shares of its sides."""
    height, width = frame.pixels.shape[:2]
    scale = min(shape[0] / height, shape[1] / width)
    border = (shape[1] - scale * width) / 2, (shape[0] - scale * height) / 2
    first, last = (scale * frame.boxes[:, part] + border for part in (slice(0, 2), slice(2, 4)))
    sides = np.array(shape[::-1])
    return np.concatenate([(first + last) / 2 / sides, (last - first) / sides], axis=1).astype(np.float32)


def _changed(frame: LabelledFrame, rng: np.random.Generator) -> LabelledFrame:
    """The frame mirrored half of the time, in other light."""
    pixels, boxes = frame.pixels, frame.boxes
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes = boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [pixels.shape[1], 0, pixels.shape[1], 0]
    light = rng.uniform(0.75, 1.25) * rng.uniform(0.93, 1.07, 3)
    bright = (pixels * light).clip(0, 255).astype(np.uint8)
    return LabelledFrame(bright, boxes.astype(np.float32), frame.kinds)


def _content(network: Any) -> DetectorFile:
    """What is written: halves, which the detector widens again."""
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }
    return DetectorFile(check_architecture(network.yaml, Path(DETECTOR_FILE)), KINDS, state, {})
