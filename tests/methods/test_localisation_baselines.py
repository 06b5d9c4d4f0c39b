"""The baselines of STPrompt's tables that localise: ranking over windows, learned prompts on windows."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from feature_sets import score_inputs, train_inputs, weak_split
from tiny_clip import write_architecture, write_weights
from vadbench.config import (
    BoxSettings,
    SultaniPatchSettings,
    TextSettings,
    VadClipSettings,
    VadClipWindowsSettings,
)
from vadbench.datasets import Split
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.localisation import WindowMaps
from vadbench.methods.sultani import DeepMil
from vadbench.methods.sultani_patch import bag, window_scores
from vadbench.models.clip_tower import load_clip
from vadbench.store import ArraySpec, Part, PartWriter, Store, link

TEXTS = TextSettings(labels={"normal": ("people",), "fire": ("a fire",)})
TRAIN = tuple(f"train {kind} {n}" for n in range(4) for kind in ("normal", "abnormal"))
TEST = ("test normal", "test abnormal")
ROWS, HOT = 12, 2  # in abnormal videos the third of four windows is another from row 4 to 7


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    architecture = write_architecture(tmp_path_factory.mktemp("tower"))
    return {"model": str(architecture), "weights": str(write_weights(architecture))}


def write_set(folder: Path, tower: dict[str, str], keep: str = "all") -> Store:
    """Windows whose first numbers tell normal from abnormal ones, in two scales on 4 x 4 tokens."""
    clip = load_clip(tower["model"], tower["weights"], device="cpu", precision="fp32")
    draw, width = np.random.default_rng(0), clip.dimension
    vector = ArraySpec("float16", (width,))
    with PartWriter(
        folder / "part-0000.h5",
        stage="windows",
        settings={**tower, "seed": 0, "keep": keep, "scales": ["2/2", "4/4"]},
        revision=1,
        videos=[*TRAIN, *TEST],
        arrays={"embedding": ArraySpec("float16", (1, width)), "frame_size": ArraySpec("int32", (2,))},
        ragged={f"windows_{scale}": {"embedding": vector} for scale in ("2_2", "4_4")},
        weights={clip.weights_name: clip.weights_sha256},
        attributes={"tokens": [4, 4]},
    ) as writer:
        for video in writer.videos:
            fine = 0.3 * draw.normal(size=(ROWS, 4, width))
            fine[..., 0] += 3
            if "abnormal" in video:
                fine[4:8, HOT, 0] -= 3
                fine[4:8, HOT, 1] += 3
            coarse = fine.mean(axis=1, keepdims=True)
            kept = keep == "all" or video in TEST
            with writer.video(video) as out:
                out.append(
                    np.arange(ROWS) * 4,
                    np.arange(ROWS) / 6,
                    embedding=coarse,
                    frame_size=[(64, 48)] * ROWS,
                    windows_2_2=[{"embedding": row[: 4 * kept]} for row in fine],
                    windows_4_4=[{"embedding": row[: 1 * kept]} for row in coarse],
                )
                out.finish(frames=ROWS * 4)
        writer.complete()
    link(folder, 1)
    return Store.open(folder)


@pytest.fixture(scope="module")
def store(tower: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Store:
    return write_set(tmp_path_factory.mktemp("windows"), tower)


SPLIT: Split = weak_split(TRAIN, TEST)


def run(store: Store, settings: SultaniPatchSettings | VadClipWindowsSettings, folder: Path) -> Part:
    METHODS[settings.method].train(train_inputs(store, SPLIT, settings, folder, texts=TEXTS))
    METHODS[settings.method].score(score_inputs(store, SPLIT, settings, folder, texts=TEXTS))
    return Part.open(folder / "scores.h5")


def test_a_bag_has_the_bin_means_of_each_window_by_itself() -> None:
    windows = np.random.default_rng(1).normal(size=(7, 3, 5)).astype(np.float32)
    found = bag(windows, 4)
    edges = [int(7 * n / 4) for n in range(5)]
    for number, (start, stop) in enumerate(pairwise(edges)):
        for place in range(3):
            unit = [row[place] / math.sqrt((row[place] ** 2).sum()) for row in windows[start:stop]]
            np.testing.assert_allclose(found[number, place], np.mean(unit, axis=0), rtol=1e-5)


def test_a_window_is_scored_by_itself_and_by_its_direction_alone() -> None:
    torch.manual_seed(0)
    model = DeepMil(5, 0.6).eval()
    windows = np.random.default_rng(1).normal(size=(6, 3, 5)).astype(np.float32)
    found = window_scores(model, windows)
    one = window_scores(model, 7 * windows[4:5, 1:2])
    assert found.shape == (6, 3)
    assert found[4, 1] == pytest.approx(one[0, 0], rel=1e-5)


def test_ranking_finds_the_window_that_normal_videos_lack(store: Store, tmp_path: Path) -> None:
    settings = SultaniPatchSettings(epochs=60, half_batch=4, lr=1e-3, lr_every=100, dropout=0.0, segments=6)
    with run(store, settings, tmp_path) as part:
        scores = part.read("test abnormal", "score")
        heat = part.read("test abnormal", "heat").astype(np.float32)
        assert scores[4:8].min() > max(scores[:4].max(), part.read("test normal", "score").max()) + 0.2
        # The window of the lower left quarter.
        fine = heat[5].reshape(2, 2, 2, 2).mean(axis=(1, 3))
        assert fine.argmax() == HOT
        left, top, right, bottom = (
            part.ragged("test abnormal", "boxes", side, 5)[0] for side in ("left", "top", "right", "bottom")
        )
        assert (left, bottom) == (0, 48)
        assert right <= 40
        assert top >= 16
        assert part.read("test abnormal", "frame_size").tolist() == [[64, 48]] * ROWS


def test_ranking_needs_the_windows_of_training_videos(tower: dict[str, str], tmp_path: Path) -> None:
    with write_set(tmp_path / "set", tower, keep="test") as store:
        settings = SultaniPatchSettings(epochs=1)
        with pytest.raises(VadbenchError, match="keep: test, or all"):
            METHODS["sultani_patch"].train(
                train_inputs(store, SPLIT, settings, tmp_path / "run", texts=TEXTS)
            )


def softmax(values: NDArray[np.floating]) -> NDArray[np.floating]:
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def test_learned_prompts_are_the_queries_and_scores_are_vadclip_s(store: Store, tmp_path: Path) -> None:
    few = {"epochs": 1, "half_batch": 4, "max_length": 16, "prompt_before": 2, "prompt_after": 2}
    settings = VadClipWindowsSettings(**few, localisation=BoxSettings(fusion=1))
    with run(store, settings, tmp_path / "windows") as part:
        scores, heat = (part.read("test abnormal", name) for name in ("score", "heat"))
        shares = part.read("test abnormal", "class_scores")
    plain = VadClipSettings(**few, reads="windows")
    METHODS["vadclip"].train(train_inputs(store, SPLIT, plain, tmp_path / "plain", texts=TEXTS))
    METHODS["vadclip"].score(score_inputs(store, SPLIT, plain, tmp_path / "plain", texts=TEXTS))
    with Part.open(tmp_path / "plain/scores.h5") as part:
        np.testing.assert_array_equal(part.read("test abnormal", "score"), scores)
        np.testing.assert_array_equal(part.read("test abnormal", "class_scores"), shares)
    texts = _learned_prompts(store, settings, tmp_path / "windows")
    windows = np.array(store.ragged("test abnormal", "windows_2_2", "embedding", 5), np.float64)
    for place, window in enumerate(windows):
        cosines = texts @ window / np.linalg.norm(texts, axis=1) / np.linalg.norm(window)
        row, column = divmod(place, 2)
        assert heat[5, 2 * row, 2 * column] == pytest.approx(softmax(cosines / 0.07)[1], abs=2e-3)


def _learned_prompts(store: Store, settings: VadClipWindowsSettings, folder: Path) -> NDArray[np.floating]:
    from vadbench.methods.layers.clip_of_features import clip_of
    from vadbench.methods.layers.runs import read_trained
    from vadbench.methods.layers.training import load_module
    from vadbench.methods.vadclip.scoring import build

    inputs = score_inputs(store, SPLIT, settings, folder, texts=TEXTS)
    arrays, checkpoint = read_trained(inputs)
    model = build(inputs, clip_of(store, "vadclip", "cpu")).eval()
    load_module(model, arrays, checkpoint)
    with torch.inference_mode():
        return model.prompts().numpy().astype(np.float64)


def test_a_set_without_windows_is_refused_before_scoring(tower: dict[str, str], tmp_path: Path) -> None:
    store = write_set(tmp_path / "set", tower, keep="none")
    with store, pytest.raises(VadbenchError, match="keep: test"):
        WindowMaps(store, BoxSettings())
