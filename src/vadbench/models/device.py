"""Where and how precisely models compute: device, precision, threads."""

import os

import torch

from vadbench.errors import VadbenchError
from vadbench.models.threads import usable_threads


def resolve_device(device: str) -> torch.device:
    """The torch device that a setting names: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1".

    Raises VadbenchError for a name that torch does not know and for a GPU that is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError:
        raise VadbenchError(
            f"device: {device!r} is not a device; use auto, cpu, cuda or cuda:<number>"
        ) from None
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise VadbenchError(
            f"device: {device!r}, but torch sees {torch.cuda.device_count()} GPUs; use auto or cpu"
        )
    return resolved


def resolve_precision(precision: str, device: torch.device) -> str:
    """ "fp32", "bf16" or "fp16": what "auto" means on this device, or the precision asked for."""
    if precision != "auto":
        return precision
    if device.type == "cpu":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def limit_threads(threads: int) -> int:
    """Hold torch and child processes to min(threads, CPUs this process may use); that number."""
    usable = usable_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(usable)
    torch.set_num_threads(usable)
    return usable
