"""What STPrompt's scoring runs, to be counted."""

import torch

from vadbench.config import StPromptSettings
from vadbench.methods.protocol import NetworkInputs
from vadbench.methods.stprompt.scoring import assembled
from vadbench.models.counting import Network


def network(inputs: NetworkInputs[StPromptSettings]) -> Network:
    """Both branches on a piece of `max_length` frames."""
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
        note="" if settings.localisation is None else "heat maps, boxes and queries are not counted",
    )
