"""One picture: a video's scores over time, its true intervals shaded, thumbnails above."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from vadbench.figures.clock import Clock
from vadbench.figures.strip import Thumbnail, draw_strip
from vadbench.figures.style import (
    BLUE,
    GREY,
    ORANGE,
    TRUTH_SHADE,
    TRUTH_TEXT,
    VERMILION,
    clean_text,
    drawing,
    new_figure,
    pixels,
)

_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 48, 50  # margins, pixels
_LANE = 15  # height of a line of class names, pixels
_CHARACTER = 6.0  # mean width of a character of a class name, pixels


@dataclass(frozen=True)
class Span:
    """Frames `start` to `stop` (exclusive) that the annotation calls abnormal, and what it calls them."""

    start: int
    stop: int
    name: str


@dataclass(frozen=True)
class CurvePicture:
    """What a picture shows.

    `frame` (n,) and `time` (n,) are source frames and seconds, increasing; `score` (n,) is one number for
    each. `frames` is the length of the video; `spans` is None where there is no frame-level truth.
    `score_range` holds for all pictures of a run, so that they can be compared. `steps` draws a score as
    constant until the next one, else a straight line leads there. `peak` is a frame to point at. `unscored`
    says why there is no curve.
    """

    title: str
    subtitle: str
    frame: NDArray[np.int32]
    time: NDArray[np.float64]
    score: NDArray[np.float64]
    frames: int
    spans: tuple[Span, ...] | None
    score_range: tuple[float, float]
    thumbnails: tuple[Thumbnail, ...] = ()
    steps: bool = True
    peak: int | None = None
    unscored: str = ""


def draw_curve(picture: CurvePicture, *, width: int = 1000, plot_height: int = 170) -> NDArray[np.uint8]:
    """The picture as (H, width, 3) RGB; H grows with the height of the thumbnails."""
    inner = width - _LEFT - _RIGHT
    strip = draw_strip(picture.thumbnails, inner) if picture.thumbnails else np.empty((0, inner, 3), np.uint8)
    clock = Clock(picture.frame, picture.time)
    lanes = _label_lanes(picture, clock, inner)
    height = _TOP + len(strip) + 4 + _LANE * max(len(lanes), 1) + plot_height + _BOTTOM
    with drawing():
        figure = new_figure(width, height)
        axes = figure.add_axes((_LEFT / width, _BOTTOM / height, inner / width, plot_height / height))
        axes.set_xlim(*_ends(picture, clock))
        axes.set_ylim(*_padded(picture.score_range))
        _draw_truth(axes, picture, clock)
        _draw_scores(axes, picture, clock)
        _draw_lanes(axes, lanes, plot_height)
        _label_time(axes, clock)
        _draw_titles(figure, picture, width, height)
        image = pixels(figure)
    image[_TOP : _TOP + len(strip), _LEFT : _LEFT + inner] = strip
    return image


def column_of(picture: CurvePicture, frame: int, *, width: int = 1000) -> float:
    """Where a source frame stands in the drawn picture, in pixels from its left edge."""
    clock = Clock(picture.frame, picture.time)
    start, stop = _ends(picture, clock)
    return float(_LEFT + (width - _LEFT - _RIGHT) * (clock.at([frame])[0] - start) / (stop - start))


def _ends(picture: CurvePicture, clock: Clock) -> tuple[float, float]:
    start, stop = clock.at([0, max(picture.frames, 1)])
    return float(start), float(stop)


def _padded(score_range: tuple[float, float]) -> tuple[float, float]:
    low, high = score_range
    pad = 0.04 * (high - low) or max(abs(low) * 0.04, 0.5)
    return low - pad, high + pad


def _draw_truth(axes: Axes, picture: CurvePicture, clock: Clock) -> None:
    for span in picture.spans or ():
        start, stop = clock.at([span.start, span.stop])
        axes.axvspan(start, stop, facecolor=TRUTH_SHADE, edgecolor=ORANGE, linewidth=0.6, zorder=0)


def _draw_scores(axes: Axes, picture: CurvePicture, clock: Clock) -> None:
    axes.grid(axis="y")
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.set_ylabel("anomaly score")
    if picture.unscored:
        note = f"no scores: {clean_text(picture.unscored, 120)}"
        axes.text(0.5, 0.5, note, transform=axes.transAxes, ha="center", color=GREY)
        return
    frame, score = envelope(picture.frame, picture.score, most=2000)
    if picture.steps:  # the last score holds until the video ends
        frame, score = np.append(frame, picture.frames), np.append(score, score[-1:])
    axes.plot(
        clock.at(frame),
        score,
        color=BLUE,
        linewidth=1.4,
        drawstyle="steps-post" if picture.steps else "default",
        marker="o" if len(picture.frame) == 1 else "",
        markersize=3,
    )
    if picture.peak is not None:
        axes.axvline(clock.at([picture.peak])[0], color=VERMILION, linewidth=1.0, linestyle=(0, (4, 3)))


def envelope(
    frame: NDArray[np.int32], score: NDArray[np.float64], *, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most about `most` of the points (n,), with the lowest and the highest of every stretch among them.

    A long video has more scores than a picture has columns; the extremes are what must not be lost.
    """
    count = len(frame)
    if count <= most:
        return frame.astype(np.float64), score
    edges = np.linspace(0, count, most // 2 + 1).astype(np.int64)
    kept = [0, count - 1]
    for start, stop in pairwise(edges):
        part = score[start:stop]
        kept += [start + int(part.argmin()), start + int(part.argmax())]
    chosen = np.unique(kept)
    return frame[chosen].astype(np.float64), score[chosen]


@dataclass(frozen=True)
class _Label:
    text: str
    left: float  # pixels from the left end of the axes
    right: float
    centre: float  # as a share of the axes' width


def _label_lanes(picture: CurvePicture, clock: Clock, width: int) -> list[list[_Label]]:
    """The names of the spans, spread over at most two lines so that none covers another."""
    start, stop = _ends(picture, clock)
    lanes: list[list[_Label]] = []
    for span in sorted(picture.spans or (), key=lambda span: span.start):
        text = clean_text(span.name, 40)
        middle = float(np.mean(clock.at([span.start, span.stop])) - start) / (stop - start) * width
        half = len(text) * _CHARACTER / 2
        middle = min(max(middle, half), width - half)
        label = _Label(text, middle - half - 4, middle + half + 4, middle / width)
        free = next((lane for lane in lanes if lane[-1].right <= label.left), None)
        if free is not None:
            free.append(label)
        elif len(lanes) < 2 and not any(lane[-1].text == text for lane in lanes):
            lanes.append([label])
    return lanes


def _draw_lanes(axes: Axes, lanes: list[list[_Label]], plot_height: int) -> None:
    for number, lane in enumerate(lanes):
        above = 1 + (4 + number * _LANE) / plot_height
        for label in lane:
            axes.text(
                label.centre, above, label.text, transform=axes.transAxes,
                ha="center", va="bottom", fontsize=8, color=TRUTH_TEXT,
            )  # fmt: skip


def _label_time(axes: Axes, clock: Clock) -> None:
    """Seconds, and below each the frame shown then."""
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=clock.unit == "frames"))
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    if clock.unit == "frames":
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("frame")
        return
    numbers = np.floor(clock.frame_at(ticks) + 1e-6).astype(np.int64)
    axes.set_xticks(ticks, [f"{tick:g}\n{number}" for tick, number in zip(ticks, numbers, strict=True)])
    axes.set_xlabel("seconds, frame below", labelpad=1)


def _draw_titles(figure: Figure, picture: CurvePicture, width: int, height: int) -> None:
    left, title, subtitle = _LEFT / width, 1 - 9 / height, 1 - 28 / height
    figure.text(left, title, clean_text(picture.title, width // 12), va="top", fontsize=11, fontweight="bold")
    figure.text(left, subtitle, clean_text(picture.subtitle, width // 7), va="top", color=GREY)
