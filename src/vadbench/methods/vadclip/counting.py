"""What VadCLIP's scoring runs, to be counted."""

import torch

from vadbench.config import ClipSettings, VadClipSettings
from vadbench.methods.layers.crops import MEAN
from vadbench.methods.protocol import NetworkInputs
from vadbench.methods.vadclip.scoring import assembled
from vadbench.models.counting import Network


def network(inputs: NetworkInputs[VadClipSettings]) -> Network:
    """Both branches on a piece of `max_length` frames, of each crop that is scored."""
    settings, clip, features = inputs.settings, inputs.model, inputs.features
    model = assembled(settings, inputs.texts, clip.dimension, clip).eval()
    crops = features.crops if isinstance(features, ClipSettings) and settings.test_crop == MEAN else 1
    rows = torch.zeros(crops, settings.max_length, clip.dimension, device=clip.device)
    lengths = torch.full((crops,), settings.max_length, device=clip.device)
    texts = model.prompts()
    return Network(
        parts={"network": lambda: model(rows, lengths, texts)},
        frames=settings.max_length,
        modules=[model],
        texts=model.prompts,
        text_tower=True,
    )
