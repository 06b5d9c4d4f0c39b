"""VadCLIP's training and scoring on small stores: what learns, what does not, and what scores depend on."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_clip_set
from tiny_clip import write_architecture, write_weights
from vadbench.config import TextSettings, VadClipSettings
from vadbench.datasets import Annotations, Split, VideoAnnotation
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.checkpoint import read_arrays, read_record
from vadbench.methods.layers.features import embeddings
from vadbench.methods.layers.training import Learner
from vadbench.methods.vadclip import training
from vadbench.methods.vadclip.model import Output
from vadbench.methods.vadclip.scoring import build, row_scores
from vadbench.metrics import roc_auc
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.store import Part, Store

WIDTH = 16
TEXTS = TextSettings(labels={"normal": "normal", "fire": "a fire", "fall": "someone falling down"})
CLASSES = ("fire", "fall")
EVENT = slice(10, 20)


class Model(NamedTuple):
    settings: dict[str, object]
    weights: dict[str, str]
    clip: ClipModel


class Made(NamedTuple):
    store: Store
    split: Split
    labels: Annotations


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    architecture = write_architecture(tmp_path_factory.mktemp("model"))
    file = write_weights(architecture)
    clip = load_clip(str(architecture), str(file), device="cpu", precision="fp32")
    settings: dict[str, object] = {"model": str(architecture), "weights": str(file), "seed": 0}
    return Model(settings, {clip.weights_name: clip.weights_sha256}, clip)


def made_videos(count: int, seed: int) -> dict[str, np.ndarray]:
    """Every other video is abnormal: ten of its rows lean towards the direction of its class."""
    draw = np.random.default_rng(seed)
    videos = {}
    for number in range(count):
        name = ("normal", CLASSES[number // 2 % 2])[number % 2]
        x = draw.normal(size=(24 + number, WIDTH))
        x[:, 0] += 3
        if name != "normal":
            x[EVENT] += 5 * np.eye(WIDTH)[1 + CLASSES.index(name)]
        videos[f"{seed}-{name}-{number}"] = x
    return videos


def labelled(videos: Sequence[str]) -> Annotations:
    def classes(id: str) -> tuple[str, ...]:
        return tuple(name for name in CLASSES if name in id)

    known = {id: VideoAnnotation(classes=classes(id)) for id in videos}
    return Annotations(benchmark="made", classes=("normal", *CLASSES), splits={}, videos=known)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny: Model) -> Made:
    train, test = made_videos(16, 1), made_videos(6, 2)
    folder = tmp_path_factory.mktemp("clip")
    store = write_clip_set(folder, {**train, **test}, parts=2, settings=tiny.settings, weights=tiny.weights)
    return Made(store, weak_split(tuple(train), tuple(test)), labelled(tuple(train)))


def fast(**more: Any) -> VadClipSettings:
    """Two vectors on either side: the small tower reads 16 tokens."""
    given = {"lr": 3e-3, "lr_milestones": (), "epochs": 2, "min_steps": 4, "half_batch": 4}
    sizes = {"prompt_before": 2, "prompt_after": 2, "layers": 1, "max_length": 32}
    return VadClipSettings(**{**given, **sizes, **more})


LEARNED = {"min_steps": 60}


def trained(made: Made, settings: VadClipSettings, out: Path, **more: Any) -> Path:
    given = {"annotations": made.labels, "texts": TEXTS} | more
    METHODS["vadclip"].train(train_inputs(made.store, made.split, settings, out, **given))
    return out / "checkpoint.safetensors"


def scored(made: Made, settings: VadClipSettings, run: Path, **more: Any) -> dict[str, np.ndarray]:
    given = {"split": made.split, "texts": TEXTS, "out": run / "scores.h5"} | more
    METHODS["vadclip"].score(score_inputs(made.store, settings=settings, run=run, **given))
    return read_scores(given["out"])


@pytest.fixture(scope="module")
def learned(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    trained(made, fast(**LEARNED), out)
    return out


@pytest.mark.parametrize("branch", ["c_branch", "a_branch"])
def test_it_learns_which_rows_are_abnormal_and_of_what_class(
    made: Made, learned: Path, branch: str, tmp_path: Path
) -> None:
    scores = scored(made, fast(**LEARNED, score=branch), learned, out=tmp_path / "scores.h5")
    classes = read_scores(tmp_path / "scores.h5", "class_scores")
    with Part.open(tmp_path / "scores.h5") as part:
        assert part.attributes["classes"] == ["normal", "fire", "fall"]
        assert part.attributes["selection"] == "last"
    assert list(scores) == list(made.split.test)
    calm = np.mean([scores[video].mean() for video in made.split.test if "normal" in video])
    for video in made.split.test:
        assert len(scores[video]) == made.store.row_count(video)
        assert 0 <= scores[video].min() <= scores[video].max() <= 1
        np.testing.assert_allclose(classes[video].sum(axis=1), 1, rtol=1e-5)
        if branch == "a_branch":
            np.testing.assert_allclose(scores[video], 1 - classes[video][:, 0], atol=1e-6)
        name = next((name for name in CLASSES if name in video), None)
        if name is not None:
            inside = np.isin(np.arange(len(scores[video])), np.arange(40)[EVENT])
            # The A-branch sees the video in its prompts: its rows differ less.
            assert roc_auc(inside, scores[video]) > {"c_branch": 0.9, "a_branch": 0.7}[branch]
            assert scores[video][EVENT].mean() > calm + 0.3
            right = 1 + CLASSES.index(name)
            assert (classes[video][EVENT].argmax(axis=1) == right).mean() > 0.7


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("branch", ["c_branch", "a_branch"])
def test_row_scores_are_the_networks_outputs_piece_by_piece(
    made: Made, tiny: Model, branch: str, literal: bool, tmp_path: Path
) -> None:
    """Of a network that has not learned: rows 0 to 9, 10 to 19, 20 to 23, the last with zeros if literal.

    A piece of 30 rows holds the whole video.
    """
    for length in (10, 30):
        settings = fast(max_length=length, score=branch, tau=0.5, literal_padding=literal)
        check_row_scores(made, tiny, settings, tmp_path)


def check_row_scores(made: Made, tiny: Model, settings: VadClipSettings, tmp_path: Path) -> None:
    video = made.split.train[0]
    torch.manual_seed(0)
    inputs = score_inputs(made.store, made.split, settings, tmp_path, texts=TEXTS)
    model = build(inputs, tiny.clip).eval()
    with torch.inference_mode():
        texts = model.prompts()
        rows = torch.from_numpy(embeddings(made.store, video))
        pieces = []
        for piece in rows.split(settings.max_length):
            spare = settings.max_length - len(piece) if settings.literal_padding else 0
            wide = torch.nn.functional.pad(piece, (0, 0, 0, spare))
            output = model(wide[None], torch.tensor([len(piece)]), texts)
            pieces.append(Output(*(value[0, : len(piece)] for value in output)))
    shares = torch.cat([(piece.similarities / 0.5).exp() for piece in pieces]).numpy()
    shares /= shares.sum(axis=1, keepdims=True)
    logits = torch.cat([piece.logits for piece in pieces]).numpy()
    result = row_scores(model, texts, made.store, video)
    np.testing.assert_allclose(result["class_scores"], shares, rtol=1e-4)
    expected = 1 / (1 + np.exp(-logits)) if settings.score == "c_branch" else 1 - shares[:, 0]
    np.testing.assert_allclose(result["score"], expected, rtol=1e-4)


def test_the_branches_score_differently(made: Made, learned: Path, tmp_path: Path) -> None:
    one = scored(made, fast(**LEARNED, score="c_branch"), learned, out=tmp_path / "c.h5")
    other = scored(made, fast(**LEARNED, score="a_branch"), learned, out=tmp_path / "a.h5")
    assert all(np.abs(one[video] - other[video]).max() > 1e-3 for video in made.split.test)


def test_the_order_of_videos_changes_no_score(made: Made, learned: Path, tmp_path: Path) -> None:
    plain = scored(made, fast(**LEARNED), learned, out=tmp_path / "plain.h5")
    turned = weak_split((), made.split.test[::-1])
    others = scored(made, fast(**LEARNED), learned, split=turned, out=tmp_path / "turned.h5")
    for video in made.split.test:
        np.testing.assert_array_equal(plain[video], others[video])


def test_a_long_video_is_scored_piece_by_piece(
    made: Made, tiny: Model, learned: Path, tmp_path: Path
) -> None:
    """Rows 0 to 31 of the 32 that are learned are one piece; what follows is scored as if it stood alone."""
    x = next(iter(made_videos(1, 9).values()))
    long = np.concatenate([x, x])[:45]
    store = write_clip_set(
        tmp_path / "clip",
        {"whole": long, "head": long[:32], "tail": long[32:]},
        settings=tiny.settings,
        weights=tiny.weights,
    )
    split = weak_split((), ("whole", "head", "tail"))
    scores = scored(Made(store, split, made.labels), fast(**LEARNED), learned, out=tmp_path / "scores.h5")
    np.testing.assert_allclose(scores["whole"], np.concatenate([scores["head"], scores["tail"]]), atol=1e-6)


def test_the_checkpoint_holds_what_learns_and_nothing_of_the_tower(made: Made, learned: Path) -> None:
    arrays, _ = read_arrays(learned / "checkpoint.safetensors")
    assert arrays["prompts.context"].shape == (4, 32)
    assert not [name for name in arrays if "token_embedding" in name or "transformer.resblocks" in name]
    recorded = read_record(learned / "checkpoint.safetensors")
    assert recorded["training"]["steps"] == 60
    assert recorded["training"]["selection"] == {"rule": "last"}
    assert recorded["texts"]["labels"]["fire"] == ["a fire"]


def test_equal_seeds_give_equal_bits_and_other_seeds_do_not(made: Made, tmp_path: Path) -> None:
    one, same, other = [
        trained(made, fast(), tmp_path / name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert one.read_bytes() == same.read_bytes()
    contexts = [read_arrays(path)[0]["prompts.context"] for path in (one, other)]
    assert not np.array_equal(*contexts)


@pytest.mark.parametrize("selection", ["last", "held_out"])
def test_an_interrupted_training_ends_with_the_same_bits(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, selection: str
) -> None:
    settings = fast(selection=selection, epochs=3, min_steps=7)
    whole = trained(made, settings, tmp_path / "whole")
    inner = training.total_loss
    for cut in (0, 3, 6):
        calls = iter(range(1000))

        def failing(*arguments: Any, cut: int = cut, calls: Any = calls, **named: Any) -> torch.Tensor:
            if next(calls) == cut:
                raise KeyboardInterrupt
            return inner(*arguments, **named)

        monkeypatch.setattr(training, "total_loss", failing)
        out = tmp_path / f"cut-{cut}"
        with pytest.raises(KeyboardInterrupt):
            trained(made, settings, out)
        monkeypatch.setattr(training, "total_loss", inner)
        torch.manual_seed(99)
        assert trained(made, settings, out).read_bytes() == whole.read_bytes()


def learner_of(
    made: Made, settings: VadClipSettings, out: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[Learner, Any]:
    """The learner and the samples that `train` would hand to the loop."""
    caught: list[Any] = []

    def catch(inputs: Any, build: Any, samples: Any) -> None:
        torch.manual_seed(0)
        caught.extend((build(), samples))

    monkeypatch.setattr(training, "train_weak", catch)
    given = {"annotations": made.labels, "texts": TEXTS} | more
    METHODS["vadclip"].train(train_inputs(made.store, made.split, settings, out, **given))
    return caught[0], caught[1]


def test_gradients_reach_the_prompts_and_nothing_frozen(
    made: Made, tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "clip_of", lambda *_: tiny.clip)
    towers = tiny.clip._towers
    before = hashlib.sha256(
        b"".join(value.numpy().tobytes() for value in towers.state_dict().values())
    ).hexdigest()
    learner, _ = learner_of(made, fast(), tmp_path, monkeypatch)
    start = {name: value.detach().clone() for name, value in learner.module.named_parameters()}
    assert {id(p) for group in learner.optimizer.param_groups for p in group["params"]} == {
        id(p) for p in learner.module.parameters()
    }
    learner.loss(made.split.train[0:8:2], made.split.train[1:8:2]).backward()
    for name, value in learner.module.named_parameters():
        assert value.grad is not None, name
        # Behind the longest video of the batch no position is learned.
        assert value.grad.any(), name
    learner.optimizer.step()
    moved = {name for name, value in learner.module.named_parameters() if not torch.equal(value, start[name])}
    assert moved == set(start)
    assert all(value.grad is None and not value.requires_grad for value in towers.parameters())
    after = hashlib.sha256(b"".join(value.numpy().tobytes() for value in towers.state_dict().values()))
    assert after.hexdigest() == before


def test_settings_reach_the_optimizer(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learner, _ = learner_of(
        made, fast(lr=1.0, lr_milestones=(3, 6, 10), weight_decay=0.2), tmp_path, monkeypatch
    )
    assert isinstance(learner.optimizer, torch.optim.AdamW)
    assert learner.optimizer.param_groups[0]["weight_decay"] == 0.2
    rates = [learner.learning_rate(part) for part in (0, 2, 3, 5, 6, 9, 10)]
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01, 0.001])


def test_what_the_loss_is_given(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos of several classes count half for each; lengths are true ones; padding as asked."""
    both = dict(made.labels.videos)
    first = made.split.train[1]
    both[first] = VideoAnnotation(classes=("fire", "fall"))
    labels = made.labels.model_copy(update={"videos": both})
    seen: dict[str, Any] = {}
    inner = training.total_loss

    def watching(output: Any, texts: Any, targets: Any, lengths: Any, **named: Any) -> torch.Tensor:
        seen.update(output=output, targets=targets, lengths=lengths, texts=texts, **named)
        return inner(output, texts, targets, lengths, **named)

    monkeypatch.setattr(training, "total_loss", watching)
    normal, abnormal = [made.split.train[0]], [first, made.split.train[3]]
    settings = fast(contrast=0.7, tau=0.5, literal_padding=True)
    learner, samples = learner_of(made, settings, tmp_path, monkeypatch, annotations=labels)
    assert samples(made.split.train) == made.split.train
    literal = float(learner.loss(normal, abnormal).detach())
    assert seen["targets"].tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert seen["lengths"].tolist() == [24, 25, 27]
    assert (seen["contrast"], seen["tau"]) == (0.7, 0.5)
    assert seen["output"].logits.shape == (3, 32)
    assert seen["texts"].shape == (3, WIDTH)
    plain = settings.model_copy(update={"literal_padding": False})
    learner, _ = learner_of(made, plain, tmp_path, monkeypatch, annotations=labels)
    masked = float(learner.loss(normal, abnormal).detach())
    assert seen["output"].logits.shape == (3, 27)
    assert abs(literal - masked) > 1e-4


