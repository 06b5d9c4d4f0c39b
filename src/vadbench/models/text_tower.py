"""The text tower of a CLIP model, open where prompts that are learned enter it."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from vadbench.errors import VadbenchError
from vadbench.models.open_clip_import import import_open_clip


class TextTower:
    """A frozen text tower that takes token embeddings and the position to read, in place of tokens.

    No module: what learns through it holds it without owning, saving or training its parameters.

    Attributes:
        context_length: most tokens of a text, start and end included.
        width: W, length of a token embedding.
        start, end, padding: token numbers of the start, the end and what fills up behind it.
    """

    padding = 0

    def __init__(self, towers: Any, tokenizer: Any, check: Callable[[Sequence[str]], None]) -> None:
        _check_form(towers, tokenizer)
        self._towers = towers
        self._tokenizer = tokenizer
        self._check = check
        self.context_length = int(towers.context_length)
        self.width = int(towers.token_embedding.embedding_dim)
        self.start, self.end = int(tokenizer.sot_token_id), int(tokenizer.eot_token_id)

    def tokens(self, text: str) -> list[int]:
        """Token numbers of a text, without start and end.

        Raises VadbenchError for a word that the weights do not know, where they say which they do.
        """
        self._check([text])
        return [int(token) for token in self._tokenizer.encode(text)]

    def embedded(self, tokens: Tensor) -> Tensor:
        """Token numbers (…) int64 -> token embeddings (…, W), without position embedding and gradient."""
        with torch.no_grad():
            rows: Tensor = self._towers.token_embedding(tokens.to(self.device))
        return rows

    def read(self, rows: Tensor, ends: Tensor) -> Tensor:
        """Token embeddings (n, L, W) -> text embeddings (n, D), projected, not normalised.

        ends: (n,) position of each text's end token, where the tower is read. L may be shorter than
        `context_length`: attention is causal, so that what stands behind the end never counts.
        """
        towers, length = self._towers, rows.shape[1]
        hidden = rows + towers.positional_embedding[:length]
        hidden = towers.transformer(hidden, attn_mask=towers.attn_mask[:length, :length])
        read = towers.ln_final(hidden)[torch.arange(len(rows), device=rows.device), ends]
        embeddings: Tensor = read @ towers.text_projection
        return embeddings

    @property
    def device(self) -> torch.device:
        """Where the tower is."""
        device: torch.device = self._towers.token_embedding.weight.device
        return device


def _check_form(towers: Any, tokenizer: Any) -> None:
    """Refuse a tower that is not CLIP's own: causal, read at the end token, projected by a matrix."""
    open_clip = import_open_clip()
    if (
        not isinstance(towers, open_clip.CLIP)
        or not isinstance(tokenizer, open_clip.SimpleTokenizer)
        or towers.attn_mask is None
        or towers.text_pool_type not in ("argmax", "eos")
        or not isinstance(towers.text_projection, Tensor)
    ):
        raise VadbenchError(
            "model: prompts are learned through CLIP's own form of text tower (causal, read at the end "
            "token), which this model does not have; use features of a model such as ViT-B-16-quickgelu"
        )
