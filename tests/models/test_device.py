"""Devices, precisions and threads."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import joblib
import pytest
import torch

from vadbench.errors import VadbenchError
from vadbench.models import device
from vadbench.models.device import limit_threads, resolve_device, resolve_precision
from vadbench.models.threads import usable_threads


def test_auto_takes_a_gpu_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(VadbenchError, match="1 GPUs"):
        resolve_device("cuda:1")
    with pytest.raises(VadbenchError, match="'gpu' is not a device"):
        resolve_device("gpu")


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """As if there were two GPUs, the second with more free memory; the ones set as current."""
    current: list[int] = []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"GPU-{index}")
    )
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (index, 2))
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(device, "_taken", [])
    device._free_gpu.cache_clear()
    yield current
    device._free_gpu.cache_clear()


def test_processes_spread_over_the_gpus(two_gpus: list[int]) -> None:
    found = []
    for _ in range(3):
        found.append((resolve_device("auto"), resolve_device("cuda")))
        device._free_gpu.cache_clear()  # as in another process: the locks are held on
    first, second = torch.device("cuda:0"), torch.device("cuda:1")
    assert found == [(first, first), (second, second), (second, second)]
    assert two_gpus == [0, 1, 1]
    assert resolve_device("cuda:0") == first


def test_auto_precision_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_precision("auto", torch.device("cpu")) == "fp32"
    for supported, precision in ((True, "bf16"), (False, "fp16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, yes=supported: yes)
        assert resolve_precision("auto", torch.device("cuda")) == precision
    assert resolve_precision("fp16", torch.device("cpu")) == "fp16"


def test_threads_are_held_to_the_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    assert [usable_threads(threads) for threads in (0, 1, 2, 8)] == [1, 1, 2, 2]
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    try:
        assert limit_threads(8) == 2
        assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (2, "2")
    finally:
        torch.set_num_threads(before)
