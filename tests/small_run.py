"""A finished run of a few made-up videos: annotations, a set of frames, scores, metrics."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.evaluation import RunLabel, evaluate_run
from vadbench.store import ArraySpec, PartWriter, link

STRIDE = 4
RATE = 25.0


@dataclass
class SmallRun:
    """Where everything lies, and what the videos are: id -> (decoded frames, annotated intervals)."""

    root: Path
    videos: dict[str, tuple[int, list[tuple[int, int]] | None]]
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        return self.root / "results/toy/weak/sultani/seed-0"

    @property
    def annotations(self) -> Path:
        return self.root / "stores/toy/annotations.json"

    @property
    def frames(self) -> Path:
        return self.root / "stores/toy/frames"

    def write(self, **evaluation: object) -> "SmallRun":
        _write_annotations(self)
        _write_frames(self)
        _write_scores(self)
        label = RunLabel(benchmark="toy", split="weak", method="sultani", features="frames")
        annotations = Annotations.load(self.annotations)
        settings = EvaluationSettings(bootstrap_resamples=20, **evaluation)
        evaluate_run(self.run / "scores.h5", annotations, label, settings, self.run / "metrics.json")
        return self


def _write_annotations(run: SmallRun) -> None:
    videos = {
        id: {
            "classes": ["fire"] if intervals else [],
            "intervals": intervals,
            "segments": [["fire", *interval] for interval in intervals or ()],
        }
        for id, (_, intervals) in run.videos.items()
    }
    content = {
        "benchmark": "toy",
        "classes": ["normal", "fire"],
        "splits": {"weak": {"supervision": "weak", "train": [], "test": list(run.videos)}},
        "videos": videos,
    }
    run.annotations.parent.mkdir(parents=True, exist_ok=True)
    run.annotations.write_text(json.dumps(content), encoding="utf-8")


def _write_frames(run: SmallRun) -> None:
    path = run.frames / "part-0000.h5"
    arrays = {"jpeg": {"bytes": ArraySpec("uint8")}}
    with PartWriter(
        path, stage="frames", settings={"format": "jpeg"}, revision=1, videos=list(run.videos), ragged=arrays
    ) as writer:
        for id, (frames, intervals) in run.videos.items():
            if id in run.skipped:
                writer.skip(id, run.skipped[id])
                continue
            with writer.video(id) as video:
                for frame in range(0, frames, STRIDE):
                    encoded = cv2.imencode(".jpg", _image(frame, intervals))[1].ravel()
                    video.append(frame=[frame], time=[frame / RATE], jpeg=[{"bytes": encoded}])
                video.finish(frames=frames)
        writer.complete()
    link(run.frames, 1)


def _image(frame: int, intervals: list[tuple[int, int]] | None) -> np.ndarray:
    """A square that moves over a ramp; red while something happens."""
    image = np.repeat(np.linspace(40, 200, 96, dtype=np.uint8)[None, :, None], 72, axis=0).repeat(3, axis=2)
    abnormal = any(start <= frame < stop for start, stop in intervals or ())
    left = frame % 80
    image[30:46, left : left + 16] = (30, 30, 220) if abnormal else (200, 120, 30)
    return image


def _write_scores(run: SmallRun) -> None:
    generator = np.random.default_rng(0)
    with PartWriter(
        run.run / "scores.h5",
        stage="scores",
        settings={},
        revision=1,
        videos=list(run.videos),
        arrays={"score": ArraySpec("float32")},
        attributes={"selection": "last"},
    ) as writer:
        for id, (frames, intervals) in run.videos.items():
            if id in run.skipped:
                writer.skip(id, run.skipped[id])
                continue
            frame = np.arange(0, frames, STRIDE)
            score = 0.2 + 0.1 * generator.random(len(frame))
            for start, stop in intervals or ():
                score[(frame >= start) & (frame < stop)] += 0.5
            with writer.video(id) as video:
                video.append(frame=frame, time=frame / RATE, score=score)
                video.finish(frames=frames)
        writer.complete()
