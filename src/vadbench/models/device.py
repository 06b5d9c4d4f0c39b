"""Where and how precisely models compute: device, precision, threads."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from vadbench.errors import VadbenchError
from vadbench.models.threads import usable_threads


def resolve_device(device: str) -> torch.device:
    """The torch device that a setting names: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1".

    Of several GPUs, "auto" and "cuda" mean one that no other process has been given so.

    Raises VadbenchError for a name that torch does not know and for a GPU that is not there.
    """
    if device == "auto":
        return _free_gpu() if torch.cuda.is_available() else torch.device("cpu")
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
    return _free_gpu() if resolved == torch.device("cuda") else resolved


@lru_cache(maxsize=1)
def _free_gpu() -> torch.device:
    """A GPU for this process until it ends; where all are taken, the one with the most free memory.

    Jobs that are started at the same moment find the same memory free on every GPU: a lock tells them apart.
    """
    count = torch.cuda.device_count()
    if count < 2:
        return torch.device("cuda")
    index = next(filter(_take, range(count)), None)
    if index is None:
        index = max(range(count), key=lambda one: torch.cuda.mem_get_info(one)[0])
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def _take(index: int) -> bool:
    """Lock a GPU by its serial number, for its index depends on CUDA_VISIBLE_DEVICES."""
    name = f"vadbench-{os.getuid()}-{torch.cuda.get_device_properties(index).uuid}.lock"
    lock = FileLock(Path(tempfile.gettempdir()) / name)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    _taken.append(lock)
    return True


_taken: list[FileLock] = []
"""A lock is given up when it is collected, or the process ends."""


def device_name(device: torch.device) -> str:
    """What a log calls a device: "cpu", or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


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
