"""Scoring by STPrompt: pieces of a video, or all of it at once."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from vadbench.config import StPromptSettings, TextSettings
from vadbench.methods.layers.clip_of_features import clip_of
from vadbench.methods.layers.features import Features, embeddings, single_precision, width
from vadbench.methods.layers.lengths import Floats, Mask, scored
from vadbench.methods.layers.localisation import Localiser, video_class
from vadbench.methods.layers.prompt_learner import PromptLearner, class_texts
from vadbench.methods.layers.runs import read_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.training import load_module
from vadbench.methods.protocol import ScoreInputs, TrainInputs
from vadbench.methods.stprompt.model import StPrompt
from vadbench.models.clip_tower import ClipModel
from vadbench.models.device import limit_threads, resolve_device


def score(inputs: ScoreInputs[StPromptSettings]) -> None:
    """Score every row of every test video, with the probability of each class where prompts are learned, and
    with heat maps and boxes where `localisation` is set."""
    limit_threads(inputs.threads)
    arrays, checkpoint = read_trained(inputs)
    clip = text_model(inputs)
    model = build(inputs, clip).eval()
    load_module(model, arrays, checkpoint)
    with torch.inference_mode():
        texts = model.texts()
    localiser = _localiser(inputs, clip)

    def score_video(video: str) -> dict[str, Any]:
        scores = row_scores(model, texts, inputs.features, video)
        if localiser is None:
            return scores
        found = video_class(scores["class_scores"], inputs.texts.classes) if texts is not None else ""
        return scores | localiser.rows(video, found)

    write_scores(
        inputs,
        score_video,
        classes=() if texts is None else inputs.texts.classes,
        grid=None if localiser is None else localiser.grid,
        selection=inputs.settings.selection,
        checkpoint=checkpoint,
    )


def _localiser(inputs: ScoreInputs[StPromptSettings], clip: ClipModel | None) -> Localiser | None:
    """What draws heat maps and boxes; None where they are not asked for. clip: from `text_model`."""
    settings, features = inputs.settings, inputs.features
    if settings.localisation is None:
        return None
    reader = clip or clip_of(features, settings.method, inputs.device)
    return Localiser(features, inputs.queries, inputs.texts, reader, settings.localisation)


def text_model(inputs: TrainInputs[StPromptSettings] | ScoreInputs[StPromptSettings]) -> ClipModel | None:
    """The model that made the features, whose text tower reads the prompts; None without A-branch."""
    settings = inputs.settings
    return clip_of(inputs.features, settings.method, inputs.device) if settings.a_branch else None


def build(
    inputs: TrainInputs[StPromptSettings] | ScoreInputs[StPromptSettings], clip: ClipModel | None
) -> StPrompt:
    """The network on its device, initialised by torch's random numbers. clip: from `text_model`."""
    model = assembled(inputs.settings, inputs.texts, width(inputs.features), clip)
    return model.to(resolve_device(inputs.device))


def assembled(
    settings: StPromptSettings, texts: TextSettings, dimension: int, clip: ClipModel | None
) -> StPrompt:
    """The network for features of a dimension. clip: reads the prompts; None: without A-branch."""
    prompts = None if clip is None else PromptLearner(clip, class_texts(texts), settings.prompt_before, 0)
    return StPrompt(prompts, dimension, settings)


def video_rows(features: Features, video: str, aggregate: str) -> Floats:
    """What the network takes of a video: x_CLIP and, unless `aggregate` is none, x_AS; (T, D) or (T, 2 D)."""
    if aggregate == "none":
        return embeddings(features, video)
    frames, spatial = features.read(video, "embedding")[:, 0], features.read(video, f"aggregate_{aggregate}")
    # Joined as they are stored: half of the memory that they would take as float32.
    return single_precision(np.concatenate([frames, spatial], axis=1))


def row_scores(model: StPrompt, texts: Tensor | None, features: Features, video: str) -> dict[str, Floats]:
    """`score` (T,) of a video and, with the A-branch, `class_scores` (T, 1 + C), the softmax of M / tau.

    texts: (1 + C, D), what `model.texts` gives. **Reading**: the paper's "1 minus the similarity between the
    video and normal class" is 1 - p(normal) of that softmax, as in VadCLIP; `score: literal` is the cosine.
    """
    settings = model.settings

    def forward(rows: Floats, mask: Mask) -> Floats:
        return _columns(model, texts, rows, mask)

    rows = video_rows(features, video, settings.aggregate)
    columns = scored(rows, forward, mode=settings.scoring, max_length=settings.max_length)
    if texts is None:
        return {"score": columns[:, 0]}
    normal = int(settings.c_branch)
    shares = _softmax(columns[:, normal:] / settings.tau)
    # Adding up the abnormal classes keeps the digits that 1 - p(normal) loses where p is close to 1.
    scores = {"a_branch": shares[:, 1:].sum(axis=1), "literal": 1 - columns[:, normal]}
    if settings.c_branch:
        scores |= {"c_branch": columns[:, 0], "mean": (columns[:, 0] + scores["a_branch"]) / np.float32(2)}
    return {"score": scores[settings.score], "class_scores": shares}


def _columns(model: StPrompt, texts: Tensor | None, rows: Floats, mask: Mask) -> Floats:
    """A and M side by side, each where its branch is there: (B, L, columns)."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        lengths = torch.from_numpy(mask.sum(axis=1)).to(device)
        output = model(torch.from_numpy(rows).to(device), lengths, texts)
    parts = [] if output.logits is None else [output.logits.sigmoid()[..., None]]
    parts += [] if output.similarities is None else [output.similarities]
    columns: Floats = torch.cat(parts, dim=-1).cpu().numpy()
    return columns


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares
