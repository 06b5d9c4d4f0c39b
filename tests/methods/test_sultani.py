"""Sultani et al.: the loss against a plain loop, the bags, and a training that learns."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_clip_set
from vadbench.config import SultaniSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS, sultani
from vadbench.methods.layers.checkpoint import read_arrays
from vadbench.methods.layers.features import embeddings
from vadbench.methods.layers.lengths import bin_means, normalised
from vadbench.methods.layers.training import Learner, load_module
from vadbench.methods.sultani import DeepMil, ranking_loss

WEIGHTS = {"smoothness": 8e-5, "sparsity": 8e-5}


def loop_loss(normal: list[list[float]], abnormal: list[list[float]], pairs: str, **weights: float) -> float:
    """The loss as the public code writes it, video by video."""
    if pairs == "all":
        chosen = [(n, a) for n in normal for a in abnormal]
    else:
        chosen = [
            (normal[i % len(normal)], abnormal[i % len(abnormal)])
            for i in range(max(len(normal), len(abnormal)))
        ]
    ranking = sum(max(0.0, 1 - max(a) + max(n)) for n, a in chosen) / len(chosen)
    smooth = sum((a[t + 1] - a[t]) ** 2 for a in abnormal for t in range(len(a) - 1)) / len(abnormal)
    sparse = sum(sum(a) for a in abnormal) / len(abnormal)
    return ranking + weights["smoothness"] * smooth + weights["sparsity"] * sparse


@pytest.mark.parametrize("pairs", ["index", "all"])
@pytest.mark.parametrize("sides", [(4, 4), (2, 5), (3, 1)])
def test_the_loss_is_the_loop(pairs: str, sides: tuple[int, int]) -> None:
    draw = np.random.default_rng(0)
    normal, abnormal = draw.random((sides[0], 32)), draw.random((sides[1], 32))
    for weights in (WEIGHTS, {"smoothness": 3.0, "sparsity": 0.0}, {"smoothness": 0.0, "sparsity": 3.0}):
        loss = ranking_loss(torch.tensor(normal), torch.tensor(abnormal), pairs=pairs, **weights)
        assert float(loss) == pytest.approx(loop_loss(normal.tolist(), abnormal.tolist(), pairs, **weights))


def test_pairs_are_i_with_i() -> None:
    # Only the pairing tells the two sums apart.
    normal, abnormal = torch.tensor([[0.1], [0.9]]), torch.tensor([[0.2], [1.0]])
    none = {"smoothness": 0.0, "sparsity": 0.0}
    assert float(ranking_loss(normal, abnormal, pairs="index", **none)) == pytest.approx(0.9)
    turned = ranking_loss(normal.flip(0), abnormal, pairs="index", **none)
    assert float(turned) == pytest.approx((1.7 + 0.1) / 2)
    assert float(ranking_loss(normal, abnormal, pairs="all", **none)) == pytest.approx(
        (0.9 + 0.1 + 1.7 + 0.9) / 4
    )


def test_the_loss_falls_as_abnormal_rises_above_normal() -> None:
    low, high = torch.full((2, 32), 0.2), torch.full((2, 32), 0.8)
    assert ranking_loss(low, high, pairs="index", **WEIGHTS) < ranking_loss(
        high, low, pairs="index", **WEIGHTS
    )


def test_the_network_is_the_one_of_the_public_code() -> None:
    torch.manual_seed(0)
    model = DeepMil(16, 0.6)
    shapes = [tuple(value.shape) for value in model.parameters()]
    assert shapes == [(512, 16), (512,), (32, 512), (32,), (1, 32), (1,)]
    assert [layer.p for layer in model.layers if isinstance(layer, torch.nn.Dropout)] == [0.6] * 3
    rows = torch.randn(5, 7, 16)
    linear = [layer for layer in model.layers if isinstance(layer, torch.nn.Linear)]
    hidden = torch.relu(rows @ linear[0].weight.T + linear[0].bias)
    narrow = torch.relu(hidden @ linear[1].weight.T + linear[1].bias)
    expected = torch.sigmoid(narrow @ linear[2].weight.T + linear[2].bias)[..., 0]
    torch.testing.assert_close(model.eval()(rows), expected)


WIDTH = 12


def made_videos(count: int, seed: int, rows: int = 60) -> dict[str, np.ndarray]:
    """Half of the videos are abnormal: a third of their rows leans towards one direction."""
    draw = np.random.default_rng(seed)
    videos = {}
    for number in range(count):
        abnormal = number % 2 == 1
        x = draw.normal(size=(rows + number, WIDTH))
        x[:, 0] += 1
        if abnormal:
            x[20:40] += 4 * np.eye(WIDTH)[1]
        videos[f"{seed}-{'abnormal' if abnormal else 'normal'}-{number}"] = x
    return videos


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    train, test = made_videos(16, 1), made_videos(6, 2)
    store = write_clip_set(tmp_path_factory.mktemp("clip"), {**train, **test}, parts=2)
    return store, weak_split(tuple(train), tuple(test))


def fast(**more: object) -> SultaniSettings:
    return SultaniSettings(**{"epochs": 4, "min_steps": 60, "lr": 3e-3, "half_batch": 4, **more})


def test_it_learns_which_rows_are_abnormal(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    METHODS["sultani"].train(train_inputs(store, split, fast(), tmp_path))
    METHODS["sultani"].score(score_inputs(store, split, fast(), tmp_path))
    scores = read_scores(tmp_path / "scores.h5")
    assert list(scores) == list(split.test)
    for video in split.test:
        assert len(scores[video]) == store.row_count(video)
        assert scores[video].min() >= 0
        assert scores[video].max() <= 1
        if "abnormal" in video:
            inside = scores[video][20:40]
            outside = np.delete(scores[video], np.arange(20, 40))
            assert inside.mean() > outside.mean() + 0.2
    recorded = json.loads((tmp_path / "settings.json").read_text())
    assert recorded["training"]["steps"] == 60
    assert recorded["training"]["steps_per_epoch"] == 2
    assert recorded["training"]["selection"] == {"rule": "last"}
    assert not (tmp_path / "training").exists()


def test_scores_depend_on_the_row_alone(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Neither the order of videos nor what stands beside a row or a video changes its score."""
    store, split = benchmark
    settings = fast(min_steps=4)
    METHODS["sultani"].train(train_inputs(store, split, settings, tmp_path))
    METHODS["sultani"].score(score_inputs(store, split, settings, tmp_path))
    turned = weak_split((), split.test[::-1])
    METHODS["sultani"].score(score_inputs(store, turned, settings, tmp_path, out=tmp_path / "turned.h5"))
    scores, others = read_scores(tmp_path / "scores.h5"), read_scores(tmp_path / "turned.h5")
    model = DeepMil(WIDTH, 0.6).eval().requires_grad_(False)
    load_module(model, read_arrays(tmp_path / "checkpoint.safetensors")[0], tmp_path)
    for video in split.test:
        np.testing.assert_array_equal(scores[video], others[video])
        for row, score in zip(store.read(video, "embedding")[:, 0], scores[video], strict=True):
            unit = torch.tensor(row / np.linalg.norm(row.astype(np.float64)), dtype=torch.float32)
            assert float(model(unit)) == pytest.approx(score, abs=1e-6)


