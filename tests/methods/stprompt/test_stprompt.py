"""STPrompt on stores: the loss of a batch from the store's numbers on, what learns, what a switch changes."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_windows_set
from killed_training import kill_at_first_save
from tiny_clip import write_architecture, write_weights
from vadbench.config import StPromptSettings, TextSettings
from vadbench.datasets import Split
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.checkpoint import read_arrays
from vadbench.methods.layers.prompt_learner import PromptLearner, class_texts
from vadbench.methods.layers.training import Learner
from vadbench.methods.stprompt.model import StPrompt
from vadbench.methods.stprompt.training import learner
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.store import Part, Store

TEXTS = TextSettings(
    labels={"fire": "a fire", "normal": "people walking", "panic": ("people running", "a crowd")}
)
AGGREGATES = ("average", "attention", "selection_average", "selection_attention")


class Benchmark(NamedTuple):
    store: Store
    split: Split
    clip: ClipModel


def made_videos(name: str, count: int, width: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Every other video is abnormal: in rows 4 to 9 something is seen that no normal video shows."""
    videos = {}
    for number in range(count):
        kind = "abnormal" if number % 2 else "normal"
        rows = draw.normal(size=(14 + number, width))
        rows[:, 0] += 2
        if number % 2:
            rows[4:10, 1] += 6
        videos[f"{name}-{kind}-{number}"] = rows
    return videos


def made_benchmark(folder: Path, model: str, weights: str) -> Benchmark:
    clip = load_clip(model, weights, device="cpu", precision="fp32")
    draw = np.random.default_rng(0)
    train, test = (made_videos(*kind, clip.dimension, draw) for kind in (("train", 12), ("test", 6)))
    videos = {**train, **test}
    aggregates = {
        name: {video: rows + draw.normal(size=rows.shape) for video, rows in videos.items()}
        for name in AGGREGATES
    }
    store = write_windows_set(
        folder,
        videos,
        aggregates,
        settings={"model": model, "weights": weights, "seed": 0},
        weights={clip.weights_name: clip.weights_sha256},
    )
    return Benchmark(store, weak_split(tuple(train), tuple(test)), clip)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Of a tower that is small and knows nothing."""
    folder = tmp_path_factory.mktemp("tiny")
    architecture = write_architecture(folder)
    return made_benchmark(folder / "windows", str(architecture), str(write_weights(architecture)))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Of the demo's model, whose prompts are apart from each other."""
    return made_benchmark(tmp_path_factory.mktemp("demo") / "windows", "demo", "demo")


def fast(**more: object) -> StPromptSettings:
    return StPromptSettings(**{"epochs": 3, "min_steps": 30, "lr": 1e-3, "half_batch": 4, **more})


BEGUN = {"min_steps": 1, "epochs": 1}


def train(benchmark: Benchmark, settings: StPromptSettings, out: Path, **more: Any) -> None:
    given = {"texts": TEXTS, **more}
    METHODS["stprompt"].train(train_inputs(benchmark.store, benchmark.split, settings, out, **given))


def score(benchmark: Benchmark, settings: StPromptSettings, run: Path, **more: Any) -> dict[str, np.ndarray]:
    split = more.pop("split", benchmark.split)
    inputs = score_inputs(benchmark.store, split, settings, run, texts=TEXTS, **more)
    METHODS["stprompt"].score(inputs)
    return read_scores(inputs.out)


def fresh(benchmark: Benchmark, seed: int = 0, **more: object) -> Learner:
    settings = StPromptSettings(**more)
    torch.manual_seed(seed)
    inputs = train_inputs(benchmark.store, benchmark.split, settings, Path(), texts=TEXTS)
    return learner(inputs, benchmark.clip if settings.a_branch else None)


