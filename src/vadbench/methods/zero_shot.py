"""Zero-shot CLIP: how little a frame looks like the texts of `normal`.

Frame and text embeddings are unit vectors; their cosines times the model's own logit scale go through a
softmax over all label texts; probabilities of one class's texts are added up; the score is 1 - p(normal).
"""

import numpy as np
from numpy.typing import NDArray

from vadbench.config import TextSettings, ZeroShotSettings
from vadbench.methods.layers.clip_of_features import clip_of
from vadbench.methods.layers.features import Features, embeddings
from vadbench.methods.layers.lengths import Floats, normalised
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.protocol import NetworkInputs, ScoreInputs
from vadbench.models.counting import Network
from vadbench.models.device import limit_threads


def class_probabilities(
    frames: Floats, texts: Floats, owners: NDArray[np.int64], logit_scale: float
) -> Floats:
    """Probability of each class (T, 1 + C) for embeddings of frames (T, D) and texts (M, D).

    owners: (M,) class index of each text, 0 is normal, none left out.
    """
    logits = logit_scale * (normalised(frames).astype(np.float64) @ normalised(texts).astype(np.float64).T)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    belongs = owners[:, None] == np.arange(owners.max() + 1)
    probabilities: Floats = (shares @ belongs).astype(np.float32)
    return probabilities


def score(inputs: ScoreInputs[ZeroShotSettings]) -> None:
    """Score every row of every test video in [0, 1], with the probability of each class."""
    texts, owners, logit_scale = _encoded(inputs.features, inputs.texts, inputs.device, inputs.threads)

    def row_scores(video: str) -> dict[str, Floats]:
        shares = class_probabilities(embeddings(inputs.features, video), texts, owners, logit_scale)
        # Adding up the abnormal classes keeps the digits that 1 - p(normal) loses where p is close to 1.
        return {"score": shares[:, 1:].sum(axis=1), "class_scores": shares}

    write_scores(inputs, row_scores, classes=inputs.texts.classes)


def network(inputs: NetworkInputs[ZeroShotSettings]) -> Network:
    """Nothing but the towers, to be counted."""
    texts = [text for _, text in inputs.texts.prompts()]
    return Network(
        texts=lambda: inputs.model.embed_texts(texts),
        text_tower=True,
        note="no network of its own; cosines with the texts are NumPy's and not counted",
    )


def _encoded(
    features: Features, texts: TextSettings, device: str, threads: int
) -> tuple[Floats, NDArray[np.int64], float]:
    """Text embeddings (M, D), their classes (M,) and the logit scale of the model that made the features."""
    limit_threads(threads)
    model = clip_of(features, "zero_shot", device)
    prompts = texts.prompts()
    owners = np.array([texts.classes.index(name) for name, _ in prompts])
    return model.encode_texts([text for _, text in prompts]), owners, model.logit_scale
