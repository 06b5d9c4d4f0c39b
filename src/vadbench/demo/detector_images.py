"""Renders the frames that the demo's detector learns from, and those that it is measured on.

Cameras of training, of the unseen renders and of the benchmark have different numbers.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vadbench.demo.objects import LabelledFrame, labelled_frame
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.scenes import Scene, build_scene
from vadbench.demo.training_images import HELD_OUT_CAMERAS, SCENE_FRAMES, training_scene

UNSEEN_CAMERAS = HELD_OUT_CAMERAS
_TRAINING_STREAM = 131
_HELD_OUT_STREAM = 137
_FIRST_HELD_OUT_SCENE = 1000  # training takes scenes from 0 on
_QUALITY = (40, 95)
_RARE = ("cycle", "bin", "cars")
"""What a third of the scenes are made to show; what comes seldom is hardly learnt."""


@dataclass(frozen=True)
class StoredFrame:
    """A labelled frame as JPEG, which holds thousands of them in memory and shows a detector its traces.

    Attributes:
        jpeg: the frame, (240, 320, 3) BGR when decoded.
        boxes: as in LabelledFrame.
        kinds: as in LabelledFrame.
    """

    jpeg: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    kinds: NDArray[np.int64]

    def decoded(self) -> LabelledFrame:
        """The frame in pixels."""
        image = np.asarray(cv2.imdecode(self.jpeg, cv2.IMREAD_COLOR), np.uint8)
        return LabelledFrame(np.ascontiguousarray(image[..., ::-1]), self.boxes, self.kinds)


def render_training_frames(cameras: range, scenes: int, workers: int) -> list[StoredFrame]:
    """One frame of each of `scenes` scenes before each of `cameras`."""
    return _rendered(cameras, range(scenes), _TRAINING_STREAM, workers)


def held_out_frames(cameras: range, scenes: int, workers: int = 1) -> list[StoredFrame]:
    """One frame of each of `scenes` scenes, none of them in the training, before each of `cameras`."""
    numbers = range(_FIRST_HELD_OUT_SCENE, _FIRST_HELD_OUT_SCENE + scenes)
    return _rendered(cameras, numbers, _HELD_OUT_STREAM, workers)


def _rendered(cameras: range, scenes: range, stream: int, workers: int) -> list[StoredFrame]:
    job = partial(_camera_frames, scenes=scenes, stream=stream)
    if workers <= 1:
        return _joined(map(job, cameras))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        return _joined(pool.map(job, cameras, chunksize=8))


def _camera_frames(camera_seed: int, scenes: range, stream: int) -> list[StoredFrame]:
    rng = np.random.default_rng([stream, camera_seed])
    frames = []
    for number in scenes:
        scene, index = _scene(camera_seed, number, rng)
        frame = labelled_frame(SceneRenderer(scene), index)
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_QUALITY))]
        _, jpeg = cv2.imencode(".jpg", frame.pixels[..., ::-1], quality)
        frames.append(StoredFrame(np.asarray(jpeg, np.uint8), frame.boxes, frame.kinds))
    return frames


def _scene(camera_seed: int, number: int, rng: np.random.Generator) -> tuple[Scene, int]:
    """A scene and the frame of it to look at."""
    if rng.random() < 1 / 3:
        focus, busy = str(rng.choice(_RARE)), float(rng.uniform(0.5, 1))
        return build_scene(camera_seed, number, busy=busy, focus=focus), int(rng.integers(0, SCENE_FRAMES))
    return training_scene(camera_seed, number, rng)


def _joined(parts: Iterator[list[StoredFrame]]) -> list[StoredFrame]:
    return [frame for part in parts for frame in part]