def test_equal_seeds_give_equal_bits_and_other_seeds_do_not(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    settings = fast(min_steps=8)
    files = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        METHODS["sultani"].train(train_inputs(store, split, settings, tmp_path / name, seed=seed))
        files.append((tmp_path / name / "checkpoint.safetensors").read_bytes())
    assert files[0] == files[1]
    one, other = (read_arrays(tmp_path / name / "checkpoint.safetensors")[0] for name in "ac")
    assert not np.array_equal(one["layers.0.weight"], other["layers.0.weight"])


def test_settings_reach_the_optimizer_and_the_loss(benchmark, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    learners: list[Learner] = []
    monkeypatch.setattr(sultani, "train_weak", lambda inputs, build: learners.append(build()))
    own = {"pairs": "all", "smoothness": 2.0, "sparsity": 3.0, "weight_decay": 0.1}
    for settings in (SultaniSettings(), SultaniSettings(**own)):
        METHODS["sultani"].train(train_inputs(store, split, settings, tmp_path))
    plain, other = learners
    rates = [plain.learning_rate(part) for part in (0, 9, 10, 49)]
    assert rates == pytest.approx([5e-5, 5e-5, 2.5e-5, 5e-5 / 16])
    assert isinstance(plain.optimizer, torch.optim.Adam)
    assert [learner.optimizer.param_groups[0]["weight_decay"] for learner in learners] == [5e-5, 0.1]
    # Scores in [0, 1] never clip the hinge, so that only halves of unequal size tell the pairings apart.
    normal, abnormal = split.train[0:4:2], split.train[1:6:2]
    scores = {video: bag_scores(store, other.module.eval(), video) for video in (*normal, *abnormal)}
    expected = loop_loss(
        [scores[v] for v in normal], [scores[v] for v in abnormal], "all", smoothness=2.0, sparsity=3.0
    )
    assert float(other.loss(normal, abnormal).detach()) == pytest.approx(expected, rel=1e-5)


def bag_scores(store, model: torch.nn.Module, video: str) -> list[float]:  # type: ignore[no-untyped-def]
    """Scores of a training video's segments."""
    with torch.no_grad():
        bag = bin_means(normalised(embeddings(store, video)), 32)
        scores: list[float] = model(torch.from_numpy(bag)).tolist()
    return scores


def test_bags_are_bin_means_of_normalised_rows(benchmark, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    seen: list[torch.Tensor] = []
    forward = DeepMil.forward

    def watching(self: DeepMil, rows: torch.Tensor) -> torch.Tensor:
        seen.append(rows)
        return forward(self, rows)

    monkeypatch.setattr(DeepMil, "forward", watching)
    METHODS["sultani"].train(train_inputs(store, split, fast(epochs=1, min_steps=0), tmp_path))
    rows = store.read(split.train[1], "embedding")[:, 0].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    edges = [int(edge) for edge in np.linspace(0, len(rows), 33)]
    expected = np.array([rows[edges[i] : edges[i + 1]].mean(axis=0) for i in range(32)])
    bags = torch.cat(seen).numpy()
    assert bags.shape[1:] == (32, WIDTH)
    assert any(np.allclose(bag, expected, atol=1e-6) for bag in bags)
    # Normal videos come first, abnormal ones second: the loss takes them by position.
    first = seen[0].numpy()
    assert (first[4:, :, 1].max(axis=1) > 0.5).all()


def test_a_checkpoint_of_other_features_is_refused(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    METHODS["sultani"].train(train_inputs(store, split, fast(min_steps=2), tmp_path / "run"))
    other = write_clip_set(tmp_path / "clip", made_videos(6, 2), weights={"other": "def"})
    with pytest.raises(VadbenchError, match=r"trained on features of another weights.*vadbench train"):
        METHODS["sultani"].score(score_inputs(other, weak_split((), other.videos), fast(), tmp_path / "run"))
