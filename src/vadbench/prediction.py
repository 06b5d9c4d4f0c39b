"""Scores of any video by a finished run, without a workflow: the same stages on a list of one video."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from vadbench.config import (
    METHOD_SETTINGS,
    STAGE_SETTINGS,
    FeatureSet,
    MethodSettings,
    MotionSettings,
    QuerySettings,
    TextSettings,
)
from vadbench.datasets import Split, VideoEntry
from vadbench.datasets.dataset import relative_path
from vadbench.datasets.entries import VideoList
from vadbench.errors import VadbenchError
from vadbench.figures import film_prediction, picture_prediction
from vadbench.figures.names import file_stems
from vadbench.methods import METHODS, ScoreInputs
from vadbench.methods.layers.features import described
from vadbench.methods.layers.runs import trained_record
from vadbench.methods.protocol import SCORES, SETTINGS
from vadbench.stages import run_stage
from vadbench.store import Part
from vadbench.store.files import write_text


@dataclass(frozen=True)
class Recipe:
    """How a finished run makes scores of a video, as its settings.json says.

    `stages` are in the order in which they run; the first one reads the video. `motion` is what the last one
    also reads, made anew and not stored. `features` is what its part must be like.
    """

    stages: tuple[FeatureSet, ...]
    motion: MotionSettings | None
    features: Mapping[str, Any]
    method: MethodSettings
    texts: TextSettings
    queries: QuerySettings
    seed: int

    @classmethod
    def load(cls, run: Path) -> "Recipe":
        """Read a run's settings.json.

        Raises:
            VadbenchError: where it is missing, damaged or of another version.
        """
        path = run / SETTINGS
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            method = METHOD_SETTINGS[record["method"]["method"]].model_validate(record["method"])
            return cls(
                stages=_stages(record["features"]),
                motion=_motion(record["features"]),
                features=record["features"],
                method=method,
                texts=TextSettings.model_validate(record["texts"] if method.USES_TEXTS else {}),
                queries=QuerySettings.model_validate(record["queries"] if method.uses_queries else {}),
                seed=record["seed"],
            )
        except OSError as error:
            raise VadbenchError(
                f"{path}: {error.strerror}; give the folder of a finished run, such as "
                "results/demo/weak/sultani/seed-0"
            ) from None
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            reason = " ".join(str(error).split())
            raise VadbenchError(
                f"{path}: no settings of this version of vadbench ({type(error).__name__}: {reason}); "
                "make the run again"
            ) from None


def predict(video: Path, run: Path, out: Path, *, device: str = "auto", threads: int = 1) -> tuple[Path, ...]:
    """Score a video with a finished run; write its scores as CSV and its curve as PNG.

    The CSV has a line per sampled frame: frame (0-based, decoded), time in seconds, score, and, where the
    method has them, a column per class. The curve's vertical axis covers the scores of the run's test videos,
    so that it compares with their pictures. Of a run that localises also the boxes are written as CSV, and
    the sampled frames as H.264 with boxes, heat map and the curve so far.

    Args:
        video: a video file or a folder of frames.
        run: the run's folder, results/<benchmark>/<split>/<method>/seed-<n>; nothing else of its project is
            needed.
        out: folder of the files, which are called after the video.
        device: "auto", "cpu", "cuda" or "cuda:1".
        threads: for decoding and torch.

    Returns:
        Paths of the scores and of the curve, then of the boxes and of the annotated video where they are
        written.

    Raises:
        VadbenchError: for a video that cannot be read, and for a run that is not finished or was made with
            weights or stages that are not here any more.
    """
    video = Path(os.path.abspath(video))
    relative_path(video, video.parent)  # refuses a name that no list can hold
    recipe = Recipe.load(run)
    if METHODS[recipe.method.method].trains:
        # One that is missing, damaged or of another version is said now, not when the video has been decoded.
        trained_record(run)
    (stem,) = file_stems([video.name]).values()
    with tempfile.TemporaryDirectory(prefix="vadbench-predict-") as folder, ExitStack() as files:
        parts = _run_stages(recipe, video, Path(folder), device, threads)
        frames, features = (files.enter_context(Part.open(part)) for part in (parts[0], parts[-1]))
        _check_features(recipe, features, run)
        scores = files.enter_context(_score(recipe, features, video.name, run, Path(folder), device, threads))
        out.mkdir(parents=True, exist_ok=True)
        return _write(scores, frames, video.name, run, out / stem)


def scores_as_csv(scores: Part, id: str) -> str:
    """The rows of one video as CSV with a line of names: frame, time, score, then the classes."""
    classes: list[str] = []
    columns: list[Any] = [scores.frame(id), scores.time(id), scores.read(id, "score")]
    if "class_scores" in scores.arrays:
        classes += cast("list[str]", scores.attributes["classes"])
        columns += list(scores.read(id, "class_scores").T)
    return _as_csv(["frame", "time", "score", *classes], zip(*columns, strict=True))


def boxes_as_csv(scores: Part, id: str) -> str:
    """The boxes of one video as CSV with a line of names: frame, time, left, top, right, bottom, score.

    Corners are in pixels of the source frame, right and bottom exclusive; of a frame the best box comes
    first. `score` is the mean heat inside, not the frame's own score.
    """
    names = ["left", "top", "right", "bottom", "score"]
    columns = (scores.ragged_rows(id, "boxes", name) for name in names)
    rows = zip(scores.frame(id), scores.time(id), *columns, strict=True)
    boxes = ((frame, time, *box) for frame, time, *of in rows for box in zip(*of, strict=True))
    return _as_csv(["frame", "time", *names], boxes)


def _as_csv(names: Sequence[str], lines: Iterable[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for frame, time, *values in lines:
        writer.writerow([frame, f"{time:.6f}", *(f"{value:.8g}" for value in values)])
    return text.getvalue()


def _write(scores: Part, frames: Part, id: str, run: Path, stem: Path) -> tuple[Path, ...]:
    """Write what is to be had, under names that begin with `stem`."""

    def named(ending: str) -> Path:
        return stem.with_name(f"{stem.name}.{ending}")

    write_text(named("csv"), scores_as_csv(scores, id))
    picture_prediction(scores, frames, id, run, named("png"))
    if "boxes" not in scores.groups:
        return named("csv"), named("png")
    write_text(named("boxes.csv"), boxes_as_csv(scores, id))
    film_prediction(scores, frames, id, run, named("annotated.mp4"))
    return named("csv"), named("png"), named("boxes.csv"), named("annotated.mp4")


def _stages(features: Mapping[str, Any]) -> tuple[FeatureSet, ...]:
    """The stages behind a feature set, the one that reads videos first."""
    settings = STAGE_SETTINGS[features["stage"]].model_validate(features["settings"])
    if settings.source is None:
        return (settings,)
    return (*_stages(features["reads"]), settings)


def _motion(features: Mapping[str, Any]) -> MotionSettings | None:
    if "motion" not in features:
        return None
    return MotionSettings.model_validate(features["motion"]["settings"])


def _run_stages(recipe: Recipe, video: Path, folder: Path, device: str, threads: int) -> list[Path]:
    """Run the stages one after another on a list of one video; their parts."""
    entry = VideoEntry(id=video.name, path=video.name)
    videos = folder / "videos.json"
    write_text(videos, VideoList(benchmark="predict", shard=0, shards=1, videos=(entry,)).model_dump_json())
    parts: list[Path] = []
    for settings in recipe.stages:
        part = folder / f"{settings.stage}.h5"
        run_stage(
            settings,
            videos=videos,
            reads=parts[-1] if parts else None,
            data_root=video.parent,
            out=part,
            threads=threads,
            device=device,
            test_videos=(entry.id,),
            motion=recipe.motion,
        )
        parts.append(part)
    return parts


def _check_features(recipe: Recipe, features: Part, run: Path) -> None:
    """Refuse features of another kind than the run's: its scores would mean nothing."""
    here = described(features)
    differing = [key for key in here if here[key] != recipe.features.get(key)]
    if differing:
        key = differing[0]
        raise VadbenchError(
            f"{run}: made with features whose {key} is {recipe.features.get(key)}, here it is {here[key]}; "
            "bring back the weights that the run was made with, or make the run again"
        )


def _score(
    recipe: Recipe, features: Part, id: str, run: Path, folder: Path, device: str, threads: int
) -> Part:
    path = folder / SCORES
    METHODS[recipe.method.method].score(
        ScoreInputs(
            features=features,
            split=Split(recipe.method.SUPERVISION, train=(), test=(id,)),
            texts=recipe.texts,
            queries=recipe.queries,
            settings=recipe.method,
            seed=recipe.seed,
            run=run,
            out=path,
            device=device,
            threads=threads,
        )
    )
    return Part.open(path)
