"""Zero-shot CLIP: probabilities against a plain loop, and the text tower of the features' own model."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from feature_sets import read_scores, score_inputs, weak_split, write_clip_set
from tiny_clip import write_architecture, write_weights
from vadbench.config import TextSettings, ZeroShotSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.zero_shot import class_probabilities
from vadbench.models.clip_tower import load_clip
from vadbench.store import Part

TEXTS = TextSettings(
    template="a photo of {}",
    labels={
        "fire": "a fire",
        "normal": ("an empty street", "people walking"),
        "fall": "a person on the ground",
    },
)


def loop_probabilities(
    frames: np.ndarray, texts: np.ndarray, owners: list[int], scale: float
) -> list[list[float]]:
    result = []
    for frame in frames:
        cosines = [float(frame @ text / math.sqrt(frame @ frame) / math.sqrt(text @ text)) for text in texts]
        powers = [math.exp(scale * cosine) for cosine in cosines]
        result.append(
            [
                sum(p for p, owner in zip(powers, owners, strict=True) if owner == c) / sum(powers)
                for c in range(3)
            ]
        )
    return result


def test_probabilities_are_the_loop() -> None:
    draw = np.random.default_rng(0)
    frames, texts = draw.normal(size=(6, 9)) * 10, draw.normal(size=(4, 9)) * 0.1
    owners = [0, 0, 1, 2]
    result = class_probabilities(
        frames.astype(np.float32), texts.astype(np.float32), np.array(owners), logit_scale=5.0
    )
    np.testing.assert_allclose(result, loop_probabilities(frames, texts, owners, 5.0), rtol=1e-5)
    np.testing.assert_allclose(result.sum(axis=1), 1, rtol=1e-6)


def test_large_scales_do_not_overflow() -> None:
    frames, texts = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)
    np.testing.assert_array_equal(class_probabilities(frames, texts, np.arange(3), 1e4), np.eye(3))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    architecture = write_architecture(tmp_path_factory.mktemp("model"))
    return str(architecture), str(write_weights(architecture))


def made_store(folder: Path, model: tuple[str, str], sha: str | None = None):  # type: ignore[no-untyped-def]
    """Frames that are the model's own embeddings of texts: which class each looks like is known."""
    clip = load_clip(*model, device="cpu", precision="fp32")
    looks = {
        "fire": ["a photo of a fire"],
        "calm": ["a photo of people walking", "a photo of an empty street"],
    }
    return write_clip_set(
        folder,
        {id: clip.encode_texts(texts) for id, texts in looks.items()},
        settings={"model": model[0], "weights": model[1], "seed": 0},
        weights={clip.weights_name: sha or clip.weights_sha256},
    )


def test_the_score_is_how_little_a_frame_looks_normal(tmp_path: Path, model: tuple[str, str]) -> None:
    store = made_store(tmp_path / "clip", model)
    inputs = score_inputs(
        store, weak_split((), ("calm", "fire")), ZeroShotSettings(), tmp_path / "run", texts=TEXTS
    )
    METHODS["zero_shot"].score(inputs)
    scores = read_scores(tmp_path / "run" / "scores.h5")
    classes = read_scores(tmp_path / "run" / "scores.h5", "class_scores")
    assert classes["fire"].shape == (1, 3)
    # Classes are normal, fire, fall: normal first, the others as they stand in the file.
    with Part.open(tmp_path / "run" / "scores.h5") as part:
        assert part.attributes["classes"] == ["normal", "fire", "fall"]
        assert part.attributes["selection"] == "none"
        assert dict(part.weights) == dict(store.weights)
    for video in ("calm", "fire"):
        np.testing.assert_allclose(scores[video], 1 - classes[video][:, 0], atol=1e-6)
    clip = load_clip(*model, device="cpu", precision="fp32")
    prompts = ["an empty street", "people walking", "a fire", "a person on the ground"]
    texts = clip.encode_texts([f"a photo of {text}" for text in prompts])
    for video in ("calm", "fire"):
        rows = store.read(video, "embedding")[:, 0].astype(np.float64)
        expected = loop_probabilities(rows, texts.astype(np.float64), [0, 0, 1, 2], clip.logit_scale)
        np.testing.assert_allclose(classes[video], expected, rtol=1e-4)
    recorded = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert recorded["texts"]["template"] == "a photo of {}"


def test_weights_that_changed_since_are_refused(tmp_path: Path, model: tuple[str, str]) -> None:
    store = made_store(tmp_path / "clip", model, sha="0" * 64)
    inputs = score_inputs(store, weak_split((), ("fire",)), ZeroShotSettings(), tmp_path / "run", texts=TEXTS)
    with pytest.raises(VadbenchError, match="made with other weights"):
        METHODS["zero_shot"].score(inputs)