@pytest.fixture(scope="module")
def cropped(tmp_path_factory: pytest.TempPathFactory, tiny: Model, made: Made) -> Made:
    """Five crops, each turned a little otherwise."""
    draw = np.random.default_rng(3)
    videos = {
        id: made.store.read(id, "embedding")[:, :1] + 0.5 * draw.normal(size=(1, 5, WIDTH))
        for id in (*made.split.train, *made.split.test)
    }
    store = write_clip_set(
        tmp_path_factory.mktemp("crops"), videos, settings=tiny.settings, weights=tiny.weights
    )
    return Made(store, made.split, made.labels)


def test_each_crop_is_a_sample_or_their_mean_is(
    cropped: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: dict[str, Any] = {}
    rows_of = training.FittedRows.batch

    def watching(self: Any, names: Sequence[str]) -> Any:
        rows, lengths = rows_of(self, names)
        batches.update(zip(names, rows, strict=True))
        return rows, lengths

    monkeypatch.setattr(training.FittedRows, "batch", watching)
    first, second = cropped.split.train[:2]
    learner, samples = learner_of(cropped, fast(), tmp_path, monkeypatch)
    names = samples((first,)), samples((second,))
    assert [len(half) for half in names] == [5, 5]
    assert len(set(names[0] + names[1])) == 10
    learner.loss(*names)
    stored = cropped.store.read(second, "embedding").astype(np.float32)
    for place, name in enumerate(names[1]):
        np.testing.assert_array_equal(batches[name][: len(stored)], stored[:, place])
    learner, samples = learner_of(cropped, fast(train_crops="mean"), tmp_path, monkeypatch)
    assert samples((first, second)) == (first, second)
    learner.loss([first], [second])
    np.testing.assert_allclose(batches[second][: len(stored)], stored.mean(axis=1), rtol=1e-6)


def test_one_crop_is_scored_or_the_mean_of_all(cropped: Made, tmp_path: Path) -> None:
    trained(cropped, fast(), tmp_path / "run")
    crops = ("center", "top_left", "top_right", "bottom_left", "bottom_right")
    each = {
        crop: scored(cropped, fast(test_crop=crop), tmp_path / "run", out=tmp_path / f"{crop}.h5")
        for crop in (*crops, "mean")
    }
    for video in cropped.split.test:
        assert np.abs(each["center"][video] - each["top_left"][video]).max() > 1e-4
        mean = np.mean([each[crop][video] for crop in crops], axis=0)
        np.testing.assert_allclose(each["mean"][video], mean, atol=1e-6)
    recorded = read_record(tmp_path / "run" / "checkpoint.safetensors")["training"]
    assert recorded["steps_per_epoch"] == 8 * 5 // 4


def test_crops_of_a_held_out_video_do_not_train_the_choice(
    cropped: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vadbench.methods.layers import weak

    drawn: list[set[str]] = []
    train = weak.train

    def watching(learner: Any, batches: Any, *more: Any, **named: Any) -> Any:
        drawn.append({name.split(",")[0] for name in (*batches.normal, *batches.abnormal)})
        return train(learner, batches, *more, **named)

    monkeypatch.setattr(weak, "train", watching)
    trained(cropped, fast(selection="held_out", held_out=0.25), tmp_path)
    out = read_record(tmp_path / "checkpoint.safetensors")["training"]["selection"]["held_out"]
    assert len(out) == 4
    assert drawn == [set(cropped.split.train) - set(out), set(cropped.split.train)]


def test_a_crop_that_is_not_there_stops_before_the_training(made: Made, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="no crop 'top_left'"):
        trained(made, fast(test_crop="top_left"), tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_relabelled_video_starts_the_training_anew(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed training is not continued when a video's class was corrected, though it stays abnormal."""
    settings = fast(epochs=4, min_steps=8)
    inner, calls = training.total_loss, iter(range(1000))

    def failing(*arguments: Any, **named: Any) -> torch.Tensor:
        if next(calls) == 5:
            raise KeyboardInterrupt
        return inner(*arguments, **named)

    monkeypatch.setattr(training, "total_loss", failing)
    with pytest.raises(KeyboardInterrupt):
        trained(made, settings, tmp_path / "cut")
    monkeypatch.setattr(training, "total_loss", inner)
    videos = dict(made.labels.videos) | {made.split.train[1]: VideoAnnotation(classes=("fall",))}
    labels = made.labels.model_copy(update={"videos": videos})
    resumed = trained(made, settings, tmp_path / "cut", annotations=labels).read_bytes()
    assert resumed == trained(made, settings, tmp_path / "whole", annotations=labels).read_bytes()
