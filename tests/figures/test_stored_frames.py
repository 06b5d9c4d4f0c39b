"""Which stored frames a picture shows."""

from collections.abc import Iterator

import numpy as np
import pytest

from small_run import STRIDE, SmallRun
from vadbench.figures.stored_frames import middles, near_thumbnails, nearest_rows, spread_thumbnails
from vadbench.store import Store


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    run = SmallRun(
        tmp_path_factory.mktemp("run"), {"long": (200, [(96, 120)]), "short": (9, []), "one": (2, [])}
    )
    with Store.open(run.write().frames) as store:
        yield store


def test_nearest_rows_against_a_plain_search() -> None:
    generator = np.random.default_rng(0)
    for count in (1, 2, 3, 17):
        frame = np.unique(generator.integers(0, 100, count)).astype(np.int32)
        wanted = np.arange(-5, 110)
        distance = np.abs(wanted[:, None] - frame[None])
        chosen = nearest_rows(frame, wanted)
        assert (np.abs(frame[chosen] - wanted) == distance.min(axis=1)).all()


@pytest.mark.parametrize("length", [1, 7, 8, 1000])
def test_middles_lie_inside_and_apart(length: int) -> None:
    chosen = middles(length, 8)
    assert (np.diff(chosen) >= 0).all()
    assert 0 <= chosen.min() <= chosen.max() < length


def test_spread_covers_the_video_and_marks_what_is_abnormal(frames: Store) -> None:
    truth = np.zeros(200, bool)
    truth[96:120] = True
    chosen = spread_thumbnails(frames, "long", truth)
    assert [thumbnail.frame for thumbnail in chosen] == pytest.approx(
        [12, 37, 62, 87, 112, 137, 162, 187], abs=2
    )
    assert [thumbnail.marked for thumbnail in chosen] == [thumbnail.frame == 112 for thumbnail in chosen]
    assert [thumbnail.time for thumbnail in chosen] == [thumbnail.frame / 25 for thumbnail in chosen]


def test_short_videos_show_each_frame_once(frames: Store) -> None:
    assert [thumbnail.frame for thumbnail in spread_thumbnails(frames, "short", None)] == [0, 4, 8]
    assert [thumbnail.frame for thumbnail in near_thumbnails(frames, "short", 8, None)] == [0, 8]
    assert [thumbnail.frame for thumbnail in near_thumbnails(frames, "one", 0, None)] == [0]


@pytest.mark.parametrize("peak", [0, 4, 40, 100, 192, 196])
def test_peak_is_among_eight_frames_a_quarter_of_a_second_apart(frames: Store, peak: int) -> None:
    chosen = [thumbnail.frame for thumbnail in near_thumbnails(frames, "long", peak, None)]
    assert peak in chosen
    assert len(chosen) == 8
    assert set(np.diff(chosen).tolist()) == {2 * STRIDE}


def test_videos_without_frames_have_no_thumbnails(frames: Store) -> None:
    assert spread_thumbnails(frames, "not there", None) == ()
    assert near_thumbnails(frames, "not there", 0, None) == ()
