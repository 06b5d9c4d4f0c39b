"""The network of STPrompt: the temporal adapter (section 3.2.2) between two branches (section 3.2.3)."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from vadbench.config import StPromptSettings
from vadbench.methods.layers.prompt_learner import PromptLearner
from vadbench.methods.stprompt.adapter import TemporalAdapter


class Output(NamedTuple):
    """What both branches say; None for a branch that is switched off."""

    logits: Tensor | None
    """(B, T): the C-branch's A before its sigmoid."""
    similarities: Tensor | None
    """M of the A-branch, Eq. 5: (B, T, 1 + C) cosines, before the temperature."""


class StPrompt(nn.Module):
    """Embeddings of frames and of what moves in them in, the outputs of both branches out.

    Args:
        prompts: of the classes, `normal` first, learned with the rest; None: without A-branch.
        width: D of frame and text embeddings.
        settings: of the method; sizes and switches are read from it.
    """

    def __init__(self, prompts: PromptLearner | None, width: int, settings: StPromptSettings) -> None:
        super().__init__()
        self.settings = settings
        self.width = width
        self.prompts = prompts
        self.adapter = TemporalAdapter(
            width, settings.temporal_adapter, layers=settings.layers, sigma=settings.sigma
        )
        self.classifier = nn.Linear(width, 1) if settings.c_branch else None

    def texts(self) -> Tensor | None:
        """(1 + C, D) embeddings of the prompts, not normalised; None without A-branch."""
        return None if self.prompts is None else self.prompts()

    def forward(self, rows: Tensor, lengths: Tensor, texts: Tensor | None) -> Output:
        """Both branches on padded videos.

        rows: (B, T, D) x_CLIP, or (B, T, 2 D) x_CLIP and x_AS side by side, not normalised; lengths: (B,)
        int64. What stands behind a video's length is of no account. texts: from `texts`.
        """
        parts = rows.split(self.width, dim=-1)
        adapted = self.adapter(sum(parts), lengths)
        logits = similarities = None
        if self.classifier is not None:
            logits = self.classifier(adapted).squeeze(-1)
        if texts is not None:
            seen = functional.normalize(parts[0] + adapted, dim=-1)
            similarities = seen @ functional.normalize(texts, dim=-1).mT
        return Output(logits, similarities)
