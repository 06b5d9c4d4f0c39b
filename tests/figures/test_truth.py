"""Named spans of the truth: exactly its frames, called as the segments call them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vadbench.figures.curve import Span
from vadbench.figures.truth import named_spans

SEGMENT = st.tuples(st.sampled_from(["fire", "fall"]), st.integers(0, 70), st.integers(0, 70))


@given(arrays(np.bool_, 60), st.lists(SEGMENT, max_size=5))
def test_spans_cover_the_truth_and_nothing_else(
    truth: np.ndarray, segments: list[tuple[str, int, int]]
) -> None:
    covered = np.zeros(60, bool)
    for span in named_spans(truth, segments, ["fire"]):
        assert 0 <= span.start < span.stop <= 60
        covered[span.start : span.stop] = True
    assert (covered == truth).all()


def test_segments_name_what_they_cover_and_classes_the_rest() -> None:
    truth = np.zeros(20, bool)
    truth[2:12] = truth[15:18] = True
    spans = named_spans(truth, [("fall", 0, 5), ("fire", 4, 8)], ["fall", "fire"])
    assert spans == (
        Span(2, 5, "fall"),
        Span(4, 8, "fire"),
        Span(8, 12, "fall, fire"),
        Span(15, 18, "fall, fire"),
    )
    assert named_spans(truth[:6], [], [])[0].name == "abnormal"
