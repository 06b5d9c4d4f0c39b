"""Progress: a line every 30 seconds in a log."""

import logging

import pytest

from vadbench.methods.layers import progress


def test_a_log_gets_a_line_every_thirty_seconds(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(float(second) for second in range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO), progress.progress("training", total=9, unit="step", initial=2) as bar:
        for _ in range(7):
            bar.update(1)
    lines = [record.message for record in caplog.records]
    assert lines[0] == "training: 2 of 9 steps"
    assert lines[-1] == "training: 9 of 9 steps"
    assert 3 < len(lines) < 7
