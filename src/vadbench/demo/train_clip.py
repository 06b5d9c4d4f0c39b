"""Trains the demo's CLIP on captioned renders of scenes and cameras that the benchmark does not have.

A small ViT with class token and plain projection, and a small text tower. Part of every batch are random
rectangles of tokens instead of whole images, each token with its own position embedding, captioned with what
they show; so the embeddings of windows mean something later. Two linear heads help and are thrown away.
"""

import logging
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vadbench.demo.cameras import PLACES
from vadbench.demo.captions import Facts, facts_of, random_caption, truth_table
from vadbench.demo.events import ACTIVITIES, EVENT_CLASSES
from vadbench.demo.held_out import HeldOutAccuracy, accuracy_of
from vadbench.demo.towers import (
    CONTEXT,
    VOCABULARY,
    Vocabulary,
    create_towers,
    embed_windows,
    load_towers,
    normalised,
    text_embeddings,
    token_rows,
    unit_texts,
    write_weights,
)
from vadbench.demo.training_images import (
    IMAGE_SIZE,
    PATCH,
    TRAINING_CAMERAS,
    LabelledImages,
    main_area,
    render_training_images,
    visible_activities,
)

log = logging.getLogger(__name__)

_WINDOWS = ((2, 2), (2, 2), (2, 3), (3, 2), (3, 3), (4, 4), (5, 3), (3, 5), (5, 5), (6, 6))
"""Sizes of the rectangles of tokens, rows and columns."""


@dataclass(frozen=True)
class TrainSettings:
    """How the demo's CLIP is trained; the packaged weights were made with the defaults."""

    steps: int = 4600
    images: int = 64
    """Whole images in a batch."""
    windows: int = 32
    """Rectangles of tokens in a batch."""
    learning_rate: float = 1.2e-3
    warmup: int = 200
    weight_decay: float = 0.05
    cameras: int = len(TRAINING_CAMERAS)
    scenes: int = 10
    """Scenes rendered per camera; two images of each."""
    width: int = 128
    layers: int = 4
    embedding: int = 128
    seed: int = 0
    evaluations: int = 8
    """How often the accuracy on held-out cameras is logged."""


def train_clip(
    out_folder: Path, settings: TrainSettings | None = None, *, workers: int = 2, threads: int = 1
) -> HeldOutAccuracy:
    """Render, train, and write clip.safetensors, clip.json and words.txt into `out_folder`.

    The number of steps is fixed, so that the same settings and threads on the same machine give the same
    weights. Progress is logged.

    Args:
        out_folder: made where it is missing; files in it are replaced.
        settings: sizes and length of the training.
        workers: processes that render the images.
        threads: of torch; the model is so small that a second one hardly helps, and their number decides the
            last digits of the weights.

    Returns:
        The accuracy on held-out cameras of the weights as they were written.
    """
    settings = settings or TrainSettings()
    started = time.monotonic()
    images = render_training_images(TRAINING_CAMERAS[: settings.cameras], settings.scenes, workers)
    log.info("rendered %d images in %.0f s", len(images), time.monotonic() - started)
    torch.set_num_threads(threads)
    trainer = _Trainer(settings, images)
    trainer.run()
    write_weights(out_folder, trainer.towers, trainer.vocabulary, model_config(settings))
    towers = load_towers(out_folder)
    accuracy = accuracy_of(towers, lambda texts: text_embeddings(towers, texts))
    log.info("%.0f s in all; written weights: %s", time.monotonic() - started, _line(accuracy))
    return accuracy


def model_config(settings: TrainSettings) -> dict[str, Any]:
    """The architecture in open_clip's form."""
    return {
        "embed_dim": settings.embedding,
        "vision_cfg": {
            "image_size": IMAGE_SIZE,
            "patch_size": PATCH,
            "layers": settings.layers,
            "width": settings.width,
            "head_width": 32,
        },
        "text_cfg": {
            "context_length": CONTEXT,
            "vocab_size": VOCABULARY,
            "width": 64,
            "heads": 2,
            "layers": 2,
        },
    }


