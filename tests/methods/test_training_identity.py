"""Settings that scoring alone reads: a checkpoint is the same whatever they are, and fits them all."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from feature_sets import read_scores, score_inputs, train_inputs, weak_split
from killed_training import counted_steps, kill_at_first_save
from tiny_clip import write_architecture, write_weights
from vadbench.config import (
    METHOD_SETTINGS,
    BoxSettings,
    LocalisationSettings,
    MethodSettings,
    StPromptSettings,
    SultaniSettings,
    TextSettings,
    VadClipSettings,
)
from vadbench.datasets import Split
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers import clip_of_features
from vadbench.methods.layers.checkpoint import write_arrays
from vadbench.models.clip_tower import load_clip
from vadbench.store import ArraySpec, Part, PartWriter, Store, link

LABELS = {"normal": ("people",), "fire": ("a fire",)}
TEXTS = TextSettings(labels=LABELS)
TRAIN = tuple(f"train {kind} {n}" for n in range(4) for kind in ("normal", "abnormal"))
TEST = ("test normal", "test abnormal")
ROWS, CROPS = 12, 5
TRAINED = [name for name, settings in METHOD_SETTINGS.items() if settings.SUPERVISION != "none"]

FAST: dict[str, dict[str, object]] = {
    "one_class_svm": {},
    "linear_svm": {},
    "local_patterns": {"epochs": 2, "hidden": 4},
    "region_knn": {},
    "region_gmm": {"components": 2},
    "sultani": {"epochs": 2, "half_batch": 2},
    "sultani_patch": {"epochs": 2, "half_batch": 2, "segments": 4},
    "stprompt": {"epochs": 2, "half_batch": 2, "max_length": 5, "prompt_before": 2},
    **{
        name: {"epochs": 2, "half_batch": 2, "max_length": 5, "prompt_before": 2, "prompt_after": 2}
        for name in ("vadclip", "vadclip_windows")
    },
}
"""Settings of trainings that take a moment; videos are longer than `max_length`."""

CROP = ("center", "mean")
BOXES = (BoxSettings(threshold=0.3), BoxSettings(fusion=0.2, threshold="otsu"))
SCORING: dict[str, dict[str, tuple[object, object]]] = {
    "sultani_patch": {"localisation": BOXES},
    "stprompt": {
        "score": ("a_branch", "mean"),
        "scoring": ("chunk", "whole"),
        "localisation": (None, LocalisationSettings(threshold=0.3, tau=0.1, queries="video_class")),
    },
    "vadclip": {"score": ("c_branch", "a_branch"), "test_crop": CROP},
    "vadclip_windows": {"score": ("c_branch", "a_branch"), "test_crop": CROP, "localisation": BOXES},
    **{name: {"smooth_sigma": (0.0, 9.5)} for name in ("local_patterns", "region_knn", "region_gmm")},
}
"""Two values of every setting that the types declare to be read by scoring alone."""

SELECTIONS: dict[str, dict[str, object]] = {
    "last": {},
    "held_out": {"selection": "held_out", "held_out": 0.25},
    "best_on_test": {"selection": "best_on_test", "variant": "x"},
}


@pytest.fixture(autouse=True, scope="module")
def loaded_once() -> Iterator[None]:
    """The tower is read from its file once, not by every training and scoring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip_of_features, "load_clip", functools.cache(load_clip))
        yield


