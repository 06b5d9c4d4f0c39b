"""Training VadCLIP. Other than in the public code, no checkpoint is chosen, or reloaded, by test videos."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vadbench.config import VadClipSettings
from vadbench.methods.layers.clip_of_features import clip_of
from vadbench.methods.layers.crops import scored_crops
from vadbench.methods.layers.fitted_rows import FittedRows
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.targets import class_targets
from vadbench.methods.layers.weak import WeakLearner, train_weak
from vadbench.methods.protocol import TrainInputs
from vadbench.methods.vadclip.losses import total_loss
from vadbench.methods.vadclip.samples import Samples
from vadbench.methods.vadclip.scoring import build, row_scores
from vadbench.models.clip_tower import ClipModel
from vadbench.models.device import limit_threads

DECAY = 0.1


def train(inputs: TrainInputs[VadClipSettings]) -> None:
    """Train on the split's training videos; see `train_weak` for the checkpoint that counts."""
    limit_threads(inputs.threads)
    # A crop that is not there is said now, not when the training is over.
    scored_crops(inputs.features, inputs.settings.test_crop, inputs.settings.method)
    clip = clip_of(inputs.features, inputs.settings.method, inputs.device)
    samples = Samples(inputs.features, inputs.settings)
    train_weak(inputs, lambda: _learner(inputs, clip, samples), samples.names)


def _learner(inputs: TrainInputs[VadClipSettings], clip: ClipModel, samples: Samples) -> WeakLearner:
    settings = inputs.settings
    model = build(inputs, clip)
    videos = FittedRows(
        samples.rows,
        max_length=settings.max_length,
        resample=settings.resample,
        device=clip.device,
        pad_to=settings.max_length if settings.literal_padding else None,
    )

    def loss(normal: Sequence[str], abnormal: Sequence[str]) -> Tensor:
        names = [*normal, *abnormal]
        rows, lengths = videos.batch(names)
        labels = class_targets(map(samples.video, names), inputs.annotations, inputs.texts.classes)
        texts = model.prompts()
        output = model(rows, lengths, texts)
        targets = labels.to(clip.device)
        return total_loss(output, texts, targets, lengths, tau=settings.tau, contrast=settings.contrast)

    def score(video: str) -> Floats:
        with torch.inference_mode():
            texts = model.prompts()
        return row_scores(model, texts, inputs.features, video)["score"]

    return WeakLearner(
        module=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay),
        loss=loss,
        score=score,
        learning_rate=lambda part: settings.lr * DECAY ** sum(part >= end for end in settings.lr_milestones),
    )
