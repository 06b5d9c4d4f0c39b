"""Precision and recall of detections whose truth is known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from vadbench.demo.detector_images import StoredFrame, held_out_frames, render_training_frames
from vadbench.demo.held_out_objects import DEMO_IMAGE_SIZE, share_lines, shares_on
from vadbench.demo.objects import KINDS
from vadbench.demo.training_images import HELD_OUT_CAMERAS, TRAINING_CAMERAS
from vadbench.models.detector import Detections, LetterboxedFrame, load_detector
from vadbench.models.weights import packaged


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of weights, where ultralytics keeps its settings, lies below it."""
    monkeypatch.chdir(tmp_path)


class _Said:
    """A detector that says what it was told."""

    def __init__(self, *frames: list[tuple[tuple[float, float, float, float], int]]) -> None:
        self.frames = list(frames)

    def prepare(self, image: np.ndarray) -> LetterboxedFrame:
        return LetterboxedFrame(image, image.shape[:2])

    def detect(self, frames: list[LetterboxedFrame]) -> list[Detections]:
        said = [self.frames.pop(0) for _ in frames]
        return [
            Detections(
                np.array([box for box, _ in each], np.float32).reshape(-1, 4),
                np.linspace(1, 0.5, len(each)).astype(np.float32),
                np.array([kind for _, kind in each], np.int16),
                frames[0].size,
            )
            for each in said
        ]


def _frame(*objects: tuple[tuple[float, float, float, float], int]) -> StoredFrame:
    _, jpeg = cv2.imencode(".jpg", np.zeros((240, 320, 3), np.uint8))
    boxes = np.array([box for box, _ in objects], np.float32).reshape(-1, 4)
    return StoredFrame(np.asarray(jpeg), boxes, np.array([kind for _, kind in objects], np.int64))


PERSON, BICYCLE, CAR, BIN = range(4)
HERE, NEAR, THERE = (0.0, 0.0, 40.0, 40.0), (4.0, 0.0, 44.0, 40.0), (100.0, 0.0, 140.0, 40.0)


def test_a_box_finds_one_object_of_its_class() -> None:
    said = _Said(
        [(NEAR, PERSON), (HERE, PERSON), (THERE, BICYCLE)],  # twice one person; a car called a bicycle
        [],
        [(HERE, CAR)],
    )
    frames = [
        _frame((HERE, PERSON), (THERE, CAR)),
        _frame((HERE, PERSON), (THERE, PERSON)),
        _frame((NEAR, CAR)),
    ]
    found = shares_on(said, frames)
    assert found.frames == 3
    assert found.objects == {"person": 3, "bicycle": 0, "car": 2, "bin": 0}
    assert found.precision == {"person": 0.5, "bicycle": 0.0, "car": 1.0, "bin": 1.0}
    assert found.recall == pytest.approx({"person": 1 / 3, "bicycle": 0.0, "car": 0.5, "bin": 0.0})
    (line,) = share_lines({"here": found})
    assert line.startswith("detector, precision/recall on 3 renders, here: person 0.500/0.333 of 3, ")


def test_held_out_renders_are_no_training_renders() -> None:
    assert not set(TRAINING_CAMERAS) & set(HELD_OUT_CAMERAS)
    cameras = TRAINING_CAMERAS[:2]
    trained = render_training_frames(cameras, 3, workers=1)
    held_out = held_out_frames(cameras, 3)
    again = held_out_frames(cameras, 3)
    assert [frame.jpeg.tobytes() for frame in held_out] == [frame.jpeg.tobytes() for frame in again]
    assert not {frame.jpeg.tobytes() for frame in held_out} & {frame.jpeg.tobytes() for frame in trained}
    for frame in [*trained, *held_out]:
        assert len(frame.boxes) == len(frame.kinds)
        assert set(frame.kinds.tolist()) <= set(range(len(KINDS)))


def test_the_packaged_detector_finds_what_an_unseen_camera_shows() -> None:
    detector = load_detector(packaged("detector.safetensors"), device="cpu", image_size=DEMO_IMAGE_SIZE)
    assert detector.names == KINDS
    found = shares_on(detector, held_out_frames(HELD_OUT_CAMERAS[:10], 8))
    assert found.objects["person"] > 100
    assert found.objects["car"] > 20
    assert min(found.recall["person"], found.recall["car"]) > 0.8
    assert min(found.precision["person"], found.precision["car"]) > 0.8
