"""One-class SVM on frame embeddings: scikit-learn's, with a radial basis function.

gamma is "scale" (1 / (D x variance of the standardised rows)); rows are standardised by the training rows.
"""

import numpy as np
from sklearn.svm import OneClassSVM

from vadbench.config import OneClassSvmSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.features import embeddings, training_videos
from vadbench.methods.layers.lengths import Floats
from vadbench.methods.layers.rows import Doubles, sampled_rows, standardisation, standardised
from vadbench.methods.layers.runs import read_trained, write_trained
from vadbench.methods.layers.scores import write_scores
from vadbench.methods.layers.svm import rbf_decision
from vadbench.methods.protocol import NetworkInputs, ScoreInputs, TrainInputs
from vadbench.models.counting import Network


def fit(rows: Doubles, nu: float) -> dict[str, Doubles]:
    """Fit on rows (N, D) of normal videos; the arrays that `decision` needs."""
    arrays = standardisation(rows)
    machine = OneClassSVM(kernel="rbf", gamma="scale", nu=nu).fit(standardised(rows, arrays))
    return arrays | {
        "support": machine.support_vectors_,
        "dual": machine.dual_coef_[0],
        "intercept": machine.intercept_,
        "gamma": np.array([machine._gamma]),
    }


def train(inputs: TrainInputs[OneClassSvmSettings]) -> None:
    """Fit on rows of the split's normal training videos, at most `max_rows`, drawn by the seed."""
    normal = training_videos(inputs.features, inputs.split, inputs.annotations).normal
    if not normal:
        raise VadbenchError("one_class_svm: the split has no normal training video with features")
    counts = {video: inputs.features.row_count(video) for video in normal}
    rows = sampled_rows(
        counts,
        lambda video: embeddings(inputs.features, video),
        most=inputs.settings.max_rows,
        seed=inputs.seed,
    )
    write_trained(inputs, fit(rows, inputs.settings.nu), {"normal": len(normal), "rows": len(rows)})


def score(inputs: ScoreInputs[OneClassSvmSettings]) -> None:
    """Score every row of every test video by the negative decision function: 0 at the learned border."""
    arrays, checkpoint = read_trained(inputs)

    def row_scores(video: str) -> dict[str, Floats]:
        rows = standardised(embeddings(inputs.features, video), arrays)
        return {"score": (-rbf_decision(rows, arrays)).astype(np.float32)}

    write_scores(inputs, row_scores, checkpoint=checkpoint)


def network(_inputs: NetworkInputs[OneClassSvmSettings]) -> Network:
    """A number of support vectors that is known after the fit, each with D numbers and a coefficient."""
    return Network(
        coefficients=None,
        note="no network; the number of support vectors is known after the fit; the decision function is "
        "NumPy's and not counted",
    )
