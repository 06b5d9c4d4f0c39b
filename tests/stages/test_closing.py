"""The line that ends a stage's log, written and read back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.stages.closing import Closing

DEVICES = ("cpu", "NVIDIA H200", "NVIDIA A100-SXM4-80GB, MIG 1g.10gb", "a card with 2 threads, 3.0 frames/s")


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Closing,
        stage=st.sampled_from(["frames", "clip", "mean_colour"]),
        rows=st.integers(0, 10**9),
        videos=st.integers(0, 10**6),
        seconds=st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000),
        device=st.sampled_from(DEVICES),
        threads=st.integers(1, 256),
    ),
    st.sampled_from(["", "; busy: reading 1%, writing 2%", "; busy: ; 3 videos skipped"]),
)
def test_what_is_written_is_read_back(closing: Closing, behind: str) -> None:
    assert Closing.read(closing.text) == closing
    assert Closing.read(f"20:01:24 {closing.text}{behind}") == closing


def test_the_rate_is_in_the_line() -> None:
    text = Closing("clip", 300, 2, 2.5, "cpu", 1).text
    assert text == "clip done: 300 frames, 2 videos in 2.500 s on cpu with 1 thread, 120.0 frames/s"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "20:01:24 clip: 32 of 64 frames, 1 of 2 videos in 30.0 s, 1.1 frames/s; busy: reading 1%",
        "20:01:24 clip done: 300 frames, 2 videos in 2.500 s on cpu with 1 thread, 120.0 fr",
        "clip done: many frames, 2 videos in 2.500 s on cpu with 1 thread, 120.0 frames/s",
    ],
)
def test_other_lines_say_nothing(line: str) -> None:
    assert Closing.read(line) is None
