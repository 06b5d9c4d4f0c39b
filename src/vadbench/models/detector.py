"""Detectors of ultralytics on frames in memory: from RGB frames to boxes in their pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vadbench.errors import VadbenchError
from vadbench.models.detector_file import LOADING_ERRORS, DetectorFile, read_detector_file
from vadbench.models.device import resolve_device
from vadbench.models.ultralytics_import import import_ultralytics
from vadbench.models.weights_files import CACHE

_LEAST_STRIDE = 32  # ultralytics pads to multiples of this, whatever the network


@dataclass(frozen=True)
class Detections:
    """What was found in one frame, surest first.

    Args:
        boxes: (n, 4) float32 left, top, right, bottom in pixels of the frame, clipped to it, none empty.
        scores: (n,) float32 confidences from 0 to 1.
        classes: (n,) int16 numbers of classes.
        size: (height, width) of the frame.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int16]
    size: tuple[int, int]


@dataclass(frozen=True)
class LetterboxedFrame:
    """A frame as a detector sees it.

    Args:
        pixels: (height, width, 3) uint8 RGB, resized with its shape kept and padded with grey.
        size: (height, width) of the frame itself.
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]


class Detector:
    """A network with what decides which of its boxes count.

    Args:
        content: what the detector's file holds.
        device: where the network runs.
        image_size: length in pixels that the longer side of a frame is resized to, a multiple of 32.
        confidence: least confidence of a box, from 0 to 1.
        nms_iou: boxes of one class that overlap a surer one by more than this IoU are dropped.
        classes: names of the classes that count; None: all.
        most: at most so many boxes in a frame, the surest.
        precision: "fp32", or "fp16" on a GPU.

    Raises:
        VadbenchError: for a network that its file does not fit, an unknown class, an image size that its
            stride does not divide, and fp16 on a CPU.
    """

    def __init__(
        self,
        content: DetectorFile,
        *,
        device: torch.device,
        image_size: int = 640,
        confidence: float = 0.3,
        nms_iou: float = 0.7,
        classes: Sequence[str] | None = None,
        most: int = 300,
        precision: str = "fp32",
        cache: Path = CACHE,
    ) -> None:
        if precision == "fp16" and device.type == "cpu":
            raise VadbenchError("precision: fp16 needs a GPU; use fp32")
        self.names = content.names
        self.digests = content.digests
        self.ultralytics: str = import_ultralytics(cache=cache).__version__
        self.device = device
        self._dtype = torch.float16 if precision == "fp16" else torch.float32
        # Frames come with their colours last; convolutions of the same order are faster.
        self._network = _network(content, cache).to(device, self._dtype, memory_format=torch.channels_last)
        self._numbers = None if classes is None else _class_numbers(classes, content.names)
        self._limits = confidence, nms_iou, most
        self._suppress = import_ultralytics("ultralytics.utils.nms", cache).non_max_suppression
        self._scale: Callable[..., Any] = import_ultralytics("ultralytics.utils.ops", cache).scale_boxes
        augment = import_ultralytics("ultralytics.data.augment", cache)
        stride = max(_LEAST_STRIDE, int(self._network.stride.max()))
        if image_size % stride:
            raise VadbenchError(
                f"image_size: {image_size} is no multiple of {stride}, this detector's stride; write "
                f"{-(-image_size // stride) * stride}"
            )
        # The smallest rectangle, for every frame alone: what a frame gives must not depend on its batch.
        self._letterbox = augment.LetterBox(image_size, auto=True, stride=stride)

    def prepare(self, image: NDArray[np.uint8]) -> LetterboxedFrame:
        """Frame (H, W, 3) uint8 RGB of any size -> what the network sees of it; several threads may call."""
        return LetterboxedFrame(self._letterbox(image=image), (image.shape[0], image.shape[1]))

    def detect(self, frames: Sequence[LetterboxedFrame]) -> list[Detections]:
        """What is in each frame; frames that were padded to one shape go through the network together."""
        found: dict[int, Detections] = {}
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for place, frame in enumerate(frames):
            by_shape.setdefault(frame.pixels.shape, []).append(place)
        for places in by_shape.values():
            kept = self._detect_equal(np.stack([frames[place].pixels for place in places]))
            for place, (shape, rows) in zip(places, kept, strict=True):
                found[place] = self._in_source_pixels(rows, shape, frames[place].size)
        return [found[place] for place in range(len(frames))]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (n, 3, height, width) from 0 to 1 -> the network's raw boxes, before any is dropped."""
        output = self._network(images)
        # Out of training ultralytics' heads give boxes and what they were made of.
        boxes: torch.Tensor = output[0] if isinstance(output, list | tuple) else output
        return boxes

    def _detect_equal(self, pixels: NDArray[np.uint8]) -> list[tuple[tuple[int, int], torch.Tensor]]:
        """Frames (n, height, width, 3) -> of each the network's shape, and rows (boxes, 6)."""
        confidence, nms_iou, most = self._limits
        with torch.inference_mode():
            images = torch.from_numpy(pixels).to(self.device).permute(0, 3, 1, 2).to(self._dtype).div_(255)
            rows = self._suppress(
                self.forward(images),
                confidence,
                nms_iou,
                self._numbers,
                max_det=most,
                nc=len(self.names),
                # By default it drops the boxes of later frames where the machine is slow.
                max_time_img=inf,
                end2end=getattr(self._network, "end2end", False),
            )
        shape = (pixels.shape[1], pixels.shape[2])
        return [(shape, each.float().cpu()) for each in rows]

    def _in_source_pixels(
        self, rows: torch.Tensor, shape: tuple[int, int], size: tuple[int, int]
    ) -> Detections:
        boxes = self._scale(shape, rows[:, :4].clone(), size).numpy()
        # A box that lies in the padding has no pixel of the frame.
        kept = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        return Detections(
            boxes[kept], rows[:, 4].numpy()[kept], rows[:, 5].numpy()[kept].astype(np.int16), size
        )


