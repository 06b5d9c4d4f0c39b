"""Local Patterns Generalize Better for Novel Anomalies (ICLR 2025), so far its half of motion: regions are
scored by how badly the Reconstruction Module, which was trained on normal ones, gives their histogram back.

Section 3.5 and setting 8 of Table 3. The paper leaves open how many regions are in a step, their order and
the initialisation; here: a batch of all training videos' regions, in an order drawn anew for every epoch, and
torch's own. The score of a frame without regions and the smoothing are readings too.
"""

from collections.abc import Sequence
from shutil import rmtree

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vadbench.config import LocalPatternsSettings
from vadbench.methods.layers.batches import RowBatches
from vadbench.methods.layers.features import digest_of
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.reconstruction import ReconstructionModule
from vadbench.methods.layers.regions import (
    LOWEST,
    RegionScores,
    lowest_frame_score,
    training_histograms,
    write_region_scores,
)
from vadbench.methods.layers.runs import read_trained, training_record, write_trained
from vadbench.methods.layers.seeds import stream_seed
from vadbench.methods.layers.training import Learner, Moment, Schedule, load_module, module_arrays
from vadbench.methods.layers.training import train as train_module
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network
from vadbench.models.device import limit_threads, resolve_device
from vadbench.stages.orientation import BINS

MOTION = "motion"
"""The part of a region's input that is its histogram of motion."""


def build(settings: LocalPatternsSettings) -> ReconstructionModule:
    """The module that the settings describe, with weights drawn from torch's random state."""
    return ReconstructionModule({MOTION: BINS}, depth=settings.depth, hidden=settings.hidden)


def region_scores(module: ReconstructionModule) -> RegionScores:
    """The reconstruction error of a histogram."""
    device = next(module.parameters()).device

    def scores(histograms: Floats) -> Floats:
        with torch.inference_mode():
            errors: Floats = module({MOTION: torch.from_numpy(histograms).to(device)}).cpu().numpy()
        return errors

    return scores


def train(inputs: TrainInputs[LocalPatternsSettings]) -> None:
    """Train on the regions of the split's normal training videos; the last checkpoint counts."""
    limit_threads(inputs.threads)
    settings, found = inputs.settings, training_histograms(inputs)
    counts = {video: len(rows) for video, rows in found.items()}
    batches = RowBatches(counts, settings.batch_size, inputs.seed)
    torch.manual_seed(stream_seed(inputs.seed, "initialisation"))
    module = build(settings)
    state = inputs.out / "training"
    history = train_module(
        _learner(module, np.concatenate(list(found.values())), inputs),
        batches,
        Schedule(settings.epochs, batches.steps_per_epoch, min_steps=0),
        seed=inputs.seed,
        state=state / "final.safetensors",
        identity=training_record(inputs)
        | {"normal": list(found), "digest": digest_of(inputs.features, found)},
        label=f"{settings.method}, training",
    )
    lowest = lowest_frame_score(inputs.features, found, region_scores(module))
    arrays = module_arrays(module) | {LOWEST: np.array([lowest])}
    write_trained(inputs, arrays, _training(batches, history))
    rmtree(state)


def score(inputs: ScoreInputs[LocalPatternsSettings]) -> None:
    """Score every row of every test video by a reconstruction error, from 0 on."""
    limit_threads(inputs.threads)
    arrays, checkpoint = read_trained(inputs)
    lowest = float(arrays.pop(LOWEST)[0])
    module = build(inputs.settings).to(resolve_device(inputs.device)).eval()
    load_module(module, arrays, checkpoint)
    write_region_scores(
        inputs, region_scores(module), without=lowest, selection="last", checkpoint=checkpoint
    )


def network(inputs: NetworkInputs[LocalPatternsSettings]) -> Network:
    """The module on one region, to be counted."""
    with torch.device("meta"):
        module, region = build(inputs.settings), torch.zeros(1, BINS)
    return Network(
        parts={"network": lambda: module({MOTION: region})},
        modules=[module],
        note="GFLOPs are those of one region; a frame takes them for each of its regions",
    )


def _learner(
    module: ReconstructionModule, rows: Floats, inputs: TrainInputs[LocalPatternsSettings]
) -> Learner:
    """What the training loop needs. rows: histograms (R, 8) of the training videos, in the batches' order."""
    settings, device = inputs.settings, resolve_device(inputs.device)
    if settings.standardise:
        module.standardise_by({MOTION: rows})
    module.to(device)
    regions = torch.from_numpy(rows).to(device)

    def loss(numbers: NDArray[np.int64]) -> Tensor:
        errors: Tensor = module({MOTION: regions[torch.from_numpy(numbers).to(device)]})
        return errors.mean()

    return Learner(
        module=module,
        optimizer=torch.optim.Adam(module.parameters(), lr=settings.lr),
        loss=loss,
        learning_rate=lambda _part: settings.lr,
    )


def _training(batches: RowBatches, history: Sequence[Moment]) -> dict[str, object]:
    """What is to be known of a training later."""
    return {
        "normal": len(batches.counts),
        "regions": batches.total,
        "epochs": len(history),
        "steps_per_epoch": batches.steps_per_epoch,
        "steps": history[-1].step,
        "loss": [[moment.step, moment.loss] for moment in history],
    }
