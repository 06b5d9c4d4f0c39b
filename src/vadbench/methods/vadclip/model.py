"""VadCLIP's network: Wu et al., VadCLIP: Adapting Vision-Language Models for Weakly Supervised Video Anomaly
Detection, AAAI 2024, in the form of its public code.

What the paper writes otherwise (`constants: paper`): windows that overlap, a distance graph whose rows are
softmaxed with sigma 1, and confidences instead of logits as weights of the visual prompt.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vadbench.config import VadClipSettings
from vadbench.methods.layers.distance_attention import distance_attention
from vadbench.methods.layers.local_transformer import (
    LocalTransformer,
    band_window,
    block_window,
    feed_forward,
)
from vadbench.methods.layers.prompt_learner import PromptLearner
from vadbench.methods.vadclip.graph import GraphStream, exponential_adjacency, similarity_adjacency

POSITION_DEVIATION = 0.01
PAPER_SIGMA = 1.0


class Output(NamedTuple):
    """logits: (B, T) of the C-branch, before the sigmoid. similarities: (B, T, 1 + C) cosines of the
    A-branch, before the temperature."""

    logits: Tensor
    similarities: Tensor


class VadClip(nn.Module):
    """Frame embeddings in, the outputs of both branches out.

    Args:
        prompts: of the classes, `normal` first; learned with the rest.
        width: D of frame and text embeddings, even.
        settings: of the method; sizes and forms are read from it.
    """

    def __init__(self, prompts: PromptLearner, width: int, settings: VadClipSettings) -> None:
        super().__init__()
        self.settings = settings
        self.prompts = prompts
        self.position = nn.Parameter(POSITION_DEVIATION * torch.randn(settings.max_length, width))
        self.local = LocalTransformer(width, settings.layers)
        self.similar, self.near = GraphStream(width), GraphStream(width)
        self.joined = nn.Linear(width, width)
        self.classifier_residual = feed_forward(width)
        self.classifier = nn.Linear(width, 1)
        self.prompt_residual = feed_forward(width)

    def forward(self, rows: Tensor, lengths: Tensor, texts: Tensor) -> Output:
        """Both branches on padded videos.

        rows: (B, T, D) frame embeddings, not normalised, T <= max_length; lengths: (B,) int64; texts:
        (1 + C, D), what `prompts` gives. What stands behind a video's length is of no account, unless
        `literal_padding` lets it take part as in the public code.
        """
        taking_part = _real(rows, lengths)
        if self.settings.literal_padding:
            taking_part = torch.ones_like(taking_part)
        video = self.video(rows, lengths, taking_part)
        logits = self.classifier(video + self.classifier_residual(video)).squeeze(-1)
        prompted = self.prompted(texts, video, logits, taking_part)
        similarities = functional.normalize(video, dim=-1) @ functional.normalize(prompted, dim=-1).mT
        return Output(logits, similarities)

    def video(self, rows: Tensor, lengths: Tensor, taking_part: Tensor) -> Tensor:
        """(B, T, D) rows that know their surroundings: local transformer, then both graphs side by side."""
        time = rows.shape[1]
        window = (
            band_window(time, self.settings.attn_window)
            if self.settings.constants == "paper"
            else block_window(time, self.settings.attn_window, self.settings.max_length)
        )
        mixed = self.local(rows + self.position[:time], window, taking_part)
        # The convolutions over time see zeros behind a video's end, as they do before its start.
        mixed = mixed * taking_part[:, :, None]
        similar = self.similar(mixed, similarity_adjacency(mixed, _real(rows, lengths)))
        near = self.near(mixed, self._distances(taking_part))
        joined: Tensor = self.joined(torch.cat([similar, near], dim=-1))
        return joined

    def prompted(self, texts: Tensor, video: Tensor, logits: Tensor, taking_part: Tensor) -> Tensor:
        """(B, 1 + C, D) texts to which is added what the C-branch found in the video (visual prompt)."""
        weights = logits.sigmoid() if self.settings.constants == "paper" else logits
        found = torch.einsum("bt,btd->bd", weights * taking_part, video)
        shown = texts + functional.normalize(found, dim=-1)[:, None]
        mixed: Tensor = shown + self.prompt_residual(shown)
        return mixed

    def _distances(self, taking_part: Tensor) -> Tensor:
        if self.settings.constants == "paper":
            return distance_attention(taking_part.sum(dim=1), taking_part.shape[1], PAPER_SIGMA)
        return exponential_adjacency(taking_part)


def _real(rows: Tensor, lengths: Tensor) -> Tensor:
    """(B, T) bool, true on the rows of a video, false on padding."""
    return torch.arange(rows.shape[1], device=rows.device) < lengths[:, None]
