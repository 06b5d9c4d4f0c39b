"""Frame numbers to seconds and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadbench.figures.clock import Clock


@given(
    st.lists(st.tuples(st.integers(1, 30), st.floats(0.01, 2)), min_size=2, max_size=20),
    st.lists(st.floats(-100, 1000), min_size=1, max_size=20),
)
def test_there_and_back(steps: list[tuple[int, float]], wanted: list[float]) -> None:
    frame = np.cumsum([step for step, _ in steps]).astype(np.int32)
    clock = Clock(frame, np.cumsum([pace for _, pace in steps]))
    assert clock.unit == "seconds"
    assert clock.frame_at(clock.at(wanted)) == pytest.approx(wanted, abs=1e-6)
    assert clock.at(frame.astype(float)) == pytest.approx(clock.time)


def test_pace_goes_on_beyond_the_known_frames() -> None:
    clock = Clock(np.array([0, 10, 20], np.int32), np.array([1.0, 2.0, 2.5]))
    assert clock.at([-10, 30, 40]).tolist() == [0.0, 3.0, 3.5]


@pytest.mark.parametrize("time", [[], [3.0], [3.0, 3.0], [3.0, 2.0]])
def test_without_a_pace_frames_stay_frames(time: list[float]) -> None:
    clock = Clock(np.arange(len(time), dtype=np.int32), np.array(time))
    assert clock.unit == "frames"
    assert clock.at([5.0]).tolist() == [5.0]
    assert clock.frame_at([5.0]).tolist() == [5.0]