class _Trainer:
    """The model, its throwaway heads, and the loop."""

    def __init__(self, settings: TrainSettings, images: LabelledImages) -> None:
        self.settings, self.images = settings, images
        torch.manual_seed(settings.seed)
        self.words = random.Random(settings.seed)
        self.rng = np.random.default_rng([settings.seed, 5])
        self.vocabulary = Vocabulary()
        self.towers = create_towers(model_config(settings))
        self.towers.token_embedding = token_rows(self.towers.token_embedding, self.vocabulary.used)
        self.towers.visual.output_tokens = True
        self.activity_head = nn.Linear(settings.embedding, len(ACTIVITIES))
        self.token_head = nn.Linear(settings.width, len(ACTIVITIES))
        self.optimizer = self._optimizer()

    def run(self) -> None:
        """All steps."""
        steps, started = self.settings.steps, time.monotonic()
        report = max(1, steps // self.settings.evaluations)
        losses: list[tuple[float, float, float]] = []
        for step in range(steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(step)
            losses.append(self._step())
            if (step + 1) % 100 == 0 or step + 1 == steps:
                caption, activity, token = np.mean(losses[-100:], axis=0)
                log.info(
                    "step %d of %d, %.0f s: captions %.3f activities %.4f tokens %.4f",
                    *(step + 1, steps, time.monotonic() - started, caption, activity, token),
                )
            if (step + 1) % report == 0:
                log.info("step %d, held out: %s", step + 1, _line(self._accuracy()))

    def _step(self) -> tuple[float, float, float]:
        settings = self.settings
        picks = self.rng.integers(0, len(self.images), settings.images + settings.windows)
        pixels, coverage, areas = self._augmented(picks)
        whole = slice(0, settings.images)
        embedded, tokens = self.towers.visual(pixels[whole])
        rows, columns = _WINDOWS[self.rng.integers(len(_WINDOWS))]
        corners = choose_windows(coverage[settings.images :], rows, columns, self.rng)
        in_windows = embed_windows(self.towers.visual, pixels[settings.images :], corners, rows, columns)
        facts = [self._facts(picks[i], coverage[i], areas[i]) for i in range(settings.images)]
        for i, corner in enumerate(corners, start=settings.images):
            part = (slice(corner[0], corner[0] + rows), slice(corner[1], corner[1] + columns))
            facts.append(self._window_facts(picks[i], coverage[i], areas[i], part))
        image = functional.normalize(torch.cat([embedded, in_windows]), dim=-1)
        caption_loss = self._caption_loss(image, facts)
        shares = torch.from_numpy(coverage[whole].astype(np.float32) / 255)
        activity_loss = functional.binary_cross_entropy_with_logits(
            self.activity_head(8 * image[whole]), (shares.mean(dim=(2, 3)) >= 0.005).float()
        )
        token_loss = functional.binary_cross_entropy_with_logits(
            self.token_head(tokens), (shares.flatten(2).transpose(1, 2) > 0.08).float()
        )
        self.optimizer.zero_grad(set_to_none=True)
        (caption_loss + activity_loss + 8 * token_loss).backward()
        nn.utils.clip_grad_norm_([p for group in self.optimizer.param_groups for p in group["params"]], 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.towers.logit_scale.clamp_(max=math.log(50))
        return caption_loss.item(), activity_loss.item(), token_loss.item()

    def _caption_loss(self, image: Tensor, facts: list[Facts]) -> Tensor:
        """Contrastive loss in which every true pair of the batch is a positive."""
        captions = [random_caption(fact, self.words) for fact in facts]
        tokens = self.vocabulary.tokens([caption.text for caption in captions])
        text = functional.normalize(self.towers.encode_text(tokens), dim=-1)
        logits = self.towers.logit_scale.exp() * image @ text.T
        true = torch.from_numpy(truth_table(facts, captions))
        by_image = functional.cross_entropy(logits, true / true.sum(1, keepdim=True))
        by_text = functional.cross_entropy(logits.T, true.T / true.T.sum(1, keepdim=True))
        return (by_image + by_text) / 2

    def _augmented(self, picks: NDArray[np.int64]) -> tuple[Tensor, NDArray[np.uint8], NDArray[np.uint8]]:
        """Normalised pixels, coverage and areas of some images, mirrored half of the time, in other light."""
        pixels, coverage = self.images.pixels[picks], self.images.coverage[picks]
        areas = self.images.areas[picks]
        if self.rng.random() < 0.5:
            pixels, coverage, areas = pixels[:, :, ::-1], coverage[..., ::-1], areas[..., ::-1]
        scale = self.rng.uniform(0.75, 1.25, (len(picks), 1, 1, 1)) * self.rng.uniform(
            0.93, 1.07, (len(picks), 1, 1, 3)
        )
        light = torch.from_numpy(scale.astype(np.float32))
        bright = (torch.from_numpy(np.ascontiguousarray(pixels)).float() * light).clamp_(0, 255)
        return normalised(bright), coverage, areas

    def _facts(self, pick: int, coverage: NDArray[np.uint8], areas: NDArray[np.uint8]) -> Facts:
        place = PLACES[self.images.places[pick]]
        return facts_of(visible_activities(coverage), place, main_area(areas), whole=True)

    def _window_facts(
        self, pick: int, coverage: NDArray[np.uint8], areas: NDArray[np.uint8], part: tuple[slice, slice]
    ) -> Facts:
        inside = coverage[(slice(None), *part)].astype(np.float32) / 255
        total = coverage.sum(axis=(1, 2)) / 255
        shown = _shown(inside.sum(axis=(1, 2)), total, inside[0].size)
        visible = [name for name, seen in zip(ACTIVITIES, shown, strict=True) if seen]
        return facts_of(visible, PLACES[self.images.places[pick]], main_area(areas[part]), whole=False)

    def _optimizer(self) -> torch.optim.AdamW:
        heads = [*self.activity_head.parameters(), *self.token_head.parameters()]
        towers = [(name, p) for name, p in self.towers.named_parameters() if p.requires_grad]
        decayed = [p for name, p in towers if p.ndim > 1 and "embedding" not in name]
        free = [p for name, p in towers if p.ndim <= 1 or "embedding" in name]
        groups = [
            {"params": decayed, "weight_decay": self.settings.weight_decay},
            {"params": [*free, *heads], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.settings.learning_rate, betas=(0.9, 0.98))

    def _learning_rate(self, step: int) -> float:
        """Linear warm-up, then a cosine to a hundredth."""
        done = step / self.settings.steps
        cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
        return self.settings.learning_rate * min(1.0, (step + 1) / self.settings.warmup) * cosine

    def _accuracy(self) -> HeldOutAccuracy:
        self.towers.visual.output_tokens = False
        tokens = self.vocabulary.tokens
        accuracy = accuracy_of(self.towers, lambda texts: unit_texts(self.towers, tokens(texts)))
        self.towers.visual.output_tokens = True
        return accuracy


def choose_windows(
    coverage: NDArray[np.uint8], rows: int, columns: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Top-left tokens (n, 2) of rectangles in which every activity is seen either well or not at all.

    Args:
        coverage: (n, 12, 8, 8) as in LabelledImages.
        rows: height of the rectangles, tokens.
        columns: width of the rectangles, tokens.
        rng: where each image takes its draw from; events are preferred in half of the images.
    """
    shares = coverage.astype(np.float32) / 255
    windows = np.lib.stride_tricks.sliding_window_view(shares, (rows, columns), axis=(2, 3))
    inside = windows.sum(axis=(4, 5))
    shown = _shown(inside, shares.sum(axis=(2, 3), keepdims=True), rows * columns)
    unclear = (~shown & (inside > 0.02 * rows * columns)).any(axis=1)
    score = rng.random(unclear.shape) - 10 * unclear
    score += 2 * shown[:, : len(EVENT_CLASSES)].any(axis=1) * (rng.random((len(score), 1, 1)) < 0.5)
    score += 1 * shown.any(axis=1) * (rng.random((len(score), 1, 1)) < 0.4)
    best = score.reshape(len(score), -1).argmax(axis=1)
    return np.stack(np.unravel_index(best, score.shape[1:]), axis=1)


def _shown(inside: NDArray[np.float32], total: NDArray[np.float32], tokens: int) -> NDArray[np.bool_]:
    """Whether a rectangle shows an activity: it fills a tenth of it, or most of what there is lies in it."""
    shown: NDArray[np.bool_] = (inside >= 0.10 * tokens) | (
        (inside >= 0.5 * total) & (inside >= 0.03 * tokens)
    )
    return shown


def _line(accuracy: HeldOutAccuracy) -> str:
    classes = ", ".join(f"{name} {share:.2f}" for name, share in accuracy.per_class.items())
    activities = ", ".join(f"{name} {share:.2f}" for name, share in accuracy.per_activity.items())
    return f"six-way {accuracy.six_way:.3f} ({classes}); activities: {activities}"