def load_detector(path: Path, *, device: str = "auto", cache: Path = CACHE, **settings: Any) -> Detector:
    """A detector from a file on this machine, `.pt` or `.safetensors`; for `settings` see `Detector`.

    `cache` is the folder below which ultralytics keeps its settings.

    Raises:
        VadbenchError: for a file that `read_detector_file` refuses, and what `Detector` refuses.
    """
    return Detector(read_detector_file(path), device=resolve_device(device), cache=cache, **settings)


def unfilled_detector(path: Path, cache: Path = CACHE) -> torch.nn.Module:
    """The network of a detector as it runs, of shapes without numbers on torch's meta device, for counting.

    It takes images (n, 3, height, width). For what is raised see `load_detector`.
    """
    network = _network(read_detector_file(path), cache)
    head = network.model[-1]
    stride = head.stride
    network.to("meta")
    head.stride = stride  # the head lays its grid by these numbers
    unfilled: torch.nn.Module = network
    return unfilled


def _network(content: DetectorFile, cache: Path) -> Any:
    """ultralytics' network of an architecture, with the file's tensors, ready for frames."""
    tasks = import_ultralytics("ultralytics.nn.tasks", cache)
    file = next(iter(content.digests))
    with torch.random.fork_rng(devices=[]):
        try:
            network = tasks.DetectionModel(dict(content.architecture), ch=3, verbose=False)
            network.load_state_dict(content.state)
        except LOADING_ERRORS as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise VadbenchError(f"{file}: its tensors are not those of its architecture: {reason}") from error
    return network.eval().requires_grad_(False).fuse(verbose=False)


def _class_numbers(classes: Sequence[str], names: Sequence[str]) -> list[int]:
    if unknown := [name for name in classes if name not in names]:
        raise VadbenchError(
            f"classes: the detector has no {unknown[0]!r}; its classes are {', '.join(names)}"
        )
    return [names.index(name) for name in classes]
