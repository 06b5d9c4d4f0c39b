"""The two SVMs: the decision from the stored arrays is scikit-learn's own, and labels and signs are right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_clip_set
from vadbench.config import LinearSvmSettings, OneClassSvmSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.checkpoint import read_arrays, write_arrays
from vadbench.methods.layers.rows import standardised
from vadbench.methods.layers.svm import linear_decision, rbf_decision
from vadbench.methods.linear_svm import fit as fit_linear
from vadbench.methods.one_class_svm import fit as fit_one_class

WIDTH = 8


def rows(count: int, seed: int, shift: float = 0.0) -> np.ndarray:
    # Embeddings are of unequal size per dimension: an SVM that forgets to standardise would differ.
    return (np.random.default_rng(seed).normal(size=(count, WIDTH)) + shift) * np.arange(1, WIDTH + 1)


def reloaded(arrays: dict[str, Any], folder: Path) -> dict[str, Any]:
    write_arrays(folder / "x.safetensors", arrays)
    return read_arrays(folder / "x.safetensors")[0]


def test_one_class_decision_is_scikit_learns(tmp_path: Path) -> None:
    train, test = rows(300, 0), rows(2500, 1, 0.5)
    # With a constant dimension the variance is not 1, and gamma "scale" is not "auto".
    train[:, 3] = 7
    scaler = StandardScaler().fit(train)
    machine = OneClassSVM(nu=0.1, gamma="scale").fit(scaler.transform(train))
    arrays = reloaded(fit_one_class(train, 0.1), tmp_path)
    ours = rbf_decision(standardised(test, arrays), arrays)
    np.testing.assert_allclose(ours, machine.decision_function(scaler.transform(test)), rtol=0, atol=1e-10)


def test_linear_decision_is_scikit_learns(tmp_path: Path) -> None:
    train, test = np.concatenate([rows(200, 0), rows(100, 1, 0.7)]), rows(50, 2)
    labels = np.arange(300) >= 200
    scaler = StandardScaler().fit(train)
    machine = LinearSVC(C=0.5, dual=False).fit(scaler.transform(train), labels)
    arrays = reloaded(fit_linear(train, labels, 0.5), tmp_path)
    ours = linear_decision(standardised(test, arrays), arrays)
    np.testing.assert_allclose(ours, machine.decision_function(scaler.transform(test)), rtol=0, atol=1e-10)


def test_the_checks_above_would_notice_another_machine() -> None:
    train, test = rows(300, 0), rows(20, 1)
    arrays = fit_one_class(train, 0.1)
    other = SVC(gamma="scale").fit(train, np.arange(300) % 2)
    assert not np.allclose(rbf_decision(standardised(test, arrays), arrays), other.decision_function(test))


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    videos = {f"normal-{i}": rows(40, i) for i in range(6)}
    videos |= {f"abnormal-{i}": rows(40, 10 + i, 1.5) for i in range(6)}
    store = write_clip_set(tmp_path_factory.mktemp("clip"), videos, skipped={"broken": "no video stream"})
    train = tuple(f"{kind}-{i}" for i in range(4) for kind in ("normal", "abnormal"))
    test = ("normal-4", "abnormal-4", "broken", "normal-5", "abnormal-5")
    return store, weak_split((*train, "broken"), test)


@pytest.mark.parametrize("settings", [OneClassSvmSettings(), LinearSvmSettings()])
def test_abnormal_rows_score_higher(benchmark, tmp_path: Path, settings: Any) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    method = METHODS[settings.method]
    method.train(train_inputs(store, split, settings, tmp_path))
    method.score(score_inputs(store, split, settings, tmp_path))
    scores = read_scores(tmp_path / "scores.h5")
    assert list(scores) == list(split.test)
    assert len(scores["broken"]) == 0
    normal = np.concatenate([scores["normal-4"], scores["normal-5"]])
    abnormal = np.concatenate([scores["abnormal-4"], scores["abnormal-5"]])
    assert (abnormal[:, None] > normal).mean() > 0.9


def test_one_class_sees_normal_rows_alone_and_few_of_many(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    normal = [
        store.read(v, "embedding")[:, 0].astype(np.float64) for v in split.train if v.startswith("normal")
    ]
    METHODS["one_class_svm"].train(train_inputs(store, split, OneClassSvmSettings(), tmp_path))
    arrays, _ = read_arrays(tmp_path / "checkpoint.safetensors")
    np.testing.assert_allclose(arrays["mean"], np.concatenate(normal).mean(axis=0))
    METHODS["one_class_svm"].train(train_inputs(store, split, OneClassSvmSettings(max_rows=50), tmp_path))
    _, record = read_arrays(tmp_path / "checkpoint.safetensors")
    assert record["training"] == {"normal": 4, "rows": 50}


def test_every_row_of_an_abnormal_video_is_labelled_abnormal(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    METHODS["linear_svm"].train(train_inputs(store, split, LinearSvmSettings(), tmp_path))
    arrays, _ = read_arrays(tmp_path / "checkpoint.safetensors")
    ids = [video for video in split.train if video != "broken"]
    stacked = np.concatenate([store.read(video, "embedding")[:, 0].astype(np.float64) for video in ids])
    labels = np.repeat([video.startswith("abnormal") for video in ids], 40)
    expected = LinearSVC(dual=False).fit(StandardScaler().fit_transform(stacked), labels)
    # The order of rows differs, and with it the last digits of the solver.
    np.testing.assert_allclose(arrays["coefficients"], expected.coef_[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["one_class_svm", "linear_svm"])
def test_videos_of_one_kind_are_not_enough(benchmark, tmp_path: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    store, _ = benchmark
    settings = {"one_class_svm": OneClassSvmSettings, "linear_svm": LinearSvmSettings}[name]()
    with pytest.raises(VadbenchError, match=f"{name}: .* normal"):
        METHODS[name].train(train_inputs(store, weak_split(("abnormal-0",)), settings, tmp_path))
