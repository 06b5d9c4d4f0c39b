"""Local Patterns' half of motion: a training that can be killed, and what it depends on."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_histograms_set
from killed_training import counted_steps, kill_at_first_save
from vadbench.config import LocalPatternsSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS, local_patterns
from vadbench.methods.layers.batches import RowBatches
from vadbench.methods.layers.checkpoint import read_arrays, read_record
from vadbench.methods.layers.seeds import stream_seed
from vadbench.methods.layers.training import load_module
from vadbench.store import Store

METHOD = METHODS["local_patterns"]
TRAIN, TEST = ("train-0", "train-1", "train-2"), ("test-0",)
REGIONS = 3 * (12 - 2) * 2


def fast(**more: Any) -> LocalPatternsSettings:
    return LocalPatternsSettings(**{"hidden": 16, "epochs": 3, "batch_size": 25, **more})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    draw = np.random.default_rng(0)
    sizes = np.arange(1, 9)  # bins of unlike size
    videos = {
        name: [(draw.random((0 if n in (4, 9) else 2, 8)) * sizes).astype(np.float32) for n in range(12)]
        for name in (*TRAIN, *TEST)
    }
    return write_histograms_set(tmp_path_factory.mktemp("set"), videos, parts=2)


def trained(store: Store, out: Path, settings: LocalPatternsSettings, **more: Any) -> Path:
    METHOD.train(train_inputs(store, weak_split(TRAIN, TEST), settings, out, **more))
    return out / "checkpoint.safetensors"


def rows_of(store: Store) -> np.ndarray:
    return np.concatenate(
        [row for video in TRAIN for row in store.ragged_rows(video, "regions", "histogram")]
    )


@pytest.mark.parametrize("standardise", [True, False])
def test_a_training_is_the_plain_loop(store: Store, tmp_path: Path, standardise: bool) -> None:
    """Adam on the mean squared error of batches, written out; the bits are the same."""
    settings = fast(standardise=standardise)
    path = trained(store, tmp_path, settings, seed=4)
    torch.manual_seed(stream_seed(4, "initialisation"))
    module, rows = local_patterns.build(settings), rows_of(store)
    linear = [layer for layer in module.layers if isinstance(layer, torch.nn.Linear)]
    values = rows
    if standardise:
        mean, deviation = (f(rows.astype(np.float64), axis=0).astype(np.float32) for f in (np.mean, np.std))
        values = (rows - mean) / deviation
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    losses = []
    for epoch in range(3):
        batches = RowBatches(dict.fromkeys(TRAIN, REGIONS // 3), 25, 4).epoch(epoch)
        of_epoch = []
        for (numbers,) in batches:
            inputs = hidden = torch.from_numpy(values[numbers])
            for layer in linear[:-1]:
                hidden = torch.relu(layer(hidden))
            loss = ((linear[-1](hidden) - inputs) ** 2).mean(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            of_epoch.append(loss.item())
        losses.append(np.mean(of_epoch))
    arrays, record = read_arrays(path)
    for name, value in module.state_dict().items():
        if name.startswith("layers"):
            np.testing.assert_allclose(arrays[name], value.numpy(), rtol=1e-5, atol=1e-7)
    assert [loss for _, loss in record["training"]["loss"]] == pytest.approx(losses)
    assert losses[-1] < losses[0]


def test_a_training_says_what_it_was(store: Store, tmp_path: Path) -> None:
    record = read_record(trained(store, tmp_path, fast()))
    training = record["training"]
    steps = math.ceil(REGIONS / 25)
    assert (training["normal"], training["regions"], training["epochs"]) == (3, REGIONS, 3)
    assert (training["steps_per_epoch"], training["steps"]) == (steps, 3 * steps)
    assert "smooth_sigma" not in record["method"]
    METHOD.score(score_inputs(store, weak_split(TRAIN, TEST), fast(), tmp_path))
    assert json.loads((tmp_path / "settings.json").read_text())["method"]["smooth_sigma"] == 9.5
    # Nothing of the training is left but its checkpoint.
    left = {"checkpoint.safetensors", "scores.h5", "settings.json"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_scores_are_the_errors_of_the_checkpoints_module(store: Store, tmp_path: Path) -> None:
    path = trained(store, tmp_path, fast())
    METHOD.score(score_inputs(store, weak_split(TRAIN, TEST), fast(smooth_sigma=0), tmp_path))
    arrays, _ = read_arrays(path)
    lowest = arrays.pop("lowest_frame_score")
    module = local_patterns.build(fast())
    load_module(module, arrays, path)
    for row, found in zip(
        store.ragged_rows("test-0", "regions", "histogram"),
        read_scores(tmp_path / "scores.h5")["test-0"],
        strict=True,
    ):
        with torch.inference_mode():
            errors = module({"motion": torch.from_numpy(row)}).tolist()
        assert found == pytest.approx(max(errors, default=float(lowest[0])))


def test_a_killed_training_ends_with_the_same_bits(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(store, tmp_path / "whole", fast(epochs=4))
    steps = counted_steps(monkeypatch)
    for _ in range(3):
        kill_at_first_save(lambda: trained(store, tmp_path / "killed", fast(epochs=4)))
        torch.manual_seed(123)
        assert not (tmp_path / "killed" / "checkpoint.safetensors").exists()
    again = trained(store, tmp_path / "killed", fast(epochs=4))
    # Each epoch was gone through once, by four runs of the training.
    assert steps == list(range(4 * math.ceil(REGIONS / 25)))
    assert again.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("other", ["settings", "videos", "order", "features"])
def test_another_trainings_state_is_not_continued(store: Store, tmp_path: Path, other: str) -> None:
    """A killed training, and then one that differs in what it is trained with."""
    videos = {"videos": TRAIN[:2], "order": TRAIN[::-1]}.get(other, TRAIN)
    settings = fast(lr=2e-3) if other == "settings" else fast()
    features = store
    if other == "features":
        rows = {video: store.ragged_rows(video, "regions", "histogram") for video in TRAIN}
        features = write_histograms_set(tmp_path / "set", {v: [2 * row for row in rows[v]] for v in rows})
    inputs = [
        train_inputs(features, weak_split(videos), settings, tmp_path / name) for name in ("whole", "killed")
    ]
    METHOD.train(inputs[0])
    kill_at_first_save(lambda: trained(store, tmp_path / "killed", fast()))
    METHOD.train(inputs[1])
    whole, again = (tmp_path / name / "checkpoint.safetensors" for name in ("whole", "killed"))
    assert again.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    "more", [{"epochs": 4}, {"lr": 2e-3}, {"batch_size": 10}, {"hidden": 8}, {"depth": 5}, {"seed": 1}]
)
def test_another_training_is_another_checkpoint(store: Store, tmp_path: Path, more: dict[str, Any]) -> None:
    seed = more.pop("seed", 0)
    first = read_arrays(trained(store, tmp_path / "first", fast()))[0]
    second = read_arrays(trained(store, tmp_path / "second", fast(**more), seed=seed))[0]
    assert first.keys() != second.keys() or any(
        first[name].shape != second[name].shape or not np.array_equal(first[name], second[name])
        for name in first
        if name.startswith("layers")
    )


def test_equal_trainings_are_equal(store: Store, tmp_path: Path) -> None:
    first, second = (trained(store, tmp_path / name, fast()) for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_a_loss_that_is_no_number_names_epoch_step_and_videos(store: Store, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"loss is (inf|nan) at epoch 0, step \d .*train-0, train-1, tra"):
        trained(store, tmp_path, fast(lr=1e30))
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_a_training_region_less_video_is_no_fault(tmp_path: Path) -> None:
    rows = [np.ones((1, 8), np.float32), np.zeros((0, 8), np.float32)]
    store = write_histograms_set(tmp_path / "set", {"train-0": rows, "train-1": rows[1:], "test-0": rows})
    METHOD.train(train_inputs(store, weak_split(("train-0", "train-1")), fast(), tmp_path))
    METHOD.score(score_inputs(store, weak_split((), TEST), fast(smooth_sigma=0), tmp_path))
    seen, empty = read_scores(tmp_path / "scores.h5")["test-0"]
    assert seen == pytest.approx(empty)  # the one frame of the training


@pytest.mark.parametrize("damage", ["truncated", "missing", "other depth", "other features"])
def test_a_checkpoint_that_does_not_fit_is_refused(store: Store, tmp_path: Path, damage: str) -> None:
    path, settings, features = trained(store, tmp_path, fast()), fast(), store
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-50])
    elif damage == "missing":
        path.unlink()
    elif damage == "other depth":
        settings = fast(depth=9)
    else:
        rows = {"test-0": [np.ones((1, 8), np.float32)]}
        features = write_histograms_set(tmp_path / "set", rows)
        features.settings = {"zeros": "counted"}
    message = {
        "truncated": "damaged checkpoint",
        "missing": "no such checkpoint",
        "other depth": "trained with depth 7, asked for is 9",
        "other features": "trained on features of another settings",
    }[damage]
    with pytest.raises(VadbenchError, match=message) as error:
        METHOD.score(score_inputs(features, weak_split(TRAIN, TEST), settings, tmp_path))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "scores.h5").exists()


def test_a_damaged_state_of_a_killed_training_is_refused(store: Store, tmp_path: Path) -> None:
    kill_at_first_save(lambda: trained(store, tmp_path, fast()))
    (state,) = (tmp_path / "training").iterdir()
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(VadbenchError, match="damaged checkpoint"):
        trained(store, tmp_path, fast())
