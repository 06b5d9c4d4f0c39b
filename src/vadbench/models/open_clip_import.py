"""The one way in which vadbench imports open_clip."""

import importlib
import os
import sys
from types import ModuleType

from vadbench.errors import VadbenchError
from vadbench.models.torchvision_compat import ensure_torchvision


def import_open_clip(*, network: bool = False) -> ModuleType:
    """open_clip, beside any build of torch and, unless `network`, unable to look anything up on the hub.

    Raises VadbenchError if the network is asked for in a process that is already held offline.
    """
    ensure_torchvision()
    if not network and "open_clip" not in sys.modules:
        # The hub's client reads this once, when it is imported; later changes have no effect.
        os.environ["HF_HUB_OFFLINE"] = "1"
    open_clip = importlib.import_module("open_clip")
    if network and importlib.import_module("huggingface_hub.constants").HF_HUB_OFFLINE:
        raise VadbenchError(
            "this process is held offline (HF_HUB_OFFLINE); run `vadbench fetch-weights` without it"
        )
    return open_clip
