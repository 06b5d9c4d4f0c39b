"""Magnitude of motion: how fast the fastest region of a frame moves. No model, no training.

A region's score is the largest bin of its histogram, in pixels per frame: the mean magnitude of its vectors
in that direction in which it moves fastest. A frame without regions scores 0.
"""

from vadbench.config import MotionMagnitudeSettings
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.regions import write_region_scores
from vadbench.methods.protocol import NetworkInputs, ScoreInputs
from vadbench.models.counting import Network


def largest_bins(histograms: Floats) -> Floats:
    """The largest bin (R,) of each histogram (R, 8)."""
    largest: Floats = histograms.max(axis=1)
    return largest


def score(inputs: ScoreInputs[MotionMagnitudeSettings]) -> None:
    """Score every row of every test video, in pixels per frame."""
    write_region_scores(inputs, largest_bins, without=0.0)


def network(_inputs: NetworkInputs[MotionMagnitudeSettings]) -> Network:
    """None; a maximum is NumPy's, which nothing counts."""
    return Network(note="no network; maxima are NumPy's and not counted")
