"""Scoring by VadCLIP: pieces of a video, each by itself."""

import numpy as np
import torch
from torch import Tensor

from vadbench.config import TextSettings, VadClipSettings
from vadbench.methods.layers.clip_of_features import clip_of
from vadbench.methods.layers.crops import crop_embeddings, scored_crops
from vadbench.methods.layers.features import Features, width
from vadbench.methods.layers.lengths import Floats, Mask, scored
from vadbench.methods.layers.prompt_learner import PromptLearner, class_texts
from vadbench.methods.layers.runs import read_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.training import load_module
from vadbench.methods.protocol import ScoreInputs, TrainInputs
from vadbench.methods.vadclip.model import VadClip
from vadbench.models.clip_tower import ClipModel
from vadbench.models.device import limit_threads


def score(inputs: ScoreInputs[VadClipSettings]) -> None:
    """Score every row of every test video in [0, 1], with the probability of each class."""
    limit_threads(inputs.threads)
    arrays, checkpoint = read_trained(inputs)
    model = build(inputs, clip_of(inputs.features, inputs.settings.method, inputs.device)).eval()
    load_module(model, arrays, checkpoint)
    with torch.inference_mode():
        texts = model.prompts()
    write_scores(
        inputs,
        lambda video: row_scores(model, texts, inputs.features, video),
        classes=inputs.texts.classes,
        selection=inputs.settings.selection,
        checkpoint=checkpoint,
    )


def build(inputs: TrainInputs[VadClipSettings] | ScoreInputs[VadClipSettings], clip: ClipModel) -> VadClip:
    """The network on the device of `clip`, initialised by torch's random numbers."""
    return assembled(inputs.settings, inputs.texts, width(inputs.features), clip)


def assembled(settings: VadClipSettings, texts: TextSettings, dimension: int, clip: ClipModel) -> VadClip:
    """The network for features of a dimension, on the device of `clip`, which reads the prompts."""
    prompts = PromptLearner(clip, class_texts(texts), settings.prompt_before, settings.prompt_after)
    return VadClip(prompts, dimension, settings).to(clip.device)


def row_scores(model: VadClip, texts: Tensor, features: Features, video: str) -> dict[str, Floats]:
    """`score` (T,) of the branch that counts, `class_scores` (T, 1 + C) of the A-branch.

    texts: (1 + C, D), what `model.prompts` gives. Of several crops, means over those that count.
    """
    settings = model.settings
    crops = crop_embeddings(features, video)

    def forward(rows: Floats, mask: Mask) -> Floats:
        lengths = torch.from_numpy(mask.sum(axis=1)).to(texts.device)
        with torch.inference_mode():
            output = model(torch.from_numpy(rows).to(texts.device), lengths, texts)
            confidence = output.logits.sigmoid()
            shares = (output.similarities / settings.tau).softmax(dim=-1)
            both: Floats = torch.cat([confidence[..., None], shares], dim=-1).cpu().numpy()
        return both

    # A video shorter than a piece needs no padding, unless its zeros are meant to take part.
    longest = settings.max_length if settings.literal_padding else min(settings.max_length, len(crops))
    both = np.mean(
        [
            scored(crops[:, place], forward, mode="chunk", max_length=longest)
            for place in scored_crops(features, settings.test_crop, settings.method)
        ],
        axis=0,
    )
    confidence, shares = both[:, 0], both[:, 1:]
    # Adding up the abnormal classes keeps the digits that 1 - p(normal) loses where p is close to 1.
    abnormal = shares[:, 1:].sum(axis=1)
    return {"score": confidence if settings.score == "c_branch" else abnormal, "class_scores": shares}
