"""CLIP models of open_clip, loaded from this machine only."""

import difflib
import hashlib
import json
import logging
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from vadbench.errors import VadbenchError
from vadbench.models.device import resolve_device, resolve_precision
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.preprocess import Preprocess
from vadbench.models.text_tower import TextTower
from vadbench.models.weights import HUB_CONFIG, Weights, find_weights, packaged, plain_name
from vadbench.models.weights_files import CACHE, HUB, record_path
from vadbench.models.words import check_words

# What torch and open_clip raise for files that hold no weights; AttributeError where a file is no dictionary.
_LOADING_ERRORS = (
    *(OSError, RuntimeError, KeyError, ValueError, AttributeError, EOFError),
    *(SafetensorError, pickle.UnpicklingError),
)
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class ClipModel:
    """An image and a text tower with the transform that belongs to them.

    Attributes:
        preprocess: frame (H, W, 3) uint8 RGB -> crops (crops, height, width, 3) uint8.
        dimension: D, length of an embedding.
        weights_name, weights_sha256: what stores and tables say of the weights ("" where there is no file).
        device, precision: where the towers run and in which arithmetic ("fp32", "bf16" or "fp16").
    """

    def __init__(
        self, towers: Any, name: str, weights: Weights, preprocess: Preprocess, precision: str
    ) -> None:
        self._towers = towers.eval().requires_grad_(False)
        self._name = name
        self.preprocess = preprocess
        self.weights_name = weights.name
        self.weights_sha256 = weights.sha256
        self.precision = precision
        self.device: torch.device = self._towers.logit_scale.device
        with torch.inference_mode():
            self.dimension = self.embed_images(self.blank_images(1)).shape[1]

    def encode_images(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, height, width, 3) uint8 from `preprocess` -> (n, D) float32, projected, not normalised."""
        return self.compute(self.embed_images, pixels)

    def embed_images(self, images: torch.Tensor) -> torch.Tensor:
        """Normalised images (n, 3, height, width) -> (n, D), both on the model's device."""
        embeddings: torch.Tensor = self._towers.encode_image(images)
        return embeddings

    def blank_images(self, number: int) -> torch.Tensor:
        """(number, 3, height, width) zeros on the model's device, to see what comes of images."""
        size = self.preprocess.height, self.preprocess.width
        return torch.zeros(number, 3, *size, device=self.device)

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax: exp of the learned parameter."""
        return float(self._towers.logit_scale.exp())

    @property
    def image_tower(self) -> torch.nn.Module:
        """The frozen image tower, for what looks at its parts."""
        tower: torch.nn.Module = self._towers.visual
        return tower

    @property
    def parameters(self) -> int:
        """How many numbers both towers hold."""
        return sum(parameter.numel() for parameter in self._towers.parameters())

    def compute(
        self, forward: Callable[[torch.Tensor], torch.Tensor], pixels: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """`forward` of pixels (n, height, width, 3) uint8, in the model's arithmetic; float32.

        It gets them normalised, (n, 3, height, width) float32, on the model's device.
        """
        with torch.inference_mode(), self._autocast():
            batch = self.preprocess.normalise(torch.from_numpy(pixels).to(self.device))
            computed: NDArray[np.float32] = forward(batch).float().cpu().numpy()
        return computed

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts -> (n, D) float32, projected, not normalised.

        Raises VadbenchError for a text longer than the model reads and, with the demo's weights, for a text
        with a word that they do not know.
        """
        with torch.inference_mode(), self._autocast():
            embeddings: NDArray[np.float32] = self.embed_texts(texts).float().cpu().numpy()
        return embeddings

    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """What `encode_texts` gives, as (n, D) on the model's device."""
        self._check_words(texts)
        embeddings: torch.Tensor = self._towers.encode_text(self._tokens(texts).to(self.device))
        return embeddings

    def text_tower(self) -> TextTower:
        """The text tower, open for prompts that are learned; frozen, in fp32.

        Raises VadbenchError where it has not CLIP's own form.
        """
        return TextTower(self._towers, _tokenizer_of(self._name), self._check_words)

    def _check_words(self, texts: Sequence[str]) -> None:
        if self.weights_name == "demo":
            check_words(texts, packaged("words.txt").read_text(encoding="utf-8").split())

    def _tokens(self, texts: Sequence[str]) -> torch.Tensor:
        tokenizer = _tokenizer_of(self._name)
        if isinstance(tokenizer, import_open_clip().SimpleTokenizer):
            # open_clip cuts long texts off without a word; two of its tokens mark start and end.
            length = tokenizer.context_length
            long = [text for text in texts if len(tokenizer.encode(text)) + 2 > length]
            if long:
                raise VadbenchError(
                    f"the text {long[0]!r} is longer than the {length} tokens the model reads"
                )
        tokens: torch.Tensor = tokenizer(list(texts))
        return tokens

    def _autocast(self) -> torch.autocast:
        dtype = _AUTOCAST.get(self.precision, torch.float32)
        return torch.autocast(self.device.type, dtype=dtype, enabled=self.precision != "fp32")


