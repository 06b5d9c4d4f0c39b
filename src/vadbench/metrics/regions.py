"""RBDC and TBDC: region-based and track-based detection criterion (Ramachandra and Jones, WACV 2020).

Counted as the public evaluation of Georgescu et al. counts them, with alpha = beta = 0.1. Its boxes have
inclusive corners; with 1 added to right and bottom they are the half-open boxes of this package, and every
IoU is the same. A predicted mask enters as the boxes of its parts, see `component_boxes`.

From one detection to the next the curve of the detection rate over false positives per frame moves either up
or to the right. The area below it up to one false positive per frame is therefore a sum over what is found:
each region or track adds 1 less the false positives per frame that came before it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vadbench.errors import VadbenchError
from vadbench.metrics.boxes import Boxes, check_boxes, pair_ious

ALPHA = 0.1
"""Share of a track's regions that must be found for the track to be found."""
BETA = 0.1
"""IoU from which a detection finds a region."""

_BLOCK = 32
"""Resamples computed together."""


class Regions(NamedTuple):
    """Boxes in frames of videos."""

    video: NDArray[np.int64]
    """(n,) number of the video, from 0."""
    frame: NDArray[np.int64]
    """(n,) 0-based frame of that video."""
    box: Boxes
    """(n, 4) left, top, right, bottom in pixels, half-open."""


class Found(NamedTuple):
    """What each detection adds, highest score first: arrays (D,); and what there was to find."""

    video: NDArray[np.int64]
    regions: NDArray[np.int64]
    """Regions that no detection before found."""
    tracks: NDArray[np.int64]
    """Tracks of which enough regions are found now and were not before."""
    false: NDArray[np.bool_]
    """Whether it fits no region of its frame."""
    all_regions: NDArray[np.int64]
    """(V,) regions of each video."""
    all_tracks: NDArray[np.int64]
    """(V,) tracks of each video."""


def find_regions(
    detections: Regions, scores: ArrayLike, truth: Regions, track: ArrayLike, videos: int
) -> Found:
    """Match detections with true regions, in one pass from the highest score to the lowest.

    A detection finds all regions of its frame with an IoU of at least `BETA`, and is false where there is
    none; finding again what was found counts neither way. Of equal scores the earlier detection comes first.

    Args:
        detections: D boxes.
        scores: (D,) finite, higher is more abnormal.
        truth: G true regions.
        track: (G,) integers, the track of each region, unique within its video.
        videos: how many videos there are.

    Raises:
        VadbenchError: lengths differ, a score is NaN or infinite, a box is damaged or a video unknown.
    """
    values, tracks = np.asarray(scores), np.asarray(track)
    _check(detections, values, videos, "detections", "scores")
    _check(truth, tracks, videos, "truth", "track")
    order = np.argsort(-values, kind="stable")
    detections = Regions(detections.video[order], detections.frame[order], detections.box[order])
    detection, region = _matches(detections, truth)
    # The place in the order of the first detection that fits a region; D where there is none.
    first = np.full(len(tracks), len(order))
    np.minimum.at(first, region, detection)
    track_video, found_at = _tracks_found(truth.video, tracks, first)
    return Found(
        video=detections.video,
        regions=np.bincount(first, minlength=len(order) + 1)[:-1],
        tracks=np.bincount(found_at, minlength=len(order) + 1)[:-1],
        false=np.bincount(detection, minlength=len(order)) == 0,
        all_regions=np.bincount(truth.video, minlength=videos),
        all_tracks=np.bincount(track_video, minlength=videos),
    )


def rbdc_tbdc(found: Found, frames: ArrayLike) -> tuple[float, float]:
    """RBDC and TBDC: area under detection rate over false positives per frame, from 0 to 1.

    Args:
        found: what each detection adds.
        frames: (V,) frames of each video, those without a region among them; from 1.

    Returns:
        Two numbers in [0, 1]; NaN where there is no region to find.
    """
    once = np.ones((1, len(found.all_regions)), dtype=np.int64)
    regions, tracks = resampled_rbdc_tbdc(found, frames, once)
    return float(regions[0]), float(tracks[0])


