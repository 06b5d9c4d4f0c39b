"""Four clips of the real CUHK Avenue through one workflow: Local Patterns on motion alone, from .avi to AUC.

Two training and two test clips, every fourth frame at half the detector's size: a check that the chain works.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from project import Project
from scipy.io import loadmat

from vadbench.models.hevc_dump import INTRA
from vadbench.store import Part

pytestmark = pytest.mark.real

FRAMES = {"training_12": 145, "training_16": 244, "testing_20": 273, "testing_21": 76}
"""Of each clip."""
TESTED = ("testing_20", "testing_21")
WIDTH, HEIGHT, EVERY = 640, 360, 4
METHODS = ("local_patterns", "motion_magnitude", "region_knn", "region_gmm")
OVERRIDE = """{{
  avenue: {{
    shards: 1, seeds: [0],
    features: {{regions: {{weights: {weights}, every: 4, image_size: 320, classes: [person]}}}},
    methods: [
      {{local_patterns: {{variant: motion_only, epochs: 2}}}}, motion_magnitude, region_knn, region_gmm,
    ],
    evaluation: {{bootstrap_resamples: 50}},
  }}
}}"""

Labels = Mapping[str, NDArray[np.bool_]]
"""(frames,) of each test clip."""


@pytest.fixture(scope="module")
def project(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished run, of `config/avenue.yaml` with fewer frames and epochs and another detector."""
    folder = tmp_path_factory.mktemp("real_avenue")
    data = folder / "data" / "Avenue Dataset"
    masks = data / "ground_truth_demo" / "testing_label_mask"
    masks.mkdir(parents=True)
    for kind in ("training_videos", "testing_videos"):
        (data / kind).symlink_to(real_data / "avenue" / kind)
    for number in (20, 21):
        (masks / f"{number}_label.mat").symlink_to(real_data / "avenue" / "masks" / f"{number}_label.mat")
    weights = real_data / "weights" / "yolov8n_from_int8.pt"
    project = Project.create(folder, benchmarks="[avenue]", override=OVERRIDE.format(weights=weights))
    project.run("results/avenue/tables.csv")
    return project


@pytest.fixture(scope="module")
def labels(real_data: Path) -> Labels:
    """True where a mask marks a pixel."""
    found = {}
    for id in TESTED:
        cells = loadmat(real_data / "avenue/masks" / f"{id[-2:]}_label.mat")["volLabel"][0]
        found[id] = np.array([cell.any() for cell in cells])
    return found


def _part(project: Project, name: str) -> Part:
    return Part.open(project.folder / f"stores/avenue/{name}/part-0000.h5")


def test_people_are_found_in_every_fourth_frame_and_followed(project: Project) -> None:
    with _part(project, "regions") as part:
        for id, frames in FRAMES.items():
            assert (part.frame_count(id), part.frame(id).tolist()) == (frames, list(range(0, frames, EVERY)))
            boxes = np.concatenate(part.ragged_rows(id, "regions", "box"))
            assert len(boxes) > part.row_count(id)
            assert (boxes >= 0).all()
            assert (boxes <= (WIDTH, HEIGHT) * 2).all()
            # Upright, as people are.
            sides = boxes[:, 2:] - boxes[:, :2]
            assert np.median(sides[:, 1] / sides[:, 0]) > 1.5
            tracks = np.concatenate(part.ragged_rows(id, "regions", "track"))
            assert 2 < len(np.unique(tracks)) < 0.6 * len(tracks)


def test_histograms_are_means_over_the_blocks_of_a_box(project: Project) -> None:
    with (
        _part(project, "regions") as regions,
        _part(project, "motion") as motion,
        _part(project, "histograms") as histograms,
    ):
        assert motion.frame_count("testing_21") == motion.row_count("testing_21") == FRAMES["testing_21"]
        moving = 0
        for row, frame in enumerate(histograms.frame("testing_21")):
            rows, columns = motion.read("testing_21", "grid", frame, frame + 1)[0]
            assert (rows, columns) == (HEIGHT // 8, WIDTH // 8)
            vectors = motion.ragged("testing_21", "field", "vector", max(frame, 1)).reshape(rows, columns, 2)
            boxes = regions.ragged("testing_21", "regions", "box", row)
            found = histograms.ragged("testing_21", "regions", "histogram", row)
            expected = [_histogram(box, vectors) for box in boxes]
            assert np.allclose(found, np.reshape(expected, (-1, 8)), rtol=1e-5)
            moving += int((found > 0).any(axis=1).sum())
        assert moving > 20


def _histogram(box: NDArray[np.float32], vectors: NDArray[np.int16]) -> list[float]:
    speeds: list[list[float]] = [[] for _ in range(8)]
    for row, column in np.ndindex(vectors.shape[:2]):
        x, y = vectors[row, column].tolist()
        inside = box[0] <= 8 * column + 4 < box[2] and box[1] <= 8 * row + 4 < box[3]
        if inside and x != INTRA and (x or y):
            angle = np.arctan2(y, x)
            place = 0 if angle == np.pi else int((angle + np.pi) // (np.pi / 4))
            speeds[place].append(float(np.hypot(x, y)) / 4)
    return [float(np.mean(each)) if each else 0.0 for each in speeds]


@pytest.mark.parametrize("method", METHODS)
def test_the_auc_is_that_of_labels_from_the_masks(project: Project, labels: Labels, method: str) -> None:
    with (project.folder / "results/avenue/tables.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == method]
    (figure,) = [float(row["value"]) for row in rows if row["metric"] == "micro_auc"]
    variant = "--motion_only" if method == "local_patterns" else ""
    normal, abnormal = [], []
    run = project.folder / f"results/avenue/one_class/{method}{variant}/seed-0"
    with Part.open(run / "scores.h5") as part:
        assert set(part.videos) == set(TESTED)
        for id in TESTED:
            score = np.repeat(part.read(id, "score"), EVERY)[: FRAMES[id]]
            assert len(labels[id]) == FRAMES[id]
            normal += score[~labels[id]].tolist()
            abnormal += score[labels[id]].tolist()
    assert min(len(normal), len(abnormal)) > 20
    order = np.sign(np.subtract.outer(abnormal, normal))
    assert figure == pytest.approx((order.mean() + 1) / 2, abs=1e-5)
