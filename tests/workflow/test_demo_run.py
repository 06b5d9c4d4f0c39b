"""The packaged demo at its default size, as a newcomer runs it; its figures, and the controls."""

import csv
from pathlib import Path

import numpy as np
import pytest
from project import Project

from vadbench.config import BenchmarkSettings, load_benchmark
from vadbench.datasets import Annotations
from vadbench.demo.checks import method_settings, shuffled_aucs, untrained_aucs
from vadbench.demo.controls import camera_average_auc, trained_auc
from vadbench.demo.plan import benchmark_plan
from vadbench.store import Store

METHODS = {
    "weak": {"zero_shot", "frame_difference", "linear_svm", "sultani", "stprompt", "vadclip"},
    "one_class": {"zero_shot", "frame_difference", "one_class_svm"}
    | {"local_patterns", "motion_magnitude", "region_knn"},
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished default run."""
    project = Project.create(tmp_path_factory.mktemp("demo"))
    printed = project.run("results/tables.csv")
    assert "Seconds per step" in printed
    return project


@pytest.fixture(scope="module")
def settings(demo: Project) -> BenchmarkSettings:
    return load_benchmark("demo", demo.folder / "config")


@pytest.fixture(scope="module")
def rows(demo: Project) -> list[dict[str, str]]:
    with (demo.folder / "results" / "tables.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _values(rows: list[dict[str, str]], split: str, metric: str = "micro_auc") -> dict[str, dict[str, str]]:
    return {row["method"]: row for row in rows if (row["split"], row["metric"]) == (split, metric)}


@pytest.mark.parametrize("split", METHODS)
def test_each_method_has_a_row_with_its_interval(rows: list[dict[str, str]], split: str) -> None:
    values = _values(rows, split)
    assert set(values) == METHODS[split]
    for row in values.values():
        assert float(row["ci_low"]) < float(row["value"]) < float(row["ci_high"])
        assert float(row["coverage"]) == 1.0
        assert row["convention"]


def test_sultani_and_zero_shot_beat_the_difference_of_frames(rows: list[dict[str, str]]) -> None:
    """Signs that the chain learns; the figures themselves are reported, not asserted."""
    values = {method: float(row["value"]) for method, row in _values(rows, "weak").items()}
    assert min(values["sultani"], values["zero_shot"]) > values["frame_difference"]


def test_every_test_video_has_a_picture_of_less_than_200_kb(demo: Project) -> None:
    pictures = list((demo.folder / "results/demo/weak/sultani/seed-0/curves").glob("*.png"))
    assert len(pictures) == len(benchmark_plan(0, "default").part("test"))
    assert max(picture.stat().st_size for picture in pictures) < 200_000


def test_the_report_is_one_page_that_names_nothing_outside(demo: Project) -> None:
    demo.run("--report", "results/report.html")
    page = (demo.folder / "results" / "report.html").read_text(encoding="utf-8")
    assert "results/tables.csv" in page
    assert not [tag for tag in ('src="http', 'rel="stylesheet" href="http', 'import("http') if tag in page]


@pytest.mark.parametrize("name", ["linear_svm", "sultani"])
def test_true_labels_teach_more_than_shuffled_ones(
    demo: Project, settings: BenchmarkSettings, name: str
) -> None:
    stores, method = demo.folder / "stores" / "demo", method_settings(settings, name)
    annotations = Annotations.load(stores / "annotations.json")
    with Store.open(stores / "clip") as features:
        true = trained_auc(features, annotations, method)
    shuffles = shuffled_aucs(stores / "clip", annotations, method, workers=2)
    assert len(shuffles) == 10
    assert true > max(shuffles)
    assert 0.40 <= np.mean(shuffles) <= 0.60


def test_an_untrained_model_sees_little(demo: Project, settings: BenchmarkSettings) -> None:
    stores = demo.folder / "stores" / "demo"
    annotations = Annotations.load(stores / "annotations.json")
    assert np.mean(untrained_aucs(stores, annotations, settings, threads=2)) <= 0.65


@pytest.mark.parametrize("size", ["default", "mini"])
def test_a_camera_says_nothing_of_its_label(size: str) -> None:
    assert camera_average_auc(benchmark_plan(0, size)) <= 0.55


def test_predicting_a_video_again_gives_its_scores(demo: Project, tmp_path: Path) -> None:
    video = next((demo.folder / "data").rglob("demo_test_000.mp4"))
    run = "results/demo/weak/sultani/seed-0"
    done = demo.vadbench("predict", str(video), "--run", run, "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    with next(tmp_path.glob("*.csv")).open(newline="") as file:
        predicted = [float(row["score"]) for row in csv.DictReader(file)]
    from vadbench.store import Part

    with Part.open(demo.folder / run / "scores.h5") as part:
        stored = part.read("demo_test_000", "score")
    np.testing.assert_allclose(predicted, stored, atol=1e-3)