def load_clip(
    model: str,
    weights: str,
    *,
    seed: int = 0,
    crops: int = 1,
    device: str = "auto",
    precision: str = "auto",
    cache: Path = CACHE,
) -> ClipModel:
    """A CLIP model, from files on this machine.

    Args:
        model: a name of open_clip ("ViT-B-16-quickgelu"), "demo", a JSON file with an architecture in
            open_clip's form, or a model of the hub that was fetched ("hf-hub:owner/name").
        weights: "demo", "none" (random), a file (.safetensors, or .pt without code in it), or a fetched tag.
        seed: of the random initialisation, for "none".
        crops: 1, 5 or 10 crops that `preprocess` takes of a frame.
        device: "auto", "cpu", "cuda", "cuda:1".
        precision: "auto" (fp32 on a CPU, autocast on a GPU), "fp32", "bf16" or "fp16".
        cache: folder of fetched weights.

    Raises:
        VadbenchError: for an unknown model or tag, missing or damaged weights, and weights that do not fit
            the model or were trained with another activation.
    """
    place = resolve_device(device)
    name, stated = _register(model, cache)
    found = find_weights(model, weights, cache)
    _check_activation(model, name, found)
    towers = _create(name, seed, {**found.preprocess, **stated})
    if found.file is not None:
        _load(towers, found.file, model)
    transform = Preprocess(towers.visual.preprocess_cfg, crops)
    return ClipModel(towers.to(place), name, found, transform, resolve_precision(precision, place))


def unfilled_clip(model: str, crops: int = 1, cache: Path = CACHE) -> ClipModel:
    """A CLIP model of shapes without numbers, on torch's meta device, for counting.

    It needs no weights, no memory and no time: what goes through it comes out as shapes. For `model` and what
    is raised see `load_clip`.
    """
    name, stated = _register(model, cache)
    towers = _create(name, 0, stated, "meta")
    transform = Preprocess(towers.visual.preprocess_cfg, crops)
    return ClipModel(towers, name, Weights("none"), transform, "fp32")


def _register(model: str, cache: Path) -> tuple[str, Mapping[str, Any]]:
    """The name under which open_clip knows an architecture, and the preprocessing that its file states."""
    if model == "demo":
        return _register_file(packaged("clip.json"))
    if model.startswith(HUB):
        return _register_file(record_path(model, "hub", cache).with_name(HUB_CONFIG))
    if model.endswith(".json"):
        return _register_file(Path(model))
    known = import_open_clip().list_models()
    if plain_name(model) not in known:
        near = ", ".join(difflib.get_close_matches(plain_name(model), known, cutoff=0.4)) or "none"
        raise VadbenchError(f"model: open_clip has no {model!r}; names like it: {near}")
    return plain_name(model), {}


def _register_file(file: Path) -> tuple[str, Mapping[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VadbenchError(f"model: {file} cannot be read as an architecture: {error}") from None
    if not isinstance(content, dict):
        raise VadbenchError(f"model: {file} cannot be read as an architecture: it holds no JSON object")
    # Files of the hub hold two parts; a plain architecture is the first of them.
    architecture = json.dumps(content.get("model_cfg", content), sort_keys=True)
    # open_clip takes the file's stem as a name for the whole process, so the name must not meet another's.
    name = f"{file.stem}-{hashlib.sha256(architecture.encode()).hexdigest()[:16]}"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{name}.json"
        copy.write_text(architecture)
        open_clip = import_open_clip()
        open_clip.add_model_config(copy)
        if name not in open_clip.list_models():
            raise VadbenchError(
                f"model: {file} is no architecture: it needs embed_dim, vision_cfg and text_cfg"
            )
    return name, content.get("preprocess_cfg", {})


def _create(name: str, seed: int, preprocess: Mapping[str, Any], device: str = "cpu") -> Any:
    """The towers of an architecture with random weights drawn from `seed`; none on the device "meta"."""
    size_is_the_towers = {key: value for key, value in preprocess.items() if key != "size"}
    with torch.random.fork_rng(devices=[]), _quiet(), torch.device(device):
        torch.manual_seed(seed)
        try:
            return import_open_clip().create_model(
                name, pretrained_text=False, force_preprocess_cfg=size_is_the_towers, device=device
            )
        except (OSError, ImportError, RuntimeError, TypeError, AssertionError) as error:
            raise VadbenchError(f"model: {name} cannot be built: {_first_line(error)}") from error


@cache
def _tokenizer_of(name: str) -> Any:
    """The tokenizer of an architecture; once, for reading its vocabulary takes longer than a small text."""
    try:
        return import_open_clip().get_tokenizer(name)
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        raise VadbenchError(f"{name}: its tokenizer is not here: {_first_line(error)}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without open_clip's remark that weights are random: the file's are loaded a moment later."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _load(towers: torch.nn.Module, file: Path, model: str) -> None:
    try:
        import_open_clip().load_checkpoint(towers, str(file), weights_only=True)
    except _LOADING_ERRORS as error:
        raise VadbenchError(f"{file}: not weights of {model}: {_first_line(error)}") from error


def _check_activation(model: str, name: str, weights: Weights) -> None:
    """Refuse weights trained with the other GELU: the result would be plausible and wrong."""
    has = bool(import_open_clip().get_model_config(name).get("quick_gelu", False))
    if weights.quick_gelu is not None and weights.quick_gelu != has:
        right = f"{model}-quickgelu" if weights.quick_gelu else model.removesuffix("-quickgelu")
        activation = "QuickGELU" if weights.quick_gelu else "GELU"
        raise VadbenchError(f"weights: {weights.name} was trained with {activation}; set model: {right}")


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