def resampled_rbdc_tbdc(
    found: Found, frames: ArrayLike, counts: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`rbdc_tbdc` of every resample of the videos.

    `counts` (R, V) says how often each video is taken. Returns two arrays (R,) float64, NaN where a resample
    has nothing to find.
    """
    lengths = np.asarray(frames)
    if (lengths < 1).any():
        raise VadbenchError(f"frames: a video with {lengths.min()}, allowed are numbers from 1")
    if lengths.shape != found.all_regions.shape or counts.shape[1:] != lengths.shape:
        raise VadbenchError(
            f"frames of shape {lengths.shape}, resamples of shape {counts.shape} for "
            f"{len(found.all_regions)} videos: one number and one column per video"
        )
    rbdc, tbdc = np.full(len(counts), math.nan), np.full(len(counts), math.nan)
    for begin in range(0, len(counts), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        weights = counts[rows].astype(np.float64)
        drawn = weights[:, found.video]
        left = np.maximum(1 - np.cumsum(drawn * found.false, axis=1) / (weights @ lengths)[:, None], 0)
        left *= drawn
        for area, new, total in (
            (rbdc, found.regions, found.all_regions),
            (tbdc, found.tracks, found.all_tracks),
        ):
            sought = weights @ total
            np.divide(left @ new, sought, out=area[rows], where=sought > 0)
    return rbdc, tbdc


def _matches(detections: Regions, truth: Regions) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of every detection and region of one frame that fit."""
    step = 1 + max(detections.frame.max(initial=0), truth.frame.max(initial=0))
    key = truth.video * step + truth.frame
    by_frame = np.argsort(key, kind="stable")
    wanted = detections.video * step + detections.frame
    low, high = (np.searchsorted(key[by_frame], wanted, side) for side in ("left", "right"))
    detection = np.repeat(np.arange(len(wanted)), high - low)
    # Counts on from `low` within each detection's own run.
    run = np.cumsum(high - low) - (high - low)
    region = by_frame[np.arange(len(detection)) + np.repeat(low - run, high - low)]
    fits = pair_ious(detections.box[detection], truth.box[region]) >= BETA
    return detection[fits], region[fits]


def _tracks_found(
    video: NDArray[np.int64], track: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Video (T,) of every track, and place (T,) of the detection that brings it to `ALPHA`."""
    order = np.lexsort([first, track, video])
    begins = np.flatnonzero(
        (np.diff(video[order], prepend=-1) != 0) | (np.diff(track[order], prepend=0) != 0)
    )
    size = np.diff(begins, append=len(order))
    place = np.arange(len(order)) - np.repeat(begins, size)
    enough = (place + 1) / np.repeat(size, size) >= ALPHA
    reached = np.flatnonzero(enough & ~((place > 0) & np.roll(enough, 1)))
    return video[order][begins], first[order][reached]


def _check(regions: Regions, values: NDArray[np.generic], videos: int, name: str, what: str) -> None:
    boxes = len(check_boxes(regions.box))
    if not len(regions.video) == len(regions.frame) == len(values) == boxes:
        raise VadbenchError(
            f"{name}: {boxes} boxes, {len(regions.video)} videos, {len(regions.frame)} frames and "
            f"{len(values)} {what}: one of each per box"
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise VadbenchError(
            f"{name}: {what} {values[bad[0]]} at position {bad[0]}, allowed are finite numbers"
        )
    wrong = np.flatnonzero((regions.video < 0) | (regions.video >= videos) | (regions.frame < 0))
    if len(wrong):
        at = wrong[0]
        raise VadbenchError(
            f"{name}: video {regions.video[at]}, frame {regions.frame[at]} at position {at}, allowed are "
            f"videos 0 to {videos - 1} and frames from 0"
        )
