"""What a stage says while it runs."""

import logging
import re
import time

import pytest

from vadbench.stages import progress
from vadbench.stages.progress import Progress


def _messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_the_last_line_gives_frames_rate_and_shares(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    with Progress("clip", videos=2, rows=20, workers={"reading": 1, "preparing": 2, "computing": 1}) as said:
        with said.busy("reading"):
            time.sleep(0.1)
        with said.busy("preparing"):
            time.sleep(0.1)
        said.advance(20)
        said.finished()
    (line,) = _messages(caplog)
    assert line.startswith("clip done: 20 of 20 frames, 1 of 2 videos in ")
    assert "frames/s" in line
    reading, preparing, computing = (int(share) for share in re.findall(r"(\d+)%", line))
    assert reading == pytest.approx(50, abs=15)
    assert preparing == pytest.approx(25, abs=10)
    assert computing == 0


def test_lines_come_at_intervals_without_any_advance(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    monkeypatch.setattr(progress, "_INTERVAL_SECONDS", 0.02)
    with Progress("frames", videos=1, rows=None, workers={"reading": 1}):
        time.sleep(0.3)
    assert len(_messages(caplog)) > 3
    assert all(line.startswith("frames: 0 frames, 0 of 1 videos in ") for line in _messages(caplog)[:-1])


def test_a_failed_run_has_no_last_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    with pytest.raises(OSError, match="disk"), Progress("frames", videos=1, rows=None, workers={}):
        raise OSError("disk")
    assert _messages(caplog) == []


def test_skipped_videos_are_named_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vadbench.stages")
    with Progress("frames", videos=1, rows=None, workers={"reading": 1}) as said:
        said.skipped("a/b", "a/b.mp4: is empty")
    assert "skipped a/b: a/b.mp4: is empty" in _messages(caplog)[0]
    assert _messages(caplog)[1].endswith("1 videos skipped")


def test_items_are_timed_where_they_are_made() -> None:
    def slow() -> object:
        for number in range(3):
            time.sleep(0.05)
            yield number

    with Progress("frames", videos=1, rows=None, workers={"reading": 1}) as said:
        assert list(said.timed("reading", slow())) == [0, 1, 2]
        time.sleep(0.15)
        assert "reading 5" in said._state() or "reading 4" in said._state()
