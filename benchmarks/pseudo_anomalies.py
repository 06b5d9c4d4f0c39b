"""Which readings of Local Patterns' motion tell faster regions from normal ones, on training videos alone.

A one-class benchmark has no abnormal training video, so that settings are compared on pseudo-anomalies: in
the second half of a held-out training clip one region of each frame, drawn at random, moves as it does where
the clip is played twice or three times as fast (x265 encodes every second or third of its frames anew). All
methods are trained on the other clips and judged by micro AUC over the frames of the held-out ones, fold by
fold. No test video is read, and no label.

    snakemake --cores 8 stores/ped2/regions/store.json --config benchmarks='[ped2]' data_root=DATA \\
        override='{ped2: {features: {regions: {weights: yolov8n_from_int8.pt}}}}'
    python benchmarks/pseudo_anomalies.py ped2 --data-root DATA
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import (
    METHOD_SETTINGS,
    HistogramsSettings,
    MethodSettings,
    MotionSettings,
    load_benchmark,
)
from vadbench.datasets import Annotations, Split, load_videos
from vadbench.demo.controls import row_scores
from vadbench.metrics import roc_auc
from vadbench.models.hevc_vectors import FrameConverter, HevcVectors
from vadbench.stages.histograms import HISTOGRAM
from vadbench.stages.orientation import BINS, Histograms, orientation_histograms
from vadbench.stages.regions import REGIONS
from vadbench.store import ArraySpec, Part, PartWriter, Store
from vadbench.video import open_video

READINGS: tuple[dict[str, object], ...] = ({}, {"zeros": "counted"}, {"average": "region"})
"""Settings of the histograms that differ from the defaults."""
SPEEDS = (2, 3)
CANDIDATES: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("motion_magnitude", {}),
    ("region_knn", {}),
    ("region_gmm", {}),
    ("local_patterns", {}),
    ("local_patterns", {"standardise": False}),
)
"""Methods with the settings that differ from the defaults."""


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("benchmark", nargs="?", default="ped2")
    arguments.add_argument("--data-root", type=Path, default=Path("data"))
    arguments.add_argument("--stores", type=Path, help="instead of stores/<benchmark>")
    arguments.add_argument("--config", type=Path, default=Path("config"))
    arguments.add_argument("--folds", type=int, default=4)
    given = arguments.parse_args()
    stores = given.stores or Path("stores") / given.benchmark
    benchmark = load_benchmark(given.benchmark, given.config)
    annotations = Annotations.load(stores / "annotations.json")
    clips = annotations.split("one_class").train
    histograms, motion = benchmark.features["histograms"], benchmark.features["motion"]
    assert isinstance(histograms, HistogramsSettings)
    assert isinstance(motion, MotionSettings)
    paths = {
        video.id: given.data_root / video.path
        for file in sorted((stores / "videos").glob("*.json"))
        for video in load_videos(file)
    }
    fields = {(clip, speed): _fields(paths[clip], speed, motion) for clip in clips for speed in (1, *SPEEDS)}
    print(f"{'histograms':16} {'method':36} " + " ".join(f"{f'x{speed}':>6}" for speed in SPEEDS))
    with tempfile.TemporaryDirectory() as folder, Store.open(stores / histograms.reads) as regions:
        for number, reading in enumerate(READINGS):
            file = Path(folder) / f"{number}.h5"
            _write(file, histograms.model_copy(update=reading), regions, fields, clips)
            for name, changed in CANDIDATES:
                values = _values(file, METHOD_SETTINGS[name](**changed), annotations, clips, given.folds)
                label = f"{_stated(reading):16} {_stated({name: ''} | dict(changed)):36}"
                print(label, " ".join(f"{value:6.3f}" for value in values), flush=True)


def _stated(settings: Mapping[str, object]) -> str:
    return " ".join(f"{key} {value}".strip() for key, value in settings.items()) or "default"


def _fields(video: Path, speed: int, motion: MotionSettings) -> list[NDArray[np.int16]]:
    """Fields of every `speed`-th frame of a video; the first has none, and is given the second's."""
    convert = FrameConverter()
    with open_video(video) as reader:
        frames = (convert(frame.image) for frame in islice(reader.frames(), 0, None, speed))
        with closing(HevcVectors(motion.preset, motion.crf).fields(frames)) as fields:
            _, second, *rest = fields
    return [second, second, *rest]


