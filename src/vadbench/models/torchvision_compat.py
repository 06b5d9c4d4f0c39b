"""Make `import torchvision` work beside a torch build without CUDA libraries.

The torchvision wheel of the package index is linked to CUDA. Beside a CPU build of torch its compiled
operators do not load, and the import then fails with "operator torchvision::nms does not exist", taking
open_clip with it. `ensure_torchvision` defines the missing operators in plain torch; where the compiled ones
load it is a plain import.
"""

import importlib.util
import logging
import sys
from pathlib import Path

import torch
from torch import Tensor

_LOG = logging.getLogger("vadbench.models")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# The registrations vanish when the library object is collected.
_library: torch.library.Library | None = None


def ensure_torchvision() -> None:
    """Import torchvision, with operators in plain torch where its own do not load (one warning line says so).

    Call it before anything that imports torchvision: open_clip, timm, ultralytics.
    """
    global _library
    if "torchvision" in sys.modules:
        return
    if _native_operators_load():
        import torchvision

        return
    _LOG.warning(
        "torchvision's compiled operators do not load beside this torch; its nms runs in plain torch"
    )
    _library = torch.library.Library("torchvision", "DEF")
    _library.define(f"nms{_SIGNATURE}")
    # torchvision registers a shape function for the quantised nms on import, so the name must exist.
    _library.define(f"qnms{_SIGNATURE}")
    _library.impl("nms", _nms, "CPU")
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True


def _native_operators_load() -> bool:
    """Whether the compiled operators can be loaded (they are looked at without importing torchvision)."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("torchvision is not installed")
    folder = Path(spec.origin).parent
    for library in (*folder.glob("_C*.so"), *folder.glob("_C*.pyd")):
        try:
            torch.ops.load_library(str(library))
        except (OSError, ImportError):
            return False
        return True
    return False


def _nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression as `torchvision.ops.nms`.

    dets: (n, 4) float corners x1, y1, x2, y2; scores: (n,). Returns the kept indices (k,), best score first.
    """
    x1, y1, x2, y2 = dets.float().unbind(1)
    area = (x2 - x1) * (y2 - y1)
    order = scores.argsort(descending=True, stable=True)
    kept = []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(best)
        width = (torch.minimum(x2[best], x2[rest]) - torch.maximum(x1[best], x1[rest])).clamp(min=0)
        height = (torch.minimum(y2[best], y2[rest]) - torch.maximum(y1[best], y1[rest])).clamp(min=0)
        overlap = width * height
        order = rest[overlap / (area[best] + area[rest] - overlap) <= iou_threshold]
    return torch.stack(kept) if kept else order
