"""VadCLIP that localises: learned prompts matched with windows, as STPrompt's tables have it as a baseline.

The paper says of it that it "employs the learned label prompt embeddings to locate spatial anomalies"; how
prompts meet windows is its equation 11, with the prompts as queries and VadCLIP's own temperature.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vadbench.config import VadClipWindowsSettings
from vadbench.methods.layers.clip_of_features import clip_of
from vadbench.methods.layers.localisation import WindowMaps
from vadbench.methods.layers.localisation.heat import abnormal_shares
from vadbench.methods.layers.runs import read_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.training import load_module
from vadbench.methods.protocol import NetworkInputs, ScoreInputs
from vadbench.methods.vadclip import train
from vadbench.methods.vadclip.counting import network as vadclip_network
from vadbench.methods.vadclip.scoring import build, row_scores
from vadbench.models.counting import Network
from vadbench.models.device import limit_threads

__all__ = ["network", "score", "train"]


def network(inputs: NetworkInputs[Any]) -> Network:
    """VadCLIP's, to be counted."""
    return replace(vadclip_network(inputs), note="heat maps and boxes are not counted")


def score(inputs: ScoreInputs[Any]) -> None:
    """Score every row of every test video as VadCLIP does, with heat maps and boxes beside the scores."""
    limit_threads(inputs.threads)
    features = inputs.features
    settings: VadClipWindowsSettings = inputs.settings
    maps = WindowMaps(features, settings.localisation)
    arrays, checkpoint = read_trained(inputs)
    model = build(inputs, clip_of(features, settings.method, inputs.device)).eval()
    load_module(model, arrays, checkpoint)
    with torch.inference_mode():
        texts = model.prompts()
    queries, abnormal = texts.cpu().numpy(), np.arange(len(texts)) > 0

    def score_video(video: str) -> dict[str, Any]:
        heat = maps.rows(video, lambda windows: abnormal_shares(windows, queries, abnormal, settings.tau))
        return row_scores(model, texts, features, video) | heat

    write_scores(
        inputs,
        score_video,
        classes=inputs.texts.classes,
        grid=maps.grid,
        selection=settings.selection,
        checkpoint=checkpoint,
    )
