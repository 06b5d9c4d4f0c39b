"""A detector of a few thousand numbers that finds something in any picture."""

from pathlib import Path
from typing import Any

import torch

from vadbench.models.ultralytics_import import import_ultralytics

NAMES = ("person", "bicycle", "cart")
ARCHITECTURE: dict[str, Any] = {
    "nc": 3,
    "scales": {"n": [0.33, 0.25, 64]},
    "scale": "n",
    "backbone": [
        [-1, 1, "Conv", [32, 3, 2]],
        [-1, 1, "Conv", [32, 3, 2]],
        [-1, 3, "C2f", [32, True]],
        [-1, 1, "Conv", [64, 3, 2]],
        [-1, 1, "SPPF", [64, 5]],
    ],
    "head": [
        [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
        [[-1, 2], 1, "Concat", [1]],
        [-1, 3, "C2f", [32]],
        [-1, 1, "Conv", [32, 3, 2]],
        [[7, 8], 1, "Detect", ["nc"]],
    ],
}


def tiny_network(cache: Path, seed: int = 0, **changes: Any) -> Any:
    """ultralytics' network with random weights, sure enough of its boxes that some pass."""
    tasks = import_ultralytics("ultralytics.nn.tasks", cache)
    torch.manual_seed(seed)
    network = tasks.DetectionModel({**ARCHITECTURE, **changes}, ch=3, verbose=False)
    network.names = dict(enumerate(NAMES))
    head = network.model[-1]
    with torch.no_grad():
        for name, layer in network.named_modules():
            if isinstance(layer, torch.nn.Conv2d) and "dfl" not in name:
                # As ultralytics makes them, a picture has died away at the end.
                layer.weight.normal_(0, (4 / layer.weight[0].numel()) ** 0.5)
        for layers in (*head.cv2, *head.cv3):
            layers[-1].weight.mul_(4)
            layers[-1].bias.normal_(-1, 1)
        # Files of ultralytics hold halves.
        network.half().float()
    return network.eval()


def write_tiny_detector(file: Path, seed: int = 0, **contents: Any) -> Any:
    """Write a `.pt` as ultralytics does; the network in it."""
    network = tiny_network(file.parent, seed)
    torch.save({"epoch": -1, "model": network, "ema": None, "train_args": {"imgsz": 64}, **contents}, file)
    return network
