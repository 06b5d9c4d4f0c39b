"""Frames per second of a feature set from the logs of its parts."""

from pathlib import Path

import pytest

from vadbench.costs.rates import Rate, rate_of
from vadbench.stages.closing import Closing


def _write(folder: Path, part: int, *closings: Closing, end: str = "; busy: reading 3%") -> None:
    lines = ["20:01:03 clip: going on after 3 videos of an earlier run"]
    lines += [f"20:01:24 {closing.text}{end}" for closing in closings]
    (folder / f"part-{part:04d}.log").write_text("\n".join([*lines, ""]))


def test_rows_of_all_parts_by_seconds_of_all_parts(tmp_path: Path) -> None:
    _write(tmp_path, 0, Closing("clip", 100, 2, 10.0, "cpu", 2))
    _write(tmp_path, 1, Closing("clip", 20, 1, 30.0, "cpu", 2))
    assert rate_of(tmp_path, 2) == Rate(120 / 40, "cpu with 2 threads", "")


def test_the_last_process_counts(tmp_path: Path) -> None:
    _write(tmp_path, 0, Closing("clip", 1, 1, 50.0, "cpu", 1), Closing("clip", 30, 2, 10.0, "NVIDIA H200", 8))
    assert rate_of(tmp_path, 1) == Rate(3.0, "NVIDIA H200 with 8 threads", "")


def test_an_empty_shard_changes_nothing(tmp_path: Path) -> None:
    _write(tmp_path, 0, Closing("clip", 100, 2, 10.0, "cpu", 2))
    _write(tmp_path, 1, Closing("clip", 0, 0, 0.0, "cpu", 8))
    assert rate_of(tmp_path, 2) == Rate(10.0, "cpu with 2 threads", "")


def test_places_are_told_apart(tmp_path: Path) -> None:
    _write(tmp_path, 0, Closing("clip", 100, 2, 10.0, "cpu", 2))
    _write(tmp_path, 1, Closing("clip", 100, 2, 1.0, "NVIDIA H200", 1))
    assert rate_of(tmp_path, 2).place == "cpu with 2 threads; NVIDIA H200 with 1 thread"


def test_a_missing_log_is_said(tmp_path: Path) -> None:
    _write(tmp_path, 1, Closing("clip", 100, 2, 10.0, "cpu", 2))
    assert rate_of(tmp_path, 3) == Rate(10.0, "cpu with 2 threads", "measured on 1 of 3 parts")
    # A set of fewer parts than there once were.
    assert rate_of(tmp_path, 1).frames_per_second is None


@pytest.mark.parametrize(
    "text", [None, "", "20:01:03 clip: 32 of 64 frames, 1 of 2 videos in 30.0 s\n", "\0\xff"]
)
def test_without_a_closing_line_there_is_no_rate(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "part-0000.log").write_bytes(text.encode("latin-1"))
    rate = rate_of(tmp_path / "none" if text is None else tmp_path, 1)
    assert (rate.frames_per_second, rate.place) == (None, "")
    assert rate.note.startswith("not measured: no log")


def test_a_process_that_had_nothing_to_do_has_no_rate(tmp_path: Path) -> None:
    _write(tmp_path, 0, Closing("clip", 0, 0, 0.25, "cpu", 2))
    rate = rate_of(tmp_path, 1)
    assert rate.frames_per_second is None
    assert "nothing left to compute" in rate.note
