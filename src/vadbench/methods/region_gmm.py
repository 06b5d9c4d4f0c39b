"""Gaussian mixture over regions: how unlikely a region's motion is among normal ones.

scikit-learn's GaussianMixture with full covariances, on histograms that are standardised by the training
regions. What it adds to the diagonal of a covariance keeps that of constant or dependent bins invertible.
"""

import logging

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from vadbench.config import RegionGmmSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import Arrays
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.regions import (
    LOWEST,
    RegionScores,
    lowest_frame_score,
    training_histograms,
    write_region_scores,
)
from vadbench.methods.layers.rows import Doubles, sampled_rows, standardisation, standardised
from vadbench.methods.layers.runs import read_trained, write_trained
from vadbench.methods.layers.seeds import stream_generator
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network
from vadbench.stages.orientation import BINS

_log = logging.getLogger(__name__)


def fit(rows: Doubles, components: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Fit to histograms (N, 8) of normal regions; the arrays that `region_scores` needs.

    `weights` (K,), `means` (K, 8), and `precisions` (K, 8, 8), Cholesky factors of the inverse covariances.
    K is `components`, or the number of distinct histograms where these are fewer: a component without rows
    would stand, narrow and high, at the mean of all.
    """
    distinct = len(np.unique(rows, axis=0))
    if distinct < components:
        _log.warning("%d components for %d distinct histograms: one for each", components, distinct)
    components = min(components, distinct)
    arrays = standardisation(rows)
    state = int(stream_generator(seed, "initialisation").integers(2**32))
    mixture = GaussianMixture(components, covariance_type="full", random_state=state)
    mixture.fit(standardised(rows, arrays))
    return arrays | {
        "weights": mixture.weights_,
        "means": mixture.means_,
        "precisions": mixture.precisions_cholesky_,
    }


def region_scores(arrays: Arrays) -> RegionScores:
    """The negative log-likelihood of a histogram, as scikit-learn's `-score_samples`."""
    weights, factors = arrays["weights"], arrays["precisions"]
    width = factors.shape[-1]
    volumes = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    constant = np.log(weights) + volumes - width / 2 * np.log(2 * np.pi)
    centres = np.einsum("kd,kde->ke", arrays["means"], factors)

    def scores(histograms: Floats) -> Doubles:
        rows = standardised(histograms, arrays)
        distances = np.einsum("rd,kde->rke", rows, factors) - centres
        likelihoods: Doubles = logsumexp(constant - (distances**2).sum(axis=2) / 2, axis=1)
        return -likelihoods

    return scores


def train(inputs: TrainInputs[RegionGmmSettings]) -> None:
    """Fit to regions of the split's normal training videos, at most `max_rows`, drawn by the seed."""
    components, found = inputs.settings.components, training_histograms(inputs)
    counts = {video: len(rows) for video, rows in found.items()}
    rows = sampled_rows(counts, found.__getitem__, most=inputs.settings.max_rows, seed=inputs.seed)
    if len(rows) < components:
        raise VadbenchError(
            f"region_gmm: {components} components, but only {len(rows)} training regions are there or kept; "
            f"write components: {len(rows)} or less, or raise max_rows"
        )
    arrays = fit(rows, components, inputs.seed)
    lowest = lowest_frame_score(inputs.features, found, region_scores(arrays))
    training = {"normal": len(found), "regions": sum(counts.values()), "rows": len(rows)}
    training["components"] = len(arrays["weights"])
    write_trained(inputs, arrays | {LOWEST: np.array([lowest])}, training)


def score(inputs: ScoreInputs[RegionGmmSettings]) -> None:
    """Score every row of every test video by a negative log-likelihood, which has no fixed range."""
    arrays, checkpoint = read_trained(inputs)
    write_region_scores(
        inputs, region_scores(arrays), without=float(arrays[LOWEST][0]), checkpoint=checkpoint
    )


def network(inputs: NetworkInputs[RegionGmmSettings]) -> Network:
    """Weights, means and covariances, to be counted."""
    return Network(
        coefficients=inputs.settings.components * (1 + BINS + BINS * (BINS + 1) // 2),
        note="no network; standardisation and likelihoods are NumPy's and not counted",
    )