class Benchmark(NamedTuple):
    store: Store
    split: Split


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """A set that every method can read: five crops, aggregates, windows in two scales, and histograms."""
    folder = tmp_path_factory.mktemp("set")
    architecture = write_architecture(folder)
    tower = {"model": str(architecture), "weights": str(write_weights(architecture))}
    clip = load_clip(tower["model"], tower["weights"], device="cpu", precision="fp32")
    draw, width = np.random.default_rng(0), clip.dimension
    vector = ArraySpec("float16", (width,))
    with PartWriter(
        folder / "part-0000.h5",
        stage="windows",
        settings={**tower, "seed": 0, "keep": "all", "scales": ["2/2", "4/4"]},
        revision=1,
        videos=[*TRAIN, *TEST],
        arrays={
            "embedding": ArraySpec("float16", (CROPS, width)),
            "aggregate_selection_attention": vector,
            "frame_size": ArraySpec("int32", (2,)),
        },
        ragged={f"windows_{scale}": {"embedding": vector} for scale in ("2_2", "4_4")}
        | {"regions": {"histogram": ArraySpec("float32", (8,))}},
        weights={clip.weights_name: clip.weights_sha256},
        attributes={"tokens": [4, 4]},
    ) as writer:
        for video in writer.videos:
            rows = draw.normal(size=(ROWS, CROPS, width))
            if "abnormal" in video:
                rows[4:8] += 1
            with writer.video(video) as out:
                out.append(
                    np.arange(ROWS) * 4,
                    np.arange(ROWS) / 6,
                    embedding=rows,
                    aggregate_selection_attention=rows.mean(axis=1),
                    frame_size=[(64, 48)] * ROWS,
                    windows_2_2=[{"embedding": row[:4]} for row in rows],
                    windows_4_4=[{"embedding": row[:1]} for row in rows],
                    regions=[{"histogram": np.abs(row[:2, :8])} for row in rows],
                )
                out.finish(frames=ROWS * 4)
        writer.complete()
    link(folder, 1)
    return Benchmark(Store.open(folder), weak_split(TRAIN, TEST))


def made(name: str, **more: Any) -> MethodSettings:
    return METHOD_SETTINGS[name].model_validate({"method": name, **FAST[name], **more})


def checkpoint(benchmark: Benchmark, settings: MethodSettings, out: Path, **more: Any) -> Path:
    def judge(scores: Mapping[str, np.ndarray]) -> float:
        return float(np.mean([values.mean() for values in scores.values()]))

    given = {"texts": TEXTS, "evaluate_on_test": judge} | more
    METHODS[settings.method].train(train_inputs(benchmark.store, benchmark.split, settings, out, **given))
    return out / "checkpoint.safetensors"


def scored(benchmark: Benchmark, settings: MethodSettings, run: Path, **more: Any) -> dict[str, np.ndarray]:
    inputs = score_inputs(benchmark.store, benchmark.split, settings, run, **{"texts": TEXTS} | more)
    METHODS[settings.method].score(inputs)
    return read_scores(inputs.out)


def left_out(settings: MethodSettings | TextSettings) -> set[str]:
    return settings.identity().keys() - settings.training_identity().keys()


@pytest.mark.parametrize("name", TRAINED)
def test_every_setting_that_is_left_out_is_tried(name: str) -> None:
    assert left_out(made(name)) == set(SCORING.get(name, {}))
    assert left_out(TEXTS) == {"template"}


@pytest.mark.parametrize(
    ("name", "selection"), [*((name, "last") for name in TRAINED), ("stprompt", "held_out")]
)
def test_what_is_left_out_changes_no_bit_of_the_checkpoint(
    benchmark: Benchmark, tmp_path: Path, name: str, selection: str
) -> None:
    plain = made(name, **SELECTIONS[selection])
    one, other = (
        plain.model_copy(update={field: SCORING[name][field][side] for field in left_out(plain)})
        for side in (0, 1)
    )
    template = TextSettings(labels=LABELS, template="a photo of {}")
    first = checkpoint(benchmark, one, tmp_path / "first")
    second = checkpoint(benchmark, other, tmp_path / "second", texts=template)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", SCORING)
def test_each_setting_that_is_left_out_changes_scores_or_boxes(
    benchmark: Benchmark, tmp_path: Path, name: str
) -> None:
    """The two values tried above are told apart at all."""
    checkpoint(benchmark, made(name), tmp_path)
    for field, values in SCORING[name].items():
        contents = []
        for number, value in enumerate(values):
            out = tmp_path / field / str(number) / "scores.h5"
            scored(benchmark, made(name, **{field: value}), tmp_path, out=out)
            contents.append(content(out))
        assert contents[0] != contents[1], field


def content(path: Path) -> list[list[float]]:
    """Scores and, where they are there, heat maps of the second test video."""
    with Part.open(path) as part:
        names = [name for name in ("score", "heat") if name in part.arrays]
        return [part.read(TEST[1], name).ravel().tolist() for name in names]


