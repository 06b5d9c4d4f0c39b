"""The training of the demo's detector: its batches, what it writes, that it repeats itself."""

from pathlib import Path

import numpy as np
import pytest
import torch

from vadbench.demo import train_detector as module
from vadbench.demo.objects import KINDS, LabelledFrame
from vadbench.demo.train_detector import DETECTOR_FILE, DetectorTraining, batch_of, train_detector
from vadbench.models.detector import load_detector
from vadbench.models.detector_file import read_detector_file
from vadbench.models.weights import packaged

TINY = DetectorTraining(steps=2, batch=2, warmup=1, cameras=1, scenes=3, sizes=(64,), width=0.0625)


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of weights, where ultralytics keeps its settings, lies below it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "found_shares", lambda _: {})


def _white(height: int, width: int, box: tuple[int, int, int, int], kind: int = 2) -> LabelledFrame:
    left, top, right, bottom = box
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[top:bottom, left:right] = 255
    return LabelledFrame(pixels, np.array([box], np.float32), np.array([kind]))


def _extent(image: torch.Tensor) -> list[int]:
    """Left, top, right, bottom of what is white."""
    rows, columns = np.nonzero(image.mean(0).numpy() > 0.7)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def _pixels(batch: dict[str, torch.Tensor], row: int) -> np.ndarray:
    """Left, top, right, bottom of a target in pixels of the batch's images."""
    x, y, width, height = batch["bboxes"][row].numpy()
    sides = np.array(batch["img"].shape[:1:-1])
    return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) * np.tile(sides, 2)


@pytest.mark.parametrize("size", [128, 160, 256])
def test_targets_lie_where_the_letterboxed_picture_has_them(size: int) -> None:
    frames = [_white(240, 320, (40, 60, 120, 200)), _white(240, 320, (200, 0, 320, 80), kind=0)]
    batch = batch_of(frames, size)
    assert batch["img"].shape[1:] == (3, -(-size * 3 // 4 // 32) * 32, size)
    assert batch["batch_idx"].tolist() == [0, 1]
    assert batch["cls"].tolist() == [2, 0]
    for row in range(2):
        assert np.abs(_pixels(batch, row) - _extent(batch["img"][row])).max() <= 1.5


def test_frames_without_objects_are_in_a_batch_without_targets() -> None:
    empty = LabelledFrame(np.zeros((240, 320, 3), np.uint8), np.empty((0, 4), np.float32), np.empty(0, int))
    batch = batch_of([empty, _white(240, 320, (0, 0, 50, 50)), empty], 128)
    assert batch["batch_idx"].tolist() == [1]
    assert batch["img"].shape[0] == 3
    assert batch_of([empty], 128)["bboxes"].shape == (0, 4)


def test_a_mirrored_frame_takes_its_boxes_along() -> None:
    frame, rng, mirrored = _white(240, 320, (40, 60, 120, 200)), np.random.default_rng(0), 0
    for _ in range(20):
        changed = module._changed(frame, rng)
        left, top, right, bottom = changed.boxes[0].astype(int)
        mirrored += left != 40
        assert (top, bottom, right - left) == (60, 200, 80)
        assert changed.pixels[top:bottom, left:right].min() > 150
        assert changed.pixels.sum(axis=2).astype(bool).sum() == 80 * 140
    assert 0 < mirrored < 20


def test_a_training_repeats_itself_and_its_file_is_a_detector(tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        train_detector(tmp_path / name, TINY, workers=1)
        written.append((tmp_path / name / DETECTOR_FILE).read_bytes())
    assert written[0] == written[1]
    content = read_detector_file(tmp_path / "one" / DETECTOR_FILE)
    assert {str(tensor.dtype) for tensor in content.state.values()} == {"torch.float16", "torch.int64"}
    detector = load_detector(tmp_path / "one" / DETECTOR_FILE, device="cpu", image_size=64)
    assert detector.names == KINDS


def test_steps_lower_the_loss(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, losses = module._network(TINY), list[float]()
    frame = _white(48, 64, (10, 10, 40, 40))
    network.train()
    optimizer = module._optimizer(network, TINY)
    for _ in range(25):
        loss = network.loss(batch_of([frame, frame], 64))[0].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_packaged_weights_are_small() -> None:
    assert packaged(DETECTOR_FILE).stat().st_size <= 8_000_000
