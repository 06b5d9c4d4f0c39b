"""The towers of the demo's CLIP, through open_clip: made, loaded, written, applied to images and texts."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from vadbench.demo.training_images import GRID
from vadbench.demo.words import word_list
from vadbench.models.torchvision_compat import ensure_torchvision

VOCABULARY = 49408
CONTEXT = 32
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)  # of OpenAI's CLIP, which open_clip's transforms use by default
_PUNCTUATION = ".,!?'-"


class Vocabulary:
    """The tokens of the word list; training holds only their rows of the embedding table."""

    def __init__(self) -> None:
        self._tokenizer = _open_clip().SimpleTokenizer(context_length=CONTEXT)
        start, end = self._tokenizer.sot_token_id, self._tokenizer.eot_token_id
        pieces = {token for word in (*word_list(), *_PUNCTUATION) for token in self._tokenizer.encode(word)}
        self.used = torch.tensor(sorted(pieces | {0, start, end}))
        """Ids in the whole vocabulary, ascending, so that the end token stays the largest."""

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Texts -> (n, 32) places in `used`."""
        return torch.searchsorted(self.used, self._tokenizer(list(texts)))


def create_towers(config: dict[str, Any]) -> Any:
    """A randomly initialised model from an architecture in open_clip's form."""
    return _open_clip().CLIP(**config)


def load_towers(folder: Path) -> Any:
    """The model of a folder with clip.json and clip.safetensors, through open_clip, in float32."""
    towers = create_towers(json.loads((folder / "clip.json").read_text()))
    towers.load_state_dict(
        {name: value.float() for name, value in load_file(folder / "clip.safetensors").items()}
    )
    return towers.eval()


def write_weights(folder: Path, towers: Any, vocabulary: Vocabulary, config: dict[str, Any]) -> None:
    """Write the model as float16, the vocabulary at full height with zeros outside the word list."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().half().contiguous() for name, value in towers.state_dict().items()}
    rows = state["token_embedding.weight"]
    table = torch.zeros(VOCABULARY, rows.shape[1], dtype=torch.float16)
    table[vocabulary.used] = rows
    state["token_embedding.weight"] = table
    save_file(state, folder / "clip.safetensors", metadata={"format": "pt"})
    (folder / "clip.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "words.txt").write_text("\n".join(word_list()) + "\n")


def image_embeddings(towers: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 128, 128, 3) uint8 -> (n, D) unit vectors."""
    with torch.inference_mode():
        parts = [towers.encode_image(normalised(torch.from_numpy(part).float())) for part in _batches(pixels)]
        embedded: NDArray[np.float32] = functional.normalize(torch.cat(parts), dim=-1).numpy()
    return embedded


def text_embeddings(towers: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts -> (n, D) unit vectors."""
    return unit_texts(towers, _open_clip().SimpleTokenizer(context_length=CONTEXT)(list(texts)))


def unit_texts(towers: Any, tokens: Tensor) -> NDArray[np.float32]:
    """Tokens (n, 32) -> (n, D) unit vectors."""
    with torch.inference_mode():
        embedded: NDArray[np.float32] = functional.normalize(towers.encode_text(tokens), dim=-1).numpy()
    return embedded


def embed_windows(visual: Any, pixels: Tensor, corners: NDArray[np.int64], rows: int, columns: int) -> Tensor:
    """Embeddings (n, D) of the class token with one rectangle of tokens, each with its own position."""
    across = np.arange(rows)[:, None] * GRID + np.arange(columns)
    places = (corners[:, 0] * GRID + corners[:, 1])[:, None] + across.ravel()
    tokens = visual.conv1(pixels).flatten(2).transpose(1, 2) + visual.positional_embedding[1:]
    index = torch.from_numpy(places)[..., None].expand(-1, -1, tokens.shape[2])
    first = (visual.class_embedding + visual.positional_embedding[0]).expand(len(tokens), 1, -1)
    sequence = torch.cat([first, torch.gather(tokens, 1, index)], dim=1)
    seen = visual.transformer(visual.ln_pre(sequence))
    embedded: Tensor = visual.ln_post(seen[:, 0]) @ visual.proj
    return embedded


def normalised(pixels: Tensor) -> Tensor:
    """(n, 128, 128, 3) in 0 to 255 -> (n, 3, 128, 128) as the image tower takes it."""
    return ((pixels / 255 - torch.tensor(_MEAN)) / torch.tensor(_STD)).permute(0, 3, 1, 2)


def _batches(pixels: NDArray[np.uint8], size: int = 64) -> list[NDArray[np.uint8]]:
    return [pixels[start : start + size] for start in range(0, len(pixels), size)]


def token_rows(table: nn.Embedding, used: Tensor) -> nn.Embedding:
    """The embedding of some tokens only."""
    kept: nn.Embedding = nn.Embedding.from_pretrained(table.weight.detach()[used].clone(), freeze=False)
    return kept


@lru_cache(maxsize=1)
def _open_clip() -> Any:
    ensure_torchvision()
    import open_clip

    return open_clip
