"""Multiple-instance ranking: Sultani et al., Real-world Anomaly Detection in Surveillance Videos, CVPR 2018.

The constants and the form are those of the public PyTorch code (Roc-Ng/DeepMIL): layers of 512, 32 and 1,
dropout after each of them (the scores too), pairs i-i, Adam with the rate halved every ten epochs. Rows are
L2-normalised; a training video is the means of its 32 bins; scoring is per row.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from vadbench.config import SultaniSettings
from vadbench.methods.layers.dropout import Dropout
from vadbench.methods.layers.features import Features, embeddings, width
from vadbench.methods.layers.lengths import Floats, Mask, bin_means, normalised, scored
from vadbench.methods.layers.runs import read_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.training import load_module
from vadbench.methods.layers.weak import WeakLearner, train_weak
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network
from vadbench.models.device import limit_threads, resolve_device

HIDDEN, NARROW = 512, 32
SCORING_ROWS = 4096


class DeepMil(nn.Module):
    """Rows (…, D) -> scores (…,): D-512-32-1, ReLU, ReLU, sigmoid, with dropout after each.

    In evaluation scores lie in [0, 1]. In training the dropout on the scores scales those it keeps by
    1 / (1 - dropout), as in the public code.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, HIDDEN),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(HIDDEN, NARROW),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(NARROW, 1),
            nn.Sigmoid(),
            Dropout(dropout),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, rows: Tensor) -> Tensor:
        scores: Tensor = self.layers(rows)
        return scores.squeeze(-1)


def ranking_loss(
    normal: Tensor, abnormal: Tensor, *, pairs: Literal["index", "all"], smoothness: float, sparsity: float
) -> Tensor:
    """Equations 6 and 7: hinge on the best scores of a normal and an abnormal video, with two regularisers.

    normal: (N, S), abnormal: (A, S) segment scores. Pair i-i ("index": the smaller side is recycled; mean
    over max(N, A) pairs) or every normal with every abnormal video ("all": mean over N x A pairs). The sum
    of squared differences of neighbouring segments and the sum of scores count on abnormal videos only,
    mean over videos.
    """
    best_normal, best_abnormal = normal.amax(dim=1), abnormal.amax(dim=1)
    if pairs == "all":
        margins = 1 - best_abnormal[None, :] + best_normal[:, None]
    else:
        number = torch.arange(max(len(normal), len(abnormal)), device=normal.device)
        margins = 1 - best_abnormal[number % len(abnormal)] + best_normal[number % len(normal)]
    rough = abnormal.diff(dim=1).square().sum(dim=1).mean()
    busy = abnormal.sum(dim=1).mean()
    return margins.relu().mean() + smoothness * rough + sparsity * busy


def ranking_learner(
    settings: SultaniSettings,
    model: DeepMil,
    *,
    segment_scores: Callable[[Sequence[str]], Tensor],
    row_scores: Callable[[str], Floats],
) -> WeakLearner:
    """What the training loop takes to train `model` by `ranking_loss`.

    segment_scores: videos to the scores (B, S) of their segments, by `model` and with its gradient;
    row_scores: a video to the scores (T,) of its rows.
    """

    def loss(normal: Sequence[str], abnormal: Sequence[str]) -> Tensor:
        # One forward pass for both kinds, as in the public code.
        scores = segment_scores([*normal, *abnormal])
        return ranking_loss(
            scores[: len(normal)],
            scores[len(normal) :],
            pairs=settings.pairs,
            smoothness=settings.smoothness,
            sparsity=settings.sparsity,
        )

    return WeakLearner(
        module=model,
        optimizer=torch.optim.Adam(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay),
        loss=loss,
        score=row_scores,
        learning_rate=lambda part: settings.lr * settings.lr_factor ** (part // settings.lr_every),
    )


def train(inputs: TrainInputs[SultaniSettings]) -> None:
    """Train on the split's training videos; see `train_weak` for the checkpoint that counts."""
    limit_threads(inputs.threads)
    train_weak(inputs, lambda: _learner(inputs))


def score(inputs: ScoreInputs[SultaniSettings]) -> None:
    """Score every row of every test video in [0, 1]."""
    limit_threads(inputs.threads)
    arrays, checkpoint = read_trained(inputs)
    model = DeepMil(width(inputs.features), inputs.settings.dropout).to(resolve_device(inputs.device)).eval()
    load_module(model, arrays, checkpoint)
    write_scores(
        inputs,
        lambda video: {"score": _row_scores(model, inputs.features, video)},
        selection=inputs.settings.selection,
        checkpoint=checkpoint,
    )


def network(inputs: NetworkInputs[SultaniSettings]) -> Network:
    """The ranker on a piece of rows, to be counted."""
    device = inputs.model.device
    model = DeepMil(inputs.model.dimension, inputs.settings.dropout).to(device).eval()
    rows = torch.zeros(1, SCORING_ROWS, inputs.model.dimension, device=device)
    return Network(parts={"network": lambda: model(rows)}, frames=SCORING_ROWS, modules=[model])


def _learner(inputs: TrainInputs[SultaniSettings]) -> WeakLearner:
    settings, features = inputs.settings, inputs.features
    device = resolve_device(inputs.device)
    model = DeepMil(width(features), settings.dropout).to(device)
    segments: dict[str, Tensor] = {}

    def bags(videos: Sequence[str]) -> Tensor:
        for video in videos:
            if video not in segments:
                rows = bin_means(normalised(embeddings(features, video)), settings.segments)
                segments[video] = torch.from_numpy(rows).to(device)
        return torch.stack([segments[video] for video in videos])

    return ranking_learner(
        settings,
        model,
        segment_scores=lambda videos: model(bags(videos)),
        row_scores=lambda video: _row_scores(model, features, video),
    )


def _row_scores(model: DeepMil, features: Features, video: str) -> Floats:
    device = next(model.parameters()).device

    def forward(rows: Floats, _mask: Mask) -> Floats:
        # Each row is scored by itself: padding cannot reach another row's score.
        with torch.inference_mode():
            scores: Floats = model(torch.from_numpy(rows).to(device)).cpu().numpy()
        return scores

    rows = normalised(embeddings(features, video))
    return scored(rows, forward, mode="chunk", max_length=SCORING_ROWS)
