"""Training STPrompt."""

from collections.abc import Sequence

import torch
from torch import Tensor

from vadbench.config import StPromptSettings
from vadbench.methods.layers.fitted_rows import FittedRows
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.targets import class_targets
from vadbench.methods.layers.weak import WeakLearner, train_weak
from vadbench.methods.protocol import TrainInputs
from vadbench.methods.stprompt.losses import total_loss
from vadbench.methods.stprompt.scoring import build, row_scores, text_model, video_rows
from vadbench.models.clip_tower import ClipModel
from vadbench.models.device import limit_threads, resolve_device


def train(inputs: TrainInputs[StPromptSettings]) -> None:
    """Train on the split's training videos; see `train_weak` for the checkpoint that counts."""
    limit_threads(inputs.threads)
    clip = text_model(inputs)
    train_weak(inputs, lambda: learner(inputs, clip))


def learner(inputs: TrainInputs[StPromptSettings], clip: ClipModel | None) -> WeakLearner:
    """What the training loop needs, with fresh weights. clip: from `text_model`."""
    settings, features = inputs.settings, inputs.features
    device = resolve_device(inputs.device)
    model = build(inputs, clip)
    videos = FittedRows(
        lambda video: video_rows(features, video, settings.aggregate),
        max_length=settings.max_length,
        resample=settings.resample,
        device=device,
    )

    def loss(normal: Sequence[str], abnormal: Sequence[str]) -> Tensor:
        ids = [*normal, *abnormal]
        rows, lengths = videos.batch(ids)
        targets = class_targets(ids, inputs.annotations, inputs.texts.classes).to(device)
        texts = model.texts()
        return total_loss(model(rows, lengths, texts), texts, targets, lengths, settings)

    def score(video: str) -> Floats:
        with torch.inference_mode():
            texts = model.texts()
        return row_scores(model, texts, features, video)["score"]

    return WeakLearner(
        module=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay),
        loss=loss,
        score=score,
        learning_rate=lambda _part: settings.lr,
    )
