"""Multiple-instance ranking over windows: patch-level Sultani et al., a baseline of STPrompt's tables.

Network, loss and constants are those of `sultani`; a bag holds the windows of a video's bins.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from vadbench.config import SultaniPatchSettings, WindowScale, WindowsSettings
from vadbench.methods.layers.features import Features, width
from vadbench.methods.layers.fitted_rows import FittedRows
from vadbench.methods.layers.lengths import Floats, bin_means, normalised
from vadbench.methods.layers.localisation import WindowMaps, kept_windows
from vadbench.methods.layers.runs import read_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.training import load_module
from vadbench.methods.layers.weak import WeakLearner, train_weak
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.methods.sultani import DeepMil, ranking_learner
from vadbench.models.counting import Network
from vadbench.models.device import limit_threads, resolve_device
from vadbench.models.window_tokens import WindowEncoder


def train(inputs: TrainInputs[SultaniPatchSettings]) -> None:
    """Train on the split's training videos; see `train_weak` for the checkpoint that counts."""
    limit_threads(inputs.threads)
    train_weak(inputs, lambda: _learner(inputs))


def score(inputs: ScoreInputs[SultaniPatchSettings]) -> None:
    """Score every row of every test video in [0, 1], with heat maps and boxes beside the scores."""
    limit_threads(inputs.threads)
    maps = WindowMaps(inputs.features, inputs.settings.localisation)
    arrays, checkpoint = read_trained(inputs)
    model = DeepMil(width(inputs.features), inputs.settings.dropout).to(resolve_device(inputs.device)).eval()
    load_module(model, arrays, checkpoint)

    def score_video(video: str) -> dict[str, Any]:
        heat = maps.rows(video, lambda windows: window_scores(model, windows))
        return {"score": row_scores(model, inputs.features, video), **heat}

    write_scores(
        inputs, score_video, grid=maps.grid, selection=inputs.settings.selection, checkpoint=checkpoint
    )


def network(inputs: NetworkInputs[SultaniPatchSettings]) -> Network:
    """The ranker on windows, to be counted: of the first scale for a frame's score, of all for heat maps."""
    clip = inputs.model
    assert isinstance(inputs.features, WindowsSettings)
    model = DeepMil(clip.dimension, inputs.settings.dropout).to(clip.device).eval()
    windows = [prod(grid) for grid in WindowEncoder(clip, inputs.features.window_scales).grids]

    def on(count: int) -> Callable[[], Tensor]:
        return lambda: model(torch.zeros(count, clip.dimension, device=clip.device))

    return Network(
        parts={"scores": on(windows[0]), "window scores": on(sum(windows))},
        modules=[model],
        note="fusing scales into heat maps, and boxes, are not counted",
    )


def bag(windows: Floats, bins: int) -> Floats:
    """(bins, W, D): per bin of time the mean of each window, of unit length before. windows: (T, W, D)."""
    rows = normalised(windows.reshape(-1, windows.shape[-1])).reshape(len(windows), -1)
    return bin_means(rows, bins).reshape(bins, *windows.shape[1:])


def window_scores(model: DeepMil, windows: Floats) -> Floats:
    """(n, W) scores in [0, 1] of windows (n, W, D)."""
    device = next(model.parameters()).device
    unit = normalised(windows.reshape(-1, windows.shape[-1]))
    with torch.inference_mode():
        scores: Floats = model(torch.from_numpy(unit).to(device)).cpu().numpy()
    return scores.reshape(windows.shape[:2])


def row_scores(model: DeepMil, features: Features, video: str) -> Floats:
    """(T,) the highest score of each row's windows of the first scale."""
    rows = range(0, features.row_count(video), 64)
    group = _first_group(features)
    blocks = [window_scores(model, kept_windows(features, video, group, row, row + 64)) for row in rows]
    return np.concatenate([block.max(axis=1) for block in blocks] or [np.zeros(0, np.float32)])


def _learner(inputs: TrainInputs[SultaniPatchSettings]) -> WeakLearner:
    settings, features = inputs.settings, inputs.features
    device = resolve_device(inputs.device)
    model = DeepMil(width(features), settings.dropout).to(device)
    group = _first_group(features)
    bags = FittedRows(
        lambda video: bag(kept_windows(features, video, group), settings.segments).reshape(
            settings.segments, -1
        ),
        max_length=settings.segments,
        resample="mean",
        device=device,
    )

    def segment_scores(videos: Sequence[str]) -> Tensor:
        rows, _ = bags.batch(videos)
        # Of a bin the highest window counts: what is ranked then is the highest window of the video.
        scores: Tensor = model(rows.unflatten(2, (-1, width(features)))).amax(dim=2)
        return scores

    return ranking_learner(
        settings,
        model,
        segment_scores=segment_scores,
        row_scores=lambda video: row_scores(model, features, video),
    )


def _first_group(features: Features) -> str:
    scales = cast("list[str]", features.settings["scales"])
    return WindowScale.parse(scales[0]).group