def _write(
    file: Path,
    settings: HistogramsSettings,
    regions: Store,
    fields: Mapping[tuple[str, int], Sequence[NDArray[np.int16]]],
    clips: Sequence[str],
) -> None:
    """A part of histograms: the clips as they are, and each with pseudo-anomalies in its second half."""
    spec = ArraySpec("float32", (BINS,), "pixels per frame")
    names = [*clips, *(_pseudo(clip, speed) for clip in clips for speed in SPEEDS)]
    with PartWriter(
        file,
        stage="histograms",
        settings=settings.identity(),
        revision=settings.REVISION,
        videos=names,
        arrays={},
        ragged={REGIONS: {HISTOGRAM: spec}},
    ) as writer:
        for name, speed in [(clip, 1) for clip in clips] + [(clip, s) for clip in clips for s in SPEEDS]:
            boxes = regions.ragged_rows(name, REGIONS, "box")
            if len(boxes) != len(fields[name, 1]):
                raise SystemExit(f"{name}: its set of regions has not every frame; write stride: 1, every: 1")
            rows = list(_rows(boxes, fields[name, 1], fields[name, speed], speed, settings))
            frames = [row * speed for row in range(len(rows))]
            with writer.video(name if speed == 1 else _pseudo(name, speed)) as video:
                video.append(frames, frames, **{REGIONS: [{HISTOGRAM: row} for row in rows]})
                video.finish(len(boxes))
        writer.complete()


def _rows(
    boxes: Sequence[NDArray[np.float32]],
    normal: Sequence[NDArray[np.int16]],
    fast: Sequence[NDArray[np.int16]],
    speed: int,
    settings: HistogramsSettings,
) -> Iterator[Histograms]:
    """Histograms of every `speed`-th frame; in the second half one region of each has those of `fast`."""
    drawn = np.random.default_rng(0)
    count = partial(orientation_histograms, zeros=settings.zeros, average=settings.average)
    for row, field in enumerate(fast):
        own = boxes[row * speed]
        found = count(own, normal[row * speed])
        if speed > 1 and _is_pseudo(row, len(fast)) and len(own):
            one = int(drawn.integers(len(own)))
            found[one] = count(own[one : one + 1], field)[0]
        yield found


def _values(
    file: Path, settings: MethodSettings, annotations: Annotations, clips: Sequence[str], folds: int
) -> list[float]:
    """Micro AUC for each speed, averaged over the folds."""
    values = np.empty((folds, len(SPEEDS)))
    for fold in range(folds):
        held_out = clips[fold::folds]
        trained = tuple(clip for clip in clips if clip not in held_out)
        tested = tuple(_pseudo(clip, speed) for speed in SPEEDS for clip in held_out)
        with Part.open(file) as features:
            scores = row_scores(features, annotations, Split("one_class", trained, tested), settings)
        for place, speed in enumerate(SPEEDS):
            rows = [scores[_pseudo(clip, speed)] for clip in held_out]
            labels = [[_is_pseudo(row, len(each)) for row in range(len(each))] for each in rows]
            values[fold, place] = roc_auc(np.concatenate(labels), np.concatenate(rows))
    averages: list[float] = values.mean(axis=0).tolist()
    return averages


def _pseudo(clip: str, speed: int) -> str:
    return f"{clip} x{speed}"


def _is_pseudo(row: int, rows: int) -> bool:
    return row >= rows // 2


if __name__ == "__main__":
    main()
