"""The one way in which vadbench imports ultralytics."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import torch  # noqa: F401  (imported after ultralytics, it would be held to one thread)
from filelock import FileLock

from vadbench.errors import VadbenchError
from vadbench.models.torchvision_compat import ensure_torchvision
from vadbench.models.weights_files import CACHE

# ultralytics reads these once, when it is imported.
_ENVIRONMENT = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    # Without it the activation that an architecture names is evaluated as Python.
    "ULTRALYTICS_SAFE_LOAD": "1",
}


def import_ultralytics(module: str = "ultralytics", cache: Path = CACHE) -> ModuleType:
    """ultralytics or one of its modules, unable to reach the network or to install anything.

    It insists on a file of settings, which lies below `cache` and nowhere else.

    Raises:
        VadbenchError: where `cache` cannot be written.
    """
    if "ultralytics" not in sys.modules:
        _import_quietly(cache)
    return importlib.import_module(module)


def _import_quietly(cache: Path) -> None:
    folder = cache.absolute() / "ultralytics"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VadbenchError(f"{folder}: {error.strerror}; ultralytics needs a folder for settings") from None
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ.update(_ENVIRONMENT, YOLO_CONFIG_DIR=str(folder))
    # torch makes this folder when its compiler is imported, as torchvision has it, and in /tmp if not told.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder / "torchinductor"))
    ensure_torchvision()
    # Jobs that start together write the same file of settings.
    with FileLock(folder / "import.lock"):
        ultralytics = importlib.import_module("ultralytics")
        if ultralytics.settings["sync"]:
            ultralytics.settings.update({"sync": False})
    if threads is None:
        # Some versions set it when they are imported, and child processes would inherit it.
        os.environ.pop("OMP_NUM_THREADS", None)
