"""Scores stores: per test video a score per sampled row, with the row's frame and time."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vadbench.methods.layers.features import FRAME_SIZE, Features, digest_of
from vadbench.methods.layers.progress import progress
from vadbench.methods.layers.runs import scoring_record, write_settings
from vadbench.methods.protocol import ScoreInputs
from vadbench.store import ArraySpec, PartWriter

RowArrays = Mapping[str, Any]
"""`score` (T,), and where the method has them `class_scores` (T, 1 + C) with normal at index 0; where it
localises `heat` (T, h, w), `frame_size` (T, 2), and `boxes`: for each row a mapping of arrays (n,)."""

_BOXES = {
    **{side: ArraySpec("float32", units="pixel of the source frame") for side in ("left", "top")},
    **{side: ArraySpec("float32", units="pixel, exclusive") for side in ("right", "bottom")},
    "score": ArraySpec("float32", units="mean heat; the best comes first"),
}


def write_scores(
    inputs: ScoreInputs[Any],
    score: Callable[[str], RowArrays],
    *,
    classes: Sequence[str] = (),
    grid: tuple[int, int] | None = None,
    selection: str = "none",
    checkpoint: Path | None = None,
) -> None:
    """Score every test video of the split into `inputs.out`; higher scores are more abnormal. Beside it the
    run's settings are written.

    A video whose features are missing because it could not be read stays listed with that reason. A killed
    scoring continues after its last finished video.

    Args:
        inputs: features, split, settings and where to write.
        score: row scores of a video id.
        classes: names of the columns of `class_scores`; empty: there are none.
        grid: rows and columns of heat maps; None: the method does not localise.
        selection: how the checkpoint was chosen; "none" for a method without training.
        checkpoint: of `read_trained`; its digest goes into the header, so that work from another one is not
            continued. None: the method has no training.
    """
    arrays = {"score": ArraySpec("float32", units="higher is more abnormal")}
    if classes:
        arrays["class_scores"] = ArraySpec("float32", (len(classes),), "probability")
    if grid is not None:
        arrays["heat"] = ArraySpec("float16", grid, "share of the abnormal queries")
        arrays[FRAME_SIZE] = inputs.features.arrays[FRAME_SIZE]
    features = inputs.features
    writer = PartWriter(
        inputs.out,
        stage="scores",
        settings=scoring_record(inputs),
        revision=inputs.settings.REVISION,
        videos=inputs.split.test,
        arrays=arrays,
        ragged={"boxes": _BOXES} if grid is not None else {},
        weights=features.weights,
        attributes={
            "selection": selection,
            "classes": list(classes),
            "features_digest": digest_of(features, inputs.split.test),
            "checkpoint_sha256": _sha256(checkpoint) if checkpoint else "",
        },
    )
    label = f"{inputs.settings.method}, scoring"
    with writer, progress(label, total=len(writer.videos), unit="video", initial=writer.finished) as bar:
        for video in writer.videos[writer.finished :]:
            _write_video(writer, features, video, score)
            bar.update(1)
        writer.complete()
    write_settings(inputs, checkpoint)


def _write_video(
    writer: PartWriter, features: Features, video: str, score: Callable[[str], RowArrays]
) -> None:
    if video in features.skipped:
        writer.skip(video, features.skipped[video])
        return
    with writer.video(video) as rows:
        rows.append(features.frame(video), features.time(video), **score(video))
        rows.finish(frames=features.frame_count(video))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
