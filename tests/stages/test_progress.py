"""What a stage says while it runs."""

import logging
import time
from collections.abc import Iterator

import pytest

from vadbench.stages import progress
from vadbench.stages.closing import Closing
from vadbench.stages.progress import Progress


def _messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> "Clock":
    fake = Clock()
    monkeypatch.setattr(progress, "time", fake)
    return fake


class Clock:
    """A clock that is moved by hand."""

    seconds = 100.0

    def perf_counter(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.seconds += seconds


def test_the_last_line_gives_frames_rate_and_shares(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    workers = {"reading": 1, "preparing": 2, "computing": 1}
    with Progress("clip", videos=2, rows=20, workers=workers, device="cuda", threads=3) as said:
        with said.busy("reading"):
            clock.move(1)
        with said.busy("preparing"):
            clock.move(3)
        said.advance(20)
        said.finished()
    (line,) = _messages(caplog)
    assert line == (
        "clip done: 20 frames, 1 videos in 4.000 s on cuda with 3 threads, 5.0 frames/s; "
        "busy: reading 25%, preparing 38%, computing 0%"
    )
    assert Closing.read(line) == Closing("clip", 20, 1, 4.0, "cuda", 3)


def test_no_line_on_the_way_looks_like_the_last_one(clock: Clock) -> None:
    with Progress("clip", videos=2, rows=20, workers={"reading": 1}, threads=1) as said:
        clock.move(1)
        said.advance(20)
        assert Closing.read(f"clip: {said._state()}") is None


def test_lines_come_at_intervals_without_any_advance(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    monkeypatch.setattr(progress, "_INTERVAL_SECONDS", 0.01)
    with Progress("frames", videos=1, rows=None, workers={"reading": 1}, threads=1):
        while len(caplog.messages) < 3:
            time.sleep(0.01)
    assert all(line.startswith("frames: 0 frames, 0 of 1 videos in ") for line in _messages(caplog)[:3])


def test_a_failed_run_has_no_last_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    with pytest.raises(OSError, match="disk"), Progress("frames", videos=1, rows=None, workers={}, threads=1):
        raise OSError("disk")
    assert _messages(caplog) == []


def test_skipped_videos_are_named_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    with Progress("frames", videos=1, rows=None, workers={"reading": 1}, threads=1) as said:
        said.skipped("a/b", "a/b.mp4: is empty")
    assert "skipped a/b: a/b.mp4: is empty" in _messages(caplog)[0]
    assert _messages(caplog)[1].endswith("1 videos skipped")


def test_items_are_timed_where_they_are_made(clock: Clock) -> None:
    def slow() -> Iterator[int]:
        for number in range(3):
            clock.move(1)
            yield number

    with Progress("frames", videos=1, rows=None, workers={"reading": 1}, threads=1) as said:
        for _ in said.timed("reading", slow()):
            clock.move(3)
        assert "reading 25%" in said._state()
