"""The stand-in for torchvision's compiled operators."""

import subprocess
import sys

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.models.torchvision_compat import _nms, ensure_torchvision


def _nms_by_loop(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -float(scores[i])):
        if all(_iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


def _iou(a: torch.Tensor, b: torch.Tensor) -> float:
    width = max(0.0, float(min(a[2], b[2]) - max(a[0], b[0])))
    height = max(0.0, float(min(a[3], b[3]) - max(a[1], b[1])))
    areas = float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / (areas - width * height)


@given(count=st.integers(0, 40), seed=st.integers(0, 1000), threshold=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
@settings(deadline=None, max_examples=40)
def test_nms_equals_a_plain_loop(count: int, seed: int, threshold: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 50, (count, 2), generator=generator)
    size = torch.randint(1, 30, (count, 2), generator=generator)
    boxes = torch.cat([corner, corner + size], 1).float()
    scores = torch.rand(count, generator=generator)
    assert _nms(boxes, scores, threshold).tolist() == _nms_by_loop(boxes, scores, threshold)


def test_registered_operator_is_reached_through_torchvision() -> None:
    ensure_torchvision()
    import torchvision.ops

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    assert torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist() == [1, 2]


def test_open_clip_imports_in_a_fresh_process_also_after_a_second_call() -> None:
    code = "from vadbench.models.torchvision_compat import ensure_torchvision as ensure\n" + "ensure()\n" * 2
    done = subprocess.run([sys.executable, "-c", code + "import open_clip"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("runs in plain torch") <= 1
