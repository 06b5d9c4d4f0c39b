"""Linear SVM on frame embeddings: every row of an abnormal training video is labelled abnormal."""

import numpy as np
from sklearn.svm import LinearSVC

from vadbench.config import LinearSvmSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import embeddings, training_videos
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.rows import Doubles, standardisation, standardised
from vadbench.methods.layers.runs import read_trained, write_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.svm import linear_decision
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network


def fit(rows: Doubles, abnormal: np.ndarray, c: float) -> dict[str, Doubles]:
    """Fit on rows (N, D) with labels (N,) bool; the arrays that `linear_decision` needs.

    The primal problem is solved: it has one solution and needs no random numbers.
    """
    arrays = standardisation(rows)
    machine = LinearSVC(C=c, dual=False).fit(standardised(rows, arrays), abnormal)
    return arrays | {"coefficients": machine.coef_[0], "intercept": machine.intercept_}


def train(inputs: TrainInputs[LinearSvmSettings]) -> None:
    """Fit on all rows of the split's training videos."""
    videos = training_videos(inputs.features, inputs.split, inputs.annotations)
    if not (videos.normal and videos.abnormal):
        raise VadbenchError("linear_svm: the split needs normal and abnormal training videos with features")
    rows = [embeddings(inputs.features, video) for video in (*videos.normal, *videos.abnormal)]
    normal_rows = sum(len(part) for part in rows[: len(videos.normal)])
    stacked = np.concatenate(rows).astype(np.float64)
    arrays = fit(stacked, np.arange(len(stacked)) >= normal_rows, inputs.settings.c)
    counts = {"normal": len(videos.normal), "abnormal": len(videos.abnormal), "rows": len(stacked)}
    write_trained(inputs, arrays, counts)


def score(inputs: ScoreInputs[LinearSvmSettings]) -> None:
    """Score every row of every test video by the decision function: positive is abnormal."""
    arrays, checkpoint = read_trained(inputs)

    def row_scores(video: str) -> dict[str, Floats]:
        rows = standardised(embeddings(inputs.features, video), arrays)
        return {"score": linear_decision(rows, arrays).astype(np.float32)}

    write_scores(inputs, row_scores, checkpoint=checkpoint)


def network(inputs: NetworkInputs[LinearSvmSettings]) -> Network:
    """The coefficients and the intercept, to be counted."""
    return Network(
        coefficients=inputs.model.dimension + 1,
        note="no network; standardisation and decision function are NumPy's and not counted",
    )
