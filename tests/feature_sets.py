"""Small stores, splits and labels for the tests of methods."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vadbench.config import TextSettings
from vadbench.datasets import Annotations, Split, VideoAnnotation
from vadbench.methods import ScoreInputs, TrainInputs
from vadbench.store import ArraySpec, Part, PartWriter, Store, link

Rows = NDArray[Any]


def weak_split(train: Sequence[str] = (), test: Sequence[str] = ()) -> Split:
    return Split("weak", tuple(train), tuple(test))


def write_clip_set(
    folder: Path,
    videos: Mapping[str, Rows],
    *,
    parts: int = 1,
    skipped: Mapping[str, str] | None = None,
    settings: Mapping[str, object] | None = None,
    weights: Mapping[str, str] | None = None,
) -> Store:
    """Videos (T, D) or (T, crops, D) as a linked set of the stage clip, spread over parts, stride 4."""
    skipped = skipped or {}
    ids = [*videos, *skipped]
    first = next(iter(videos.values()))
    shape = (1, first.shape[-1]) if first.ndim == 2 else first.shape[1:]
    for number in range(parts):
        with PartWriter(
            folder / f"part-{number:04d}.h5",
            stage="clip",
            settings=settings or {"model": "demo", "weights": "demo", "seed": 0},
            revision=1,
            videos=ids[number::parts],
            arrays={"embedding": ArraySpec("float16", shape)},
            weights=weights or {"demo": "abc"},
        ) as writer:
            for video in writer.videos:
                if video in skipped:
                    writer.skip(video, skipped[video])
                    continue
                rows = videos[video].reshape(-1, *shape)
                with writer.video(video) as out:
                    out.append(np.arange(len(rows)) * 4, np.arange(len(rows)) / 6, embedding=rows)
                    out.finish(frames=len(rows) * 4)
            writer.complete()
    link(folder, parts)
    return Store.open(folder)


def write_windows_set(
    folder: Path,
    videos: Mapping[str, Rows],
    aggregates: Mapping[str, Mapping[str, Rows]],
    *,
    settings: Mapping[str, object] | None = None,
    weights: Mapping[str, str] | None = None,
) -> Store:
    """Videos (T, D) and by name their aggregates, (T, D) each, as a linked set of the stage windows."""
    shape = next(iter(videos.values())).shape[1:]
    with PartWriter(
        folder / "part-0000.h5",
        stage="windows",
        settings=settings or {"model": "demo", "weights": "demo", "seed": 0},
        revision=1,
        videos=list(videos),
        arrays={
            "embedding": ArraySpec("float16", (1, *shape)),
            **{f"aggregate_{name}": ArraySpec("float16", shape) for name in aggregates},
        },
        weights=weights or {"demo": "abc"},
    ) as writer:
        for video, rows in videos.items():
            spatial = {f"aggregate_{name}": of[video] for name, of in aggregates.items()}
            with writer.video(video) as out:
                number = np.arange(len(rows))
                out.append(number * 4, number / 6, embedding=rows[:, None], **spatial)
                out.finish(frames=len(rows) * 4)
        writer.complete()
    link(folder, 1)
    return Store.open(folder)


def write_frames_set(folder: Path, videos: Mapping[str, list[Image.Image]], form: str = "PNG") -> Store:
    """Images as a linked set of the stage frames."""
    with PartWriter(
        folder / "part-0000.h5",
        stage="frames",
        settings={"stride": 1},
        revision=1,
        videos=list(videos),
        ragged={form.lower(): {"bytes": ArraySpec("uint8")}},
    ) as writer:
        for video, images in videos.items():
            with writer.video(video) as out:
                coded = [{"bytes": np.frombuffer(_coded(image, form), np.uint8)} for image in images]
                out.append(np.arange(len(images)), np.arange(len(images)) / 10, **{form.lower(): coded})
                out.finish(frames=len(images))
        writer.complete()
    link(folder, 1)
    return Store.open(folder)


def write_histograms_set(
    folder: Path,
    videos: Mapping[str, Sequence[Rows]],
    *,
    parts: int = 1,
    stride: int = 1,
    skipped: Mapping[str, str] | None = None,
) -> Store:
    """Videos as histograms (r, 8) of the regions of each row, a linked set of the stage histograms."""
    skipped = skipped or {}
    ids = [*videos, *skipped]
    for number in range(parts):
        with PartWriter(
            folder / f"part-{number:04d}.h5",
            stage="histograms",
            settings={"reads": "regions", "motion": "motion"},
            revision=1,
            videos=ids[number::parts],
            ragged={"regions": {"histogram": ArraySpec("float32", (8,), "pixels per frame")}},
            weights={"detector": "abc"},
        ) as writer:
            for video in writer.videos:
                if video in skipped:
                    writer.skip(video, skipped[video])
                    continue
                rows = [{"histogram": np.reshape(row, (-1, 8))} for row in videos[video]]
                with writer.video(video) as out:
                    out.append(np.arange(len(rows)) * stride, np.arange(len(rows)) / 10, regions=rows)
                    out.finish(frames=len(rows) * stride)
            writer.complete()
    link(folder, parts)
    return Store.open(folder)


def train_inputs(features: Any, split: Split, settings: Any, out: Path, **more: Any) -> TrainInputs[Any]:
    """Inputs whose abnormal videos are those with `abnormal` in their id."""
    labels = {id: VideoAnnotation(classes=("fire",) if "abnormal" in id else ()) for id in split.train}
    annotations = Annotations(benchmark="made", classes=("normal", "fire"), splits={}, videos=labels)
    given = {"seed": 0, "annotations": annotations, "texts": TextSettings(), "device": "cpu"} | more
    return TrainInputs(features=features, split=split, settings=settings, out=out, **given)


def score_inputs(features: Any, split: Split, settings: Any, run: Path, **more: Any) -> ScoreInputs[Any]:
    given = {"seed": 0, "texts": TextSettings(), "device": "cpu", "out": run / "scores.h5"} | more
    return ScoreInputs(features=features, split=split, settings=settings, run=run, **given)


def read_scores(path: Path, array: str = "score") -> dict[str, Rows]:
    with Part.open(path) as part:
        return {video: part.read(video, array) for video in part.videos}


def _coded(image: Image.Image, form: str) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()