@pytest.fixture(scope="module")
def trained(demo: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    train(demo, fast(), run)
    return run


@pytest.fixture(scope="module")
def begun(benchmark: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one step."""
    run = tmp_path_factory.mktemp("begun")
    train(benchmark, fast(**BEGUN), run)
    return run


def test_it_learns_which_rows_are_abnormal(demo: Benchmark, trained: Path) -> None:
    scores = score(demo, fast(), trained)
    assert list(scores) == list(demo.split.test)
    inside, outside = [], []
    for video, values in scores.items():
        assert len(values) == demo.store.row_count(video)
        assert values.min() >= 0
        assert values.max() <= 1
        abnormal = "abnormal" in video
        inside += values[4:10].tolist() if abnormal else []
        outside += np.delete(values, np.arange(4, 10)).tolist() if abnormal else values.tolist()
    assert np.mean(inside) > np.mean(outside) + 0.5
    recorded = json.loads((trained / "settings.json").read_text())
    assert recorded["training"]["steps"] == 30
    assert recorded["texts"]["labels"]["fire"] == ["a fire"]


def test_it_names_the_class(demo: Benchmark, trained: Path) -> None:
    """Every abnormal training video shows fire."""
    scores = score(demo, fast(), trained)
    with Part.open(trained / "scores.h5") as part:
        assert part.attributes["classes"] == ["normal", "fire", "panic"]
        for video in part.videos:
            shares = part.read(video, "class_scores")
            np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
            np.testing.assert_allclose(scores[video], 1 - shares[:, 0], atol=1e-6)
            if "abnormal" in video:
                assert (shares[5:9, 1] > shares[5:9, 2]).all()


def test_the_checkpoint_holds_what_is_learned_and_no_tower(demo: Benchmark, trained: Path) -> None:
    arrays, _ = read_arrays(trained / "checkpoint.safetensors")
    width = demo.clip.dimension
    assert arrays["prompts.context"].shape == (8, demo.clip.text_tower().width)
    assert arrays["classifier.weight"].shape == (1, width)
    assert arrays["adapter.layers.0.feed_forward.0.weight"].shape == (4 * width, width)
    assert len(arrays) == 1 + 2 + 8


def test_branches_and_forms_of_scores(benchmark: Benchmark, begun: Path) -> None:
    kinds = ("a_branch", "literal", "c_branch", "mean")
    found = {
        kind: score(benchmark, fast(**BEGUN, score=kind), begun, out=begun / f"{kind}.h5") for kind in kinds
    }
    shares = read_scores(begun / "c_branch.h5", "class_scores")
    for video in benchmark.split.test:
        a, literal, c, mean = (found[kind][video] for kind in kinds)
        np.testing.assert_allclose(mean, (a + c) / 2, rtol=1e-6)
        np.testing.assert_allclose(a, 1 - shares[video][:, 0], atol=1e-6)
        assert not np.allclose(a, c, atol=1e-3)
        # The printed score knows of `normal` alone; together with the other cosines it gives the softmax.
        assert not np.allclose(a, literal, atol=1e-3)
    by_hand = row_outputs(benchmark, begun, benchmark.split.test[1])
    np.testing.assert_allclose(found["literal"][benchmark.split.test[1]], 1 - by_hand[1][:, 0], atol=1e-5)
    np.testing.assert_allclose(found["c_branch"][benchmark.split.test[1]], by_hand[0], atol=1e-5)
    softmax = np.exp(by_hand[1] / 0.07) / np.exp(by_hand[1] / 0.07).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares[benchmark.split.test[1]], softmax, atol=1e-5)


def row_outputs(benchmark: Benchmark, run: Path, video: str) -> tuple[np.ndarray, np.ndarray]:
    """A and M of the run's network for a whole video without padding."""
    made = fresh(benchmark).module
    assert isinstance(made, StPrompt)
    arrays, _ = read_arrays(run / "checkpoint.safetensors")
    made.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    frames = benchmark.store.read(video, "embedding")[:, 0]
    spatial = benchmark.store.read(video, "aggregate_selection_attention")
    rows = torch.from_numpy(np.concatenate([frames, spatial], axis=1).astype(np.float32))[None]
    with torch.no_grad():
        logits, similarities = made(rows, torch.tensor([rows.shape[1]]), made.texts())
    return logits[0].sigmoid().numpy(), similarities[0].numpy()


def test_scores_depend_on_the_video_alone(benchmark: Benchmark, begun: Path) -> None:
    scores = score(benchmark, fast(**BEGUN), begun)
    turned = weak_split((), benchmark.split.test[::-1])
    others = score(benchmark, fast(**BEGUN), begun, split=turned, out=begun / "turned.h5")
    assert list(others) == list(scores)[::-1]
    for video, values in scores.items():
        np.testing.assert_array_equal(values, others[video])


def test_a_piece_that_holds_a_video_gives_its_scores(benchmark: Benchmark, begun: Path) -> None:
    settings = fast(**BEGUN, score="c_branch")
    plain = score(benchmark, settings, begun)
    whole = score(benchmark, settings.model_copy(update={"scoring": "whole"}), begun, out=begun / "whole.h5")
    for video in benchmark.split.test:
        np.testing.assert_allclose(whole[video], plain[video], rtol=1e-4, atol=1e-6)


def test_pieces_are_scored_by_themselves_and_whole_videos_at_once(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    settings = fast(**BEGUN, score="c_branch", max_length=5)
    train(benchmark, settings, tmp_path)
    whole = score(
        benchmark, settings.model_copy(update={"scoring": "whole"}), tmp_path, out=tmp_path / "whole.h5"
    )
    pieces = score(benchmark, settings, tmp_path)
    for video in benchmark.split.test:
        assert not np.allclose(pieces[video], whole[video], atol=1e-3)
    video = benchmark.split.test[3]
    store = {
        name: benchmark.store.read(video, name)[5:10]
        for name in ("embedding", "aggregate_selection_attention")
    }
    alone = write_windows_set(
        tmp_path / "alone",
        {video: store["embedding"][:, 0]},
        {"selection_attention": {video: store["aggregate_selection_attention"]}},
        settings=benchmark.store.settings,
        weights=benchmark.store.weights,
    )
    second = score(
        Benchmark(alone, weak_split((), (video,)), benchmark.clip),
        settings.model_copy(update={"scoring": "whole"}),
        tmp_path,
        out=tmp_path / "second.h5",
    )
    np.testing.assert_allclose(second[video], pieces[video][5:10], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("more", [{"layers": 2}, {"temporal_adapter": "transformer"}])
def test_padding_of_a_piece_is_of_no_account(
    benchmark: Benchmark, tmp_path: Path, more: dict[str, object]
) -> None:
    """Where it would be: in one layer of distances zeros only scale a row, which its norm undoes."""
    settings = fast(min_steps=1, epochs=1, **more)
    train(benchmark, settings, tmp_path)
    pieces = score(benchmark, settings, tmp_path)
    whole = score(
        benchmark, settings.model_copy(update={"scoring": "whole"}), tmp_path, out=tmp_path / "whole.h5"
    )
    for video in benchmark.split.test:
        np.testing.assert_allclose(pieces[video], whole[video], rtol=1e-5, atol=1e-7)


# One batch, from the store's numbers to the loss, in loops.


def loop_loss(benchmark: Benchmark, made: Learner, ids: tuple[str, ...], settings: StPromptSettings) -> float:
    """Equations 4 to 10 for a batch of videos whose abnormal ones all show fire; videos one by one."""
    model = made.module
    assert isinstance(model, StPrompt)
    prompts = PromptLearner(benchmark.clip, class_texts(TEXTS), settings.prompt_before, 0)
    prompts.load_state_dict({"context": model.state_dict()["prompts.context"]})
    with torch.no_grad():
        texts = prompts().double().numpy()
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    binary, aligned = [], []
    for video in ids:
        frames, mixed = fitted_by_hand(benchmark.store, video, settings)
        adapted = np.array([adapted_row(mixed, i, weights, settings.sigma) for i in range(len(mixed))])
        logits = adapted @ weights["classifier.weight"][0] + weights["classifier.bias"][0]
        p = best(1 / (1 + np.exp(-logits)))
        binary.append(-math.log(p if "abnormal" in video else 1 - p))
        seen = frames + adapted
        cosines = [
            [float(row @ text / np.linalg.norm(row) / np.linalg.norm(text)) for row in seen] for text in texts
        ]
        powers = [math.exp(best(np.array(of_class)) / settings.tau) for of_class in cosines]
        aligned.append(-math.log(powers[1 if "abnormal" in video else 0] / sum(powers)))
    unit = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    pairs = [max(0.0, float(unit[i] @ unit[j])) for i in range(3) for j in range(3) if i != j]
    return float(np.mean(binary) + settings.alpha * np.mean(aligned) + settings.beta * np.mean(pairs))


def fitted_by_hand(store: Store, video: str, settings: StPromptSettings) -> tuple[np.ndarray, np.ndarray]:
    """x_CLIP and x_CLIP + x_AS (t, D) of a training video, both in the same bins."""
    frames = store.read(video, "embedding")[:, 0].astype(np.float64)
    mixed = frames.copy()
    if settings.aggregate != "none":
        mixed += store.read(video, f"aggregate_{settings.aggregate}").astype(np.float64)
    if len(frames) > settings.max_length:
        edges = [int(edge) for edge in np.linspace(0, len(frames), settings.max_length + 1)]
        bins = list(pairwise(edges))
        frames, mixed = (np.array([rows[a:b].mean(axis=0) for a, b in bins]) for rows in (frames, mixed))
    return frames, mixed


def adapted_row(rows: np.ndarray, i: int, weights: Mapping[str, np.ndarray], sigma: float) -> np.ndarray:
    """Row i of x_TA, equation 4."""
    layer = "adapter.layers.0."
    powers = np.array([math.exp(-abs(i - j) / sigma) for j in range(len(rows))])
    x = layer_norm(powers @ rows / powers.sum(), weights, f"{layer}mixed_norm")
    hidden = weights[f"{layer}feed_forward.0.weight"] @ x + weights[f"{layer}feed_forward.0.bias"]
    hidden = np.array([value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in hidden])
    out = weights[f"{layer}feed_forward.2.weight"] @ hidden + weights[f"{layer}feed_forward.2.bias"]
    return layer_norm(out + x, weights, f"{layer}norm")


def layer_norm(row: np.ndarray, weights: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    scaled: np.ndarray = (row - row.mean()) / math.sqrt(row.var() + 1e-5)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def best(values: np.ndarray) -> float:
    k = min(len(values) // 16 + 1, len(values))
    return float(np.sort(values)[::-1][:k].mean())


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"alpha": 0.4, "beta": 0.3, "tau": 0.5, "sigma": 0.8, "prompt_before": 3},
        {"max_length": 9, "aggregate": "average"},
        {"aggregate": "none"},
    ],
)
def test_the_loss_of_a_batch_is_the_loop(benchmark: Benchmark, more: dict[str, object]) -> None:
    made = fresh(benchmark, **more)
    with torch.no_grad():
        for value in made.module.parameters():
            value.add_(0.3 * torch.randn(value.shape))
    ids = benchmark.split.train
    normal, abnormal = ids[0:8:2], ids[1:8:2]
    expected = loop_loss(benchmark, made, (*normal, *abnormal), StPromptSettings(**more))
    assert float(made.loss(normal, abnormal).detach()) == pytest.approx(expected, rel=1e-4)
    # Neither the order in a batch nor a longer video beside it counts.
    again = made.loss(normal[::-1], abnormal[::-1])
    assert float(again.detach()) == pytest.approx(expected, rel=1e-4)


SWITCHES: list[dict[str, object]] = [
    *({"aggregate": name} for name in ("none", "average", "attention", "selection_average")),
    *({"temporal_adapter": name} for name in ("none", "transformer", "transformer+distance")),
    {"c_branch": False},
    {"a_branch": False, "score": "c_branch"},
    *({"sigma": value} for value in (1.0, 5.0, 10.0)),
    {"layers": 2},
    {"const_reduction": "sum"},
    {"tau": 0.01},
    {"alpha": 1.0},
    {"beta": 0.0},
    {"prompt_before": 4},
    {"max_length": 8},
    {"max_length": 8, "resample": "pick"},
]


def test_each_switch_changes_the_loss(benchmark: Benchmark) -> None:
    normal, abnormal = benchmark.split.train[0:4:2], benchmark.split.train[1:4:2]
    losses = [float(fresh(benchmark, **more).loss(normal, abnormal).detach()) for more in ({}, {}, *SWITCHES)]
    assert losses[0] == losses[1]
    assert len({round(loss, 6) for loss in losses}) == 1 + len(SWITCHES)


def test_switches_leave_the_parts_out_that_they_name(benchmark: Benchmark) -> None:
    def names(**more: object) -> set[str]:
        return {name.split(".")[0] for name, _ in fresh(benchmark, **more).module.named_parameters()}

    assert names() == {"prompts", "adapter", "classifier"}
    assert names(a_branch=False, score="c_branch") == {"adapter", "classifier"}
    assert names(c_branch=False) == {"prompts", "adapter"}
    assert names(temporal_adapter="none") == {"prompts", "classifier"}


@pytest.mark.parametrize("kind", ["transformer", "transformer+distance", "distance"])
def test_gradients_reach_all_that_learns_and_nothing_frozen(benchmark: Benchmark, kind: str) -> None:
    made = fresh(benchmark, temporal_adapter=kind)
    normal, abnormal = benchmark.split.train[0::2], benchmark.split.train[1::2]
    made.loss(normal, abnormal).backward()
    for name, value in made.module.named_parameters():
        assert value.grad is not None, name
        # A bias of the keys shifts a row's logits all alike, which a softmax does not see.
        assert name.endswith("joined.bias") or value.grad.abs().max() > 1e-8, name
    context = dict(made.module.named_parameters())["prompts.context"]
    assert context.grad is not None
    assert (context.grad.abs().amax(dim=1) > 0).all()
    for name, value in benchmark.clip._towers.named_parameters():
        assert value.grad is None, name
    learned = {id(value) for group in made.optimizer.param_groups for value in group["params"]}
    assert learned == {id(value) for value in made.module.parameters()}


def test_the_optimizer_is_adamw_at_one_rate(benchmark: Benchmark) -> None:
    plain, other = fresh(benchmark), fresh(benchmark, lr=0.5, weight_decay=0.2)
    assert isinstance(plain.optimizer, torch.optim.AdamW)
    assert [plain.learning_rate(part) for part in (0, 19)] == [1e-4, 1e-4]
    assert other.learning_rate(3) == 0.5
    decays = [made.optimizer.param_groups[0]["weight_decay"] for made in (plain, other)]
    assert decays == [0.01, 0.2]
    defaults = StPromptSettings()
    assert (defaults.half_batch, defaults.epochs, defaults.max_length) == (32, 20, 256)
    assert (defaults.alpha, defaults.beta, defaults.tau, defaults.sigma) == (0.9, 2, 0.07, math.e)


def test_an_interrupted_training_ends_with_the_same_bits(benchmark: Benchmark, tmp_path: Path) -> None:
    settings = fast(min_steps=9)
    train(benchmark, settings, tmp_path / "whole")
    for _ in range(2):
        kill_at_first_save(lambda: train(benchmark, settings, tmp_path / "killed"))
    train(benchmark, settings, tmp_path / "killed")
    files = [(tmp_path / name / "checkpoint.safetensors").read_bytes() for name in ("whole", "killed")]
    assert files[0] == files[1]
    train(benchmark, settings, tmp_path / "other", seed=1)
    one, other = (read_arrays(tmp_path / name / "checkpoint.safetensors")[0] for name in ("whole", "other"))
    assert not np.array_equal(one["prompts.context"], other["prompts.context"])


def test_without_a_branch_no_model_is_needed_and_no_classes_are_scored(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    settings = fast(a_branch=False, score="c_branch", min_steps=3)
    nowhere = write_windows_set(
        tmp_path / "windows",
        {video: benchmark.store.read(video, "embedding")[:, 0] for video in benchmark.store.videos},
        {
            "selection_attention": {
                video: benchmark.store.read(video, "aggregate_selection_attention")
                for video in benchmark.store.videos
            }
        },
        settings={"model": "nowhere.json", "weights": "none", "seed": 0},
    )
    moved = benchmark._replace(store=nowhere)
    train(moved, settings, tmp_path / "run")
    scores = score(moved, settings, tmp_path / "run")
    assert set(scores) == set(benchmark.split.test)
    with Part.open(tmp_path / "run" / "scores.h5") as part:
        assert "class_scores" not in part.arrays
        assert part.attributes["classes"] == []


def test_a_video_of_a_class_without_text_is_named(benchmark: Benchmark, tmp_path: Path) -> None:
    texts = TextSettings(labels={"normal": "people walking", "flood": "a flood"})
    message = r"train-abnormal-\d+ is of the class fire, which has no text; texts.labels has normal, flood"
    with pytest.raises(VadbenchError, match=message):
        train(benchmark, fast(), tmp_path, texts=texts)
