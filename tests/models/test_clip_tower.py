"""Loading models and embedding with them."""

import json
import pickle
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tiny_clip import write_architecture, write_weights
from vadbench.errors import VadbenchError
from vadbench.models import clip_tower, weights
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.open_clip_import import import_open_clip


@pytest.fixture(scope="module")
def architecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_architecture(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def file(architecture: Path) -> Path:
    return write_weights(architecture)


@pytest.fixture(scope="module")
def model(architecture: Path, file: Path) -> ClipModel:
    return load_clip(str(architecture), str(file), device="cpu")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"the network was asked for: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 40, 60, 3), np.uint8)


def test_embeddings_are_those_of_open_clip(model: ClipModel, architecture: Path, file: Path) -> None:
    open_clip = import_open_clip()
    name, _ = clip_tower._register_file(architecture)
    towers, _, transform = open_clip.create_model_and_transforms(name, pretrained=str(file))
    towers.eval()
    images = _images(6)
    with torch.inference_mode():
        expected = towers.encode_image(torch.stack([transform(Image.fromarray(image)) for image in images]))
        texts = towers.encode_text(open_clip.get_tokenizer(name)(["a fight", "a quiet street"]))
    ours = model.encode_images(np.concatenate([model.preprocess(image) for image in images]))
    assert ours.dtype == np.float32
    assert np.array_equal(ours, expected.numpy())
    # Frozen parameters let torch take a faster path through the text tower.
    assert np.allclose(model.encode_texts(["a fight", "a quiet street"]), texts.numpy(), rtol=1e-4, atol=1e-5)
    assert model.dimension == 16
    assert model.logit_scale == pytest.approx(towers.logit_scale.exp().item())


def test_embeddings_are_projected_and_not_normalised(model: ClipModel) -> None:
    lengths = np.linalg.norm(
        model.encode_images(np.concatenate([model.preprocess(i) for i in _images(4)])), axis=1
    )
    assert np.abs(lengths - 1).min() > 0.01


def test_neighbours_in_a_batch_do_not_matter(model: ClipModel) -> None:
    pixels = np.concatenate([model.preprocess(image) for image in _images(9)])
    alone = np.concatenate([model.encode_images(pixels[i : i + 1]) for i in range(9)])
    assert np.allclose(model.encode_images(pixels), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_low_precision_gives_the_same_directions(
    model: ClipModel, architecture: Path, file: Path, precision: str
) -> None:
    low = load_clip(str(architecture), str(file), device="cpu", precision=precision)
    pixels = np.concatenate([model.preprocess(image) for image in _images(5)])
    one, other = model.encode_images(pixels), low.encode_images(pixels)
    assert other.dtype == np.float32
    cosines = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.99
    assert not np.array_equal(one, other)


def test_random_weights_follow_the_seed_and_leave_the_generator_alone(architecture: Path) -> None:
    state = torch.get_rng_state()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    first, again, other = (
        load_clip(str(architecture), "none", seed=seed, device="cpu").encode_images(pixels)
        for seed in (1, 1, 2)
    )
    assert torch.equal(state, torch.get_rng_state())
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_loading_needs_no_network(no_network: None, architecture: Path, file: Path) -> None:
    load_clip(str(architecture), str(file), device="cpu").encode_texts(["a person"])
    load_clip(str(architecture), "none", device="cpu")
    load_clip("ViT-S-32-alt", "none", device="cpu").encode_texts(["a person"])
    with pytest.raises(VadbenchError, match="vadbench fetch-weights ViT-B-32-quickgelu openai"):
        load_clip("ViT-B-32-quickgelu", "openai", device="cpu")


def test_weights_carry_name_and_digest(model: ClipModel, file: Path) -> None:
    assert (model.weights_name, model.weights_sha256) == ("tiny.safetensors", weights.file_digest(file))


def test_a_plain_pt_file_loads_and_one_with_code_does_not(
    architecture: Path, model: ClipModel, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.pt"
    torch.save(model._towers.state_dict(), plain)
    pixels = np.zeros((1, 32, 32, 3), np.uint8)
    loaded = load_clip(str(architecture), str(plain), device="cpu")
    assert np.array_equal(loaded.encode_images(pixels), model.encode_images(pixels))

    class Malicious:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "executed",)

    evil = tmp_path / "evil.pt"
    evil.write_bytes(pickle.dumps({"state_dict": Malicious()}))
    with pytest.raises(VadbenchError, match=r"evil\.pt: not weights"):
        load_clip(str(architecture), str(evil), device="cpu")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("content", [None, 3, [1], {"a": 1}])
def test_a_pt_file_of_anything_else_is_refused(architecture: Path, tmp_path: Path, content: object) -> None:
    other = tmp_path / "other.pt"
    torch.save(content, other)
    with pytest.raises(VadbenchError, match=r"other\.pt: not weights"):
        load_clip(str(architecture), str(other), device="cpu")
    other.write_bytes(b"")
    with pytest.raises(VadbenchError, match=r"other\.pt: not weights"):
        load_clip(str(architecture), str(other), device="cpu")


@pytest.mark.parametrize("content", ["[]", "3", "{", "{}", '{"model_cfg": []}'])
def test_a_file_that_is_no_architecture_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(VadbenchError, match="architecture"):
        load_clip(str(tmp_path / "other.json"), "none", device="cpu")


def test_weights_of_another_architecture_and_damaged_ones_are_refused(file: Path, tmp_path: Path) -> None:
    wider = write_architecture(tmp_path, embed_dim=24)
    with pytest.raises(VadbenchError, match="not weights of"):
        load_clip(str(wider), str(file), device="cpu")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(VadbenchError, match=r"cut\.safetensors"):
        load_clip(str(wider), str(cut), device="cpu")
    with pytest.raises(VadbenchError, match="no such file"):
        load_clip(str(wider), str(tmp_path / "absent.pt"), device="cpu")


def test_an_unknown_model_or_tag_lists_what_is_near() -> None:
    with pytest.raises(VadbenchError, match="ViT-B-16"):
        load_clip("ViT-B-61", "none")
    with pytest.raises(VadbenchError, match="laion2b_s34b_b88k"):
        load_clip("ViT-B-16", "laion2b")
    with pytest.raises(VadbenchError, match="architecture"):
        load_clip("absent.json", "none")


def test_a_wrong_activation_is_refused(architecture: Path, file: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "vit_openai.safetensors"
    renamed.write_bytes(file.read_bytes())
    with pytest.raises(VadbenchError, match="QuickGELU"):
        load_clip(str(architecture), str(renamed), device="cpu")
    quick = write_architecture(tmp_path, quick_gelu=True)
    load_clip(str(quick), str(renamed), device="cpu")


def test_a_long_text_is_not_cut_off(model: ClipModel) -> None:
    model.encode_texts(["word " * 14])
    with pytest.raises(VadbenchError, match="16 tokens"):
        model.encode_texts(["word " * 15])


def test_the_demo_weights_know_their_words_only(
    architecture: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.json").write_bytes(architecture.read_bytes())
    (tmp_path / "clip.safetensors").write_bytes(file.read_bytes())
    (tmp_path / "words.txt").write_text("a\nperson\nwalking\n")
    monkeypatch.setattr(weights, "packaged", tmp_path.joinpath)
    monkeypatch.setattr(clip_tower, "packaged", tmp_path.joinpath)
    demo = load_clip("demo", "demo", device="cpu")
    assert demo.weights_name == "demo"
    assert demo.encode_texts(["A person, walking."]).shape == (1, 16)
    with pytest.raises(VadbenchError, match="'zeppelin'"):
        demo.encode_texts(["a person walking", "a zeppelin"])
    load_clip("demo", "none", device="cpu").encode_texts(["a zeppelin"])
    with pytest.raises(VadbenchError, match="model: demo"):
        load_clip(str(architecture), "demo", device="cpu")


def test_the_files_preprocessing_is_used(tmp_path: Path, architecture: Path) -> None:
    nested = tmp_path / "open_clip_config.json"
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "resize_mode": "squash",
        "interpolation": "bicubic",
    }
    nested.write_text(
        json.dumps({"model_cfg": json.loads(architecture.read_text()), "preprocess_cfg": preprocess})
    )
    loaded = load_clip(str(nested), "none", device="cpu")
    white = np.full((20, 90, 3), 255, np.uint8)
    pixels = loaded.preprocess(white)
    assert pixels.shape == (1, 32, 32, 3)
    assert torch.equal(loaded.preprocess.normalise(torch.from_numpy(pixels)).unique(), torch.tensor([1.0]))
