"""Renders the videos of a demo benchmark to H.264 files."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vadbench.demo.cameras import FPS, HEIGHT, WIDTH
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.plan import (
    RENDERER_REVISION,
    PlannedVideo,
    Size,
    benchmark_plan,
    read_header,
    scene_of,
)
from vadbench.errors import VadbenchError

_ENCODER = {
    "preset": "veryfast",
    "crf": "26",
    "g": "30",
    "keyint_min": "30",
    "sc_threshold": "0",
    "mbtree": "0",  # with it, equal frames now and then gave different files where the CPU has AVX-512
}


def scene_frames(video: PlannedVideo) -> Iterator[NDArray[np.uint8]]:
    """The frames of a video before encoding, each (240, 320, 3) uint8 RGB."""
    renderer = SceneRenderer(scene_of(video))
    for index in range(video.frames):
        yield renderer.frame(index)


def frame_truth(video: PlannedVideo) -> NDArray[np.bool_]:
    """Which frames are abnormal, (frames,) bool; of training videos only the renderer knows this."""
    truth = np.zeros(video.frames, np.bool_)
    for event in video.events:
        truth[event.start : event.end] = True
    return truth


def render_videos(folder: Path, ids: Sequence[str] | None = None, workers: int = 1) -> None:
    """Render the videos of the manifest in `folder` that are not there yet.

    A video is written under a temporary name and renamed, so that a file that exists is complete; it is kept.

    Args:
        folder: folder of the manifest; videos are written under it.
        ids: names of the videos; None is all of them.
        workers: number of processes.
    """
    missing = [video for video in _chosen(folder, ids) if not (folder / video.path).exists()]
    if workers <= 1 or len(missing) <= 1:
        for video in missing:
            _render(folder, video)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(missing)), context, initializer=_one_thread) as pool:
        jobs = [pool.submit(_render, folder, video) for video in missing]
        try:
            for job in as_completed(jobs):
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _chosen(folder: Path, ids: Sequence[str] | None) -> list[PlannedVideo]:
    revision, seed, size = read_header(folder)
    if revision != RENDERER_REVISION:
        raise VadbenchError(
            f"{folder} holds the demo of renderer revision {revision}, this version renders revision "
            f"{RENDERER_REVISION}; delete the folder and run `vadbench index`"
        )
    videos = benchmark_plan(seed, cast(Size, size)).videos
    if ids is None:
        return list(videos)
    by_id = {video.id: video for video in videos}
    unknown = [name for name in ids if name not in by_id]
    if unknown:
        raise VadbenchError(
            f"{folder} has no demo video {unknown[0]!r}; they are {videos[0].id} to {videos[-1].id}"
        )
    return [by_id[name] for name in ids]


def _one_thread() -> None:
    cv2.setNumThreads(1)


def _render(folder: Path, video: PlannedVideo) -> None:
    path = folder / video.path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}.{os.getpid()}.mp4")
    try:
        _encode(draft, scene_frames(video))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _encode(path: Path, frames: Iterator[NDArray[np.uint8]]) -> None:
    """Write frames as H.264; one thread, so that the same frames give the same file."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_ENCODER)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, FPS)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