@pytest.mark.parametrize("selection", ["held_out", "best_on_test"])
def test_row_scores_count_where_they_choose_the_checkpoint(selection: str) -> None:
    assert left_out(made("stprompt", **SELECTIONS[selection])) == {"localisation"}
    assert left_out(made("vadclip", **SELECTIONS[selection])) == set()
    assert left_out(made("vadclip_windows", **SELECTIONS[selection])) == {"localisation"}


@pytest.mark.parametrize(
    "settings",
    [
        *(made(name) for name in TRAINED),
        StPromptSettings(a_branch=False, score="c_branch"),
        StPromptSettings(c_branch=False, score="literal"),
        StPromptSettings(localisation=LocalisationSettings(queries="video_class")),
        StPromptSettings(selection="held_out", score="mean", scoring="whole"),
        VadClipSettings(constants="paper", constants_of="xd_violence", score="c_branch", test_crop="mean"),
        VadClipSettings(constants_of="xd_violence", lr=0.5),
    ],
)
def test_settings_made_of_the_training_identity_are_the_same_training(settings: MethodSettings) -> None:
    again = type(settings).model_validate(settings.training_identity())
    assert again.training_identity() == settings.training_identity()
    assert again.model_copy(update={name: getattr(settings, name) for name in left_out(settings)}) == settings


def test_scores_by_other_settings_of_scoring_and_no_others(benchmark: Benchmark, tmp_path: Path) -> None:
    checkpoint(benchmark, made("stprompt", score="mean"), tmp_path)
    plain = scored(benchmark, made("stprompt"), tmp_path)
    boxes = {"localisation": LocalisationSettings(threshold=0.4)}
    found = scored(benchmark, made("stprompt", **boxes), tmp_path, out=tmp_path / "boxes.h5")
    for video in TEST:
        np.testing.assert_array_equal(plain[video], found[video])
    recorded = json.loads((tmp_path / "settings.json").read_text())
    assert recorded["method"]["localisation"]["threshold"] == 0.4
    assert recorded["method"]["score"] == "a_branch"
    assert recorded["queries"]["abnormal"] == {}
    assert recorded["training"]["steps"] == 4
    for more, message in (({"lr": 0.5}, "trained with lr 0.0001, asked for is 0.5"), ({"tau": 0.5}, "tau")):
        with pytest.raises(VadbenchError, match=message) as error:
            scored(benchmark, made("stprompt", **more), tmp_path)
        assert "\n" not in str(error.value)
    with pytest.raises(VadbenchError, match="trained with seed 0, asked for is 1"):
        scored(benchmark, made("stprompt"), tmp_path, seed=1)
    labels = {"normal": ("people",), "fire": ("flames",)}
    with pytest.raises(VadbenchError, match="trained with labels"):
        scored(benchmark, made("stprompt"), tmp_path, texts=TextSettings(labels=labels))
    with pytest.raises(VadbenchError, match="trained with method 'stprompt', asked for is 'vadclip'"):
        scored(benchmark, made("vadclip"), tmp_path)


def test_a_checkpoint_of_another_revision_or_version_is_refused(
    benchmark: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkpoint(benchmark, made("sultani"), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(SultaniSettings, "REVISION", 2)
        with pytest.raises(VadbenchError, match="trained with revision 1, asked for is 2"):
            scored(benchmark, made("sultani"), tmp_path)
    write_arrays(path, {})
    with pytest.raises(VadbenchError, match="another version of vadbench"):
        scored(benchmark, made("sultani"), tmp_path)


def test_a_killed_training_goes_on_with_other_settings_of_scoring_and_no_others(
    benchmark: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = checkpoint(benchmark, made("stprompt"), tmp_path / "whole")
    steps = counted_steps(monkeypatch)
    boxes = LocalisationSettings(threshold=0.4)
    for name, more, done in (
        ("same", {"score": "mean", "localisation": boxes}, 2),
        ("other", {"lr": 0.5}, 0),
    ):
        kill_at_first_save(functools.partial(checkpoint, benchmark, made("stprompt"), tmp_path / name))
        steps.clear()
        again = checkpoint(benchmark, made("stprompt", **more), tmp_path / name)
        assert steps == list(range(done, 4))
        assert (again.read_bytes() == whole.read_bytes()) == (name == "same")
