"""Frames of videos as hypothesis draws them: short, with many ties, constants and single frames."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Frames = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]


@st.composite
def frames_of_videos(draw: st.DrawFn) -> Frames:
    """Labels, scores and starts of one to five videos of one to eight frames; few distinct scores."""
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    frames = sum(lengths)
    labels = draw(st.lists(st.booleans(), min_size=frames, max_size=frames))
    score = st.one_of(st.sampled_from([0.0, 0.25, 1.0]), st.floats(-5, 5, allow_nan=False))
    scores = draw(st.lists(score, min_size=frames, max_size=frames))
    return np.array(labels), np.array(scores), np.cumsum([0, *lengths])
