"""What STPrompt's scoring runs, to be counted."""

from collections.abc import Iterator

import torch

from vadbench.config import StPromptSettings
from vadbench.methods.protocol import NetworkInputs
from vadbench.methods.stprompt.scoring import assembled
from vadbench.models.counting import Network


def network(inputs: NetworkInputs[StPromptSettings]) -> Network:
    """Both branches on a piece of `max_length` frames, whichever way videos are scored."""
    settings, clip = inputs.settings, inputs.model
    model = assembled(settings, inputs.texts, clip.dimension, clip if settings.a_branch else None)
    model = model.to(clip.device).eval()
    frames, parts = settings.max_length, 1 if settings.aggregate == "none" else 2
    rows = torch.zeros(1, frames, parts * clip.dimension, device=clip.device)
    lengths = torch.full((1,), frames, device=clip.device)
    texts = model.texts()
    return Network(
        parts={"network": lambda: model(rows, lengths, texts)},
        frames=frames,
        modules=[model],
        texts=model.texts if settings.a_branch else None,
        text_tower=settings.a_branch or settings.localisation is not None,
        note="; ".join(_left_out(settings)),
    )


def _left_out(settings: StPromptSettings) -> Iterator[str]:
    """What the counts leave out or suppose."""
    if settings.scoring == "whole":
        yield f"videos are scored whole, and are counted as if they had {settings.max_length} frames"
    if settings.localisation is not None:
        yield "heat maps and boxes are not counted"
        yield "GFLOPs once is without the queries, which go through the text tower once"
