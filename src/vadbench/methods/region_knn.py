"""Nearest neighbours of regions: how far a region's motion is from that of normal training regions.

Euclidean distances between histograms that are standardised by the training regions, averaged over the k
nearest; scikit-learn's search. A training region is the nearest of itself, so that the score of a frame
without regions, the lowest of the training frames', is lower than that of new regions of the same kind.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from vadbench.config import RegionKnnSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.checkpoint import Arrays
from vadbench.methods.layers.regions import (
    LOWEST,
    RegionScores,
    lowest_frame_score,
    training_histograms,
    write_region_scores,
)
from vadbench.methods.layers.rows import Doubles, sampled_rows, standardisation, standardised
from vadbench.methods.layers.runs import read_trained, write_trained
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network

_DRAW = 0
"""Seed of the draw of training regions, for the method does not depend on a run's."""


def fit(rows: Doubles) -> dict[str, Doubles]:
    """The arrays that `region_scores` needs, from histograms (N, 8) of normal regions."""
    arrays = standardisation(rows)
    return arrays | {"rows": standardised(rows, arrays)}


def region_scores(arrays: Arrays, k: int) -> RegionScores:
    """Mean distance of a histogram to the k nearest training rows, of which there must be as many."""
    neighbours = NearestNeighbors(n_neighbors=k).fit(arrays["rows"])

    def scores(histograms: np.ndarray) -> Doubles:
        distances, _ = neighbours.kneighbors(standardised(histograms, arrays))
        means: Doubles = distances.mean(axis=1)
        return means

    return scores


def train(inputs: TrainInputs[RegionKnnSettings]) -> None:
    """Keep regions of the split's normal training videos, at most `max_rows`."""
    k, found = inputs.settings.k, training_histograms(inputs)
    counts = {video: len(rows) for video, rows in found.items()}
    rows = sampled_rows(counts, found.__getitem__, most=inputs.settings.max_rows, seed=_DRAW)
    if len(rows) < k:
        raise VadbenchError(
            f"region_knn: k is {k}, but only {len(rows)} training regions are there or kept; write k: "
            f"{len(rows)} or less, or raise max_rows"
        )
    arrays = fit(rows)
    lowest = lowest_frame_score(inputs.features, found, region_scores(arrays, k))
    training = {"normal": len(found), "regions": sum(counts.values()), "rows": len(rows)}
    write_trained(inputs, arrays | {LOWEST: np.array([lowest])}, training)


def score(inputs: ScoreInputs[RegionKnnSettings]) -> None:
    """Score every row of every test video by a distance; 0 is a motion that was seen k times."""
    arrays, checkpoint = read_trained(inputs)
    write_region_scores(
        inputs,
        region_scores(arrays, inputs.settings.k),
        without=float(arrays[LOWEST][0]),
        checkpoint=checkpoint,
    )


def network(_inputs: NetworkInputs[RegionKnnSettings]) -> Network:
    """A number of kept regions that is known after the training."""
    return Network(
        coefficients=None,
        note="no network; the number of kept regions is known after the training; the search is "
        "scikit-learn's and not counted",
    )
