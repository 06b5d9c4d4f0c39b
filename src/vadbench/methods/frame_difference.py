"""Frame difference: how much a sampled frame differs from the one before it. No model, no training.

Frames are grey (ITU-R 601 luma) and reduced by averaging so that their short side has 64 pixels, which
takes camera and coding noise out; smaller frames are kept. The score is the mean absolute difference in
grey levels, 0 to 255. It is not divided by the time between the two rows: at a constant rate that would
only be a factor, and a difference does not grow in proportion to the time. The first row takes the second
one's value; a video of one row scores 0.
"""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from vadbench.config import FrameDifferenceSettings
from vadbench.methods.layers.features import Features
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.protocol import NetworkInputs, ScoreInputs
from vadbench.models.counting import Network

SHORT_SIDE = 64
_ROWS_PER_READ = 64


def reduced(image: Image.Image) -> Floats:
    """A frame as grey levels (H, W) in [0, 255], its short side at most 64 pixels."""
    grey = image.convert("L")
    factor = SHORT_SIDE / min(grey.size)
    if factor < 1:
        size = (round(grey.width * factor), round(grey.height * factor))
        grey = grey.resize(size, Image.Resampling.BOX)
    return np.asarray(grey, np.float32)


def differences(frames: Iterator[Floats]) -> Floats:
    """Mean absolute difference (T,) of each frame to the one before; the first takes the second's value."""
    values: list[float] = []
    previous: Floats | None = None
    for frame in frames:
        values.append(0.0 if previous is None else float(np.abs(frame - previous).mean()))
        previous = frame
    if len(values) > 1:
        values[0] = values[1]
    return np.array(values, np.float32)


def score(inputs: ScoreInputs[FrameDifferenceSettings]) -> None:
    """Score every row of every test video; 0 is no change."""
    write_scores(inputs, lambda video: {"score": differences(_frames(inputs.features, video))})


def network(_inputs: NetworkInputs[FrameDifferenceSettings]) -> Network:
    """None; what is computed is NumPy's and Pillow's, which nothing counts."""
    return Network(note="no network; differences are NumPy's and not counted")


def _frames(features: Features, video: str) -> Iterator[Floats]:
    (group,) = features.groups
    count = features.row_count(video)
    for start in range(0, count, _ROWS_PER_READ):
        for coded in features.ragged_rows(video, group, "bytes", start, min(start + _ROWS_PER_READ, count)):
            yield reduced(Image.open(BytesIO(coded.tobytes())))
