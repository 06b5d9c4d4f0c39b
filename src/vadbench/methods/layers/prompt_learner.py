"""Learned prompts (CoOp): vectors that take the place of words, read through CLIP's frozen text tower."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vadbench.config import TextSettings
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import ClipModel

DEVIATION = 0.01


class PromptLearner(nn.Module):
    """Embeddings of class texts inside a learned context.

    A prompt is start token, `before` learned vectors, the tokens of the class's text, `after` learned
    vectors, end token; the position embedding is added as for any text, and the tower is read where the end
    token stands now. Zhou et al., Learning to Prompt for Vision-Language Models, IJCV 2022; VadCLIP has ten
    vectors on either side. (Its public code numbers the vectors by position, so that those after the text
    shift with the text's length; here every class sees the same ones.)

    The tower stays frozen and is no part of the module's state: gradients reach `context` alone.

    Args:
        model: whose text tower reads the prompts; the tower stays on the model's device.
        class_texts: 1 + C texts, without template.
        before, after: number of learned vectors on either side of a text.
        generator: draws the context, N(0, 0.01^2); None: torch's own.

    Attributes:
        context: (before + after, W), shared by all classes.

    Raises:
        VadbenchError: a prompt is longer than the tower reads, or the tower has not CLIP's form.
    """

    def __init__(
        self,
        model: ClipModel,
        class_texts: Sequence[str],
        before: int,
        after: int,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        # In a tuple, so that the module does not see the tower.
        self._tower = (model.text_tower(),)
        tower = self._tower[0]
        names = [tower.tokens(text) for text in class_texts]
        for text, name in zip(class_texts, names, strict=True):
            _check_length(text, before + len(name) + after + 2, tower.context_length)
        ends = torch.tensor([before + len(name) + after + 1 for name in names])
        tokens, learned = _template(names, ends, before, after, (tower.start, tower.end, tower.padding))
        drawn = DEVIATION * torch.randn(before + after, tower.width, generator=generator)
        self.context = nn.Parameter(drawn.to(tower.device))
        self._ends = ends.to(tower.device)
        self._learned = learned.to(tower.device)
        self._fixed = tower.embedded(tokens)

    def forward(self) -> Tensor:
        """(1 + C, D) embeddings of the classes, projected, not normalised."""
        rows = self._fixed.clone()
        rows[self._learned] = self.context.repeat(len(rows), 1)
        return self._tower[0].read(rows, self._ends)


def class_texts(texts: TextSettings) -> list[str]:
    """The text of each class that a learned context is put around, `normal` first.

    **Reading**: a class with one text is called by it; several texts say what a class looks like, this or
    that, where a prompt has place for one name, so that such a class is called by its own name. The
    template is left out: the learned context stands in its place.
    """
    return [texts.labels[name][0] if len(texts.labels[name]) == 1 else name for name in texts.classes]


def _template(
    names: Sequence[Sequence[int]], ends: Tensor, before: int, after: int, special: tuple[int, int, int]
) -> tuple[Tensor, Tensor]:
    """Tokens (n, L) int64 with padding where vectors are learned, and those places (n, L) bool.

    L reaches to the last end token.
    """
    start, end, padding = special
    tokens = torch.full((len(names), int(ends.max()) + 1), padding)
    learned = torch.zeros_like(tokens, dtype=torch.bool)
    for row, name in enumerate(names):
        first = 1 + before
        tokens[row, 0] = start
        tokens[row, first : first + len(name)] = torch.tensor(name)
        tokens[row, ends[row]] = end
        learned[row, 1:first] = True
        learned[row, first + len(name) : first + len(name) + after] = True
    return tokens, learned


def _check_length(text: str, needed: int, allowed: int) -> None:
    if needed > allowed:
        raise VadbenchError(
            f"texts.labels: the prompt around {text!r} has {needed} tokens with its learned context, the "
            f"model's text tower reads {allowed}; shorten the text by {needed - allowed} tokens or more, or "
            "learn fewer vectors"
        )
