"""The picture of one video: what lies where, and that hostile texts and numbers do no harm."""

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vadbench.figures.curve import CurvePicture, Span, draw_curve, envelope
from vadbench.figures.strip import Thumbnail
from vadbench.figures.style import BLUE, ORANGE, TRUTH_SHADE, VERMILION, png_bytes

FRAMES = 200
LEFT, RIGHT = 62, 1000 - 16  # the axes, pixels


def picture_of(**changes: object) -> CurvePicture:
    frame = np.arange(0, FRAMES, 4, dtype=np.int32)
    picture = CurvePicture(
        title="clip",
        subtitle="sultani",
        frame=frame,
        time=frame / 25.0,
        score=np.where((frame >= 60) & (frame < 100), 0.9, 0.1),
        frames=FRAMES,
        spans=(Span(60, 100, "fire"),),
        score_range=(0.0, 1.0),
    )
    return replace(picture, **changes)


def thumbnail(
    colour: tuple[int, int, int], size: tuple[int, int] = (160, 120), marked: bool = False
) -> Thumbnail:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG", quality=95)
    return Thumbnail(stream.getvalue(), 0, 0.0, marked)


def where(
    image: NDArray[np.uint8], colour: str, tolerance: int = 0
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels of this colour; thin lines are blended and need a tolerance."""
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    rows, columns = np.nonzero((np.abs(image.astype(int) - rgb) <= tolerance).all(axis=-1))
    return rows, columns


def curve_pixels(image: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return where(image, BLUE, tolerance=70)


def column(frame: float) -> float:
    return LEFT + (RIGHT - LEFT) * frame / FRAMES


def test_truth_is_shaded_exactly_where_it_lies() -> None:
    _, columns = where(draw_curve(picture_of()), TRUTH_SHADE)
    assert columns.min() == pytest.approx(column(60), abs=2)
    assert columns.max() == pytest.approx(column(100), abs=2)


def test_truth_follows_presentation_times_where_frames_are_uneven() -> None:
    # The first half of the frames is shown at a quarter of the pace: frame 100 comes at 4/5 of the time.
    frame = np.arange(0, FRAMES, 4, dtype=np.int32)
    time = np.where(frame < 100, frame * 4.0, 400.0 + (frame - 100))
    _, columns = where(draw_curve(picture_of(time=time, spans=(Span(100, 200, "fire"),))), TRUTH_SHADE)
    assert columns.min() == pytest.approx(LEFT + (RIGHT - LEFT) * 0.8, abs=2)


def test_curve_is_high_where_scores_are_high() -> None:
    rows, columns = curve_pixels(draw_curve(picture_of()))
    inside = (columns > column(64)) & (columns < column(96))
    outside = (columns < column(56)) | (columns > column(104))
    assert rows[inside].max() < rows[outside].min()


def test_equal_scores_lie_at_equal_heights_in_all_pictures_of_a_run() -> None:
    flat = picture_of(score=np.full(50, 0.1), spans=())
    rows, _ = curve_pixels(draw_curve(flat))
    rows_of_other, columns = curve_pixels(draw_curve(picture_of(spans=())))
    assert rows_of_other[columns < column(50)].max() == rows.max()


def test_last_score_holds_until_the_end() -> None:
    picture = picture_of(
        frame=np.array([0, 100], np.int32), time=np.array([0.0, 4.0]), score=np.array([0.2, 0.8])
    )
    rows, columns = curve_pixels(draw_curve(picture))
    assert columns.max() >= RIGHT - 3
    assert np.ptp(rows[columns > column(105)]) <= 2


def test_peak_is_pointed_at() -> None:
    _, columns = where(draw_curve(picture_of(peak=80)), VERMILION, tolerance=60)
    assert columns.mean() == pytest.approx(column(80), abs=2)


def test_thumbnails_stand_in_order_above_their_stretch() -> None:
    colours = [(220, 30, 30), (30, 220, 30), (30, 30, 220), (20, 20, 20)]
    image = draw_curve(picture_of(thumbnails=tuple(thumbnail(colour) for colour in colours)))
    for number, colour in enumerate(colours):
        centre = image[48 + 30, round(LEFT + (RIGHT - LEFT) * (number + 0.5) / 4)]
        assert np.abs(centre.astype(int) - colour).max() < 12


def test_abnormal_thumbnails_are_framed() -> None:
    thumbnails = tuple(thumbnail((90, 90, 90), (400, 160), marked=number == 1) for number in range(4))
    rows, columns = where(draw_curve(picture_of(thumbnails=thumbnails)), ORANGE)
    framed = columns[rows < 60]
    assert framed.min() == pytest.approx(column(50), abs=3)
    assert framed.max() == pytest.approx(column(100), abs=4)


@pytest.mark.parametrize("size", [(90, 600), (600, 90), (1, 1), (3, 400)])
def test_any_shape_of_frame_fits(size: tuple[int, int]) -> None:
    image = draw_curve(picture_of(thumbnails=(thumbnail((90, 90, 90), size),) * 8))
    assert image.shape[1] == 1000
    assert image.shape[0] < 450


@pytest.mark.parametrize(
    "text",
    ["$x_1$ $", "a" * 500, "line\nbreak\ttab\x00", "视频/テスト.mp4", "\\frac{", "%s {0} #=&?", "", "\ud800"],
)
def test_hostile_names_are_drawn(text: str) -> None:
    picture = picture_of(title=text, subtitle=text, spans=(Span(0, 10, text), Span(3, 200, text)))
    assert draw_curve(picture).shape[1] == 1000


@pytest.mark.parametrize(
    ("frame", "time", "score"),
    [
        ([0], [0.0], [0.5]),
        ([0, 4], [0.0, 0.0], [0.5, 0.6]),
        ([0, 4], [1.0, 0.5], [0.5, 0.6]),
        ([7, 9], [1e9, 1e9 + 1], [0.5, 0.6]),
    ],
)
def test_few_rows_and_broken_times(frame: list[int], time: list[float], score: list[float]) -> None:
    picture = picture_of(frame=np.array(frame, np.int32), time=np.array(time), score=np.array(score))
    rows, _ = curve_pixels(draw_curve(picture))
    assert len(rows)


@pytest.mark.parametrize("score_range", [(0.0, 0.0), (0.5, 0.5), (-1e9, 1e9), (0.0, 1e-9)])
def test_any_score_range(score_range: tuple[float, float]) -> None:
    low, high = score_range
    rows, _ = curve_pixels(draw_curve(picture_of(score=np.linspace(low, high, 50), score_range=score_range)))
    assert len(rows)


def test_unscored_video_says_so_and_has_no_curve() -> None:
    none = np.zeros(0)
    picture = picture_of(
        frame=none.astype(np.int32), time=none, score=none, frames=0, spans=None, unscored="bad"
    )
    rows, _ = curve_pixels(draw_curve(picture))
    assert not len(rows)


def test_names_of_neighbours_do_not_cover_each_other() -> None:
    spans = tuple(Span(start, start + 2, f"a long class name {start}") for start in range(0, 200, 3))
    assert draw_curve(picture_of(spans=spans)).shape[0] < 330


def test_envelope_keeps_the_extremes_of_a_long_video() -> None:
    generator = np.random.default_rng(0)
    score = generator.normal(size=100_000)
    score[[12_345, 67_890]] = 50, -50
    frame, kept = envelope(np.arange(100_000, dtype=np.int32), score, most=2000)
    assert len(kept) <= 2002
    assert {50.0, -50.0} <= set(kept.tolist())
    assert frame[0] == 0
    assert frame[-1] == 99_999
    assert (np.diff(frame) > 0).all()


def test_picture_of_noise_stays_below_the_limit_and_white_stays_white() -> None:
    generator = np.random.default_rng(0)
    thumbnails = []
    for _ in range(8):
        stream = io.BytesIO()
        noise = generator.integers(0, 256, (240, 320, 3), np.uint8)
        Image.fromarray(noise).save(stream, "JPEG", quality=95, subsampling=0)
        thumbnails.append(Thumbnail(stream.getvalue(), 0, 0.0))
    data = png_bytes(draw_curve(picture_of(thumbnails=tuple(thumbnails))))
    assert len(data) < 200_000
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert (image[0] == 255).all()
    _, columns = where(image, TRUTH_SHADE)
    assert columns.min() == pytest.approx(column(60), abs=2)


def test_equal_pictures_are_equal_files() -> None:
    picture = picture_of(thumbnails=(thumbnail((90, 100, 110)),) * 8)
    assert png_bytes(draw_curve(picture)) == png_bytes(draw_curve(picture))


def test_users_matplotlibrc_changes_nothing() -> None:
    import matplotlib as mpl

    usual = draw_curve(picture_of())
    with mpl.rc_context(
        {"axes.grid": True, "font.size": 20, "savefig.facecolor": "black", "axes.facecolor": "red"}
    ):
        assert (draw_curve(picture_of()) == usual).all()
