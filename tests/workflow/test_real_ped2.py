"""Four clips of the real UCSD Ped2 through one workflow: STPrompt on the weak split, boxes against masks.

Of two training and two test clips each draw trains on one of either and tests the other two; draws 0 and 1
test each clip once.
"""

import csv
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from project import Project

from vadbench.store import Part
from vadbench.tables.wording import BOX_TITLES

pytestmark = pytest.mark.real

FRAMES = {"Train001": 120, "Train008": 120, "Test001": 180, "Test009": 120}
"""Of each clip."""
WIDTH, HEIGHT, EVERY = 360, 240, 4
DRAWS = (0, 1)

OVERRIDE = """{
  ped2: {
    splits: [weak], draws: [0, 1], seeds: [0],
    methods: [{stprompt: {min_steps: 20, localisation: {tau: 0.07, threshold: 0.6}}}],
    evaluation: {bootstrap_resamples: 50},
  }
}"""

SIDES = ("left", "top", "right", "bottom")
Box = tuple[float, ...]
"""Numbers of pixels by `SIDES`; right and bottom exclusive."""
Mask = NDArray[np.bool_]
Masks = Mapping[str, Mask]
"""Those (frames, 240, 360) of each test clip."""


@pytest.fixture(scope="module")
def project(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished run, of `config/ped2.yaml` with a shorter training and cooler heat.

    The demo's model has seen rendered scenes only: with the file's settings its heat fills a real one, so
    that boxes would hardly differ from the whole frame.
    """
    folder = tmp_path_factory.mktemp("real_ped2")
    clips = folder / "data" / "UCSD_Anomaly_Dataset.v1p2" / "UCSDped2"
    unpack = str(real_data / "ped2" / "unpack.py")
    subprocess.run([sys.executable, unpack, str(clips), "--clips", ",".join(FRAMES)], check=True)
    project = Project.create(folder, benchmarks="[ped2]", override=OVERRIDE)
    project.run("results/tables.csv")
    return project


@pytest.fixture(scope="module")
def masks(real_data: Path) -> Masks:
    """From the strips that they are kept in, one clip's masks below each other."""
    strips = {clip: real_data / "ped2" / "masks" / f"{clip}_gt.png" for clip in FRAMES if "Test" in clip}
    return {
        clip: np.asarray(Image.open(strip), dtype=bool).reshape(-1, HEIGHT, WIDTH)
        for clip, strip in strips.items()
    }


def _figures(project: Project, draw: int) -> dict[str, float]:
    """Values by metric, as the table has them."""
    with (project.folder / "results" / "tables.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["draw"] == str(draw)]
    assert {(row["benchmark"], row["split"], row["method"]) for row in rows} == {("ped2", "weak", "stprompt")}
    return {row["metric"]: float(row["value"]) for row in rows}


def _scores(project: Project, draw: int) -> Path:
    return project.folder / f"results/ped2/weak/draw-{draw:02d}/stprompt/seed-0/scores.h5"


def _abnormal_frames(project: Project, draw: int, masks: Masks) -> list[tuple[Mask, Box, float]]:
    """Mask, first box and score of each abnormal frame; what a row found holds up to the next row."""
    found = []
    with Part.open(_scores(project, draw)) as part:
        for clip in set(part.videos) & set(masks):
            score = part.read(clip, "score")
            for frame, mask in enumerate(masks[clip]):
                row = frame // EVERY
                box = tuple(part.ragged(clip, "boxes", side, row)[0] for side in SIDES)
                if mask.any():
                    found.append((mask, box, float(score[row])))
    return found


def _iou(mask: Mask, box: Box) -> float:
    """By counting pixels, so that a box must be one of whole pixels."""
    left, top, right, bottom = map(int, box)
    assert (left, top, right, bottom) == box
    inside = int(mask[top:bottom, left:right].sum())
    return inside / (int(mask.sum()) + (right - left) * (bottom - top) - inside)


def test_each_clip_is_tested_once_and_every_sampled_row_has_a_score(project: Project) -> None:
    tested = []
    for draw in DRAWS:
        with Part.open(_scores(project, draw)) as part:
            assert {clip[:4] for clip in part.videos} == {"Test", "Trai"}
            tested += part.videos
            for clip in part.videos:
                assert part.frame_count(clip) == FRAMES[clip]
                assert part.frame(clip).tolist() == list(range(0, FRAMES[clip], EVERY))
                score, heat = part.read(clip, "score"), part.read(clip, "heat")
                assert score.shape == (FRAMES[clip] // EVERY,)
                assert ((score >= 0) & (score <= 1)).all()
                assert heat.shape == (len(score), 8, 8)
                assert ((heat >= 0) & (heat <= 1)).all()
                assert heat.std() > 0
    assert sorted(tested) == sorted(FRAMES)


@pytest.mark.parametrize("draw", DRAWS)
def test_predicted_and_trivial_boxes_are_measured_against_the_masks(
    draw: int, project: Project, masks: Masks
) -> None:
    figures, frames = _figures(project, draw), _abnormal_frames(project, draw, masks)
    assert len(frames) > 100
    assert len({box for _, box, _ in frames}) > 20
    half = (WIDTH / 4, HEIGHT / 4, WIDTH * 3 / 4, HEIGHT * 3 / 4)
    ious = {
        "tiou": [_iou(mask, box) for mask, box, _ in frames],
        "tiou_whole_frame": [mask.sum() / (WIDTH * HEIGHT) for mask, _, _ in frames],
        "tiou_centred_half": [_iou(mask, half) for mask, _, _ in frames],
    }
    for name, found in ious.items():
        gated = [iou if score >= 0.5 else 0 for iou, (_, _, score) in zip(found, frames, strict=True)]
        assert figures[f"{name}_ungated"] == pytest.approx(np.mean(found), abs=1e-5)
        assert figures[name] == pytest.approx(np.mean(gated), abs=1e-5)


@pytest.mark.parametrize("draw", DRAWS)
def test_the_random_box_is_as_large_as_the_predicted_one(draw: int, project: Project, masks: Masks) -> None:
    """Its place is unknown, so that its IoU lies between none and that of one inside the other."""
    most = []
    for mask, (left, top, right, bottom), _ in _abnormal_frames(project, draw, masks):
        areas = sorted((mask.sum(), (right - left) * (bottom - top)))
        most.append(areas[0] / areas[1])
    assert 0 < _figures(project, draw)["tiou_random_ungated"] <= np.mean(most)


def test_the_page_prints_trivial_boxes_beside(project: Project) -> None:
    page = (project.folder / "results" / "ped2" / "tables.md").read_text()
    for box in BOX_TITLES.values():
        assert f"| stprompt | windows | {box} |" in page


@pytest.mark.parametrize("draw", DRAWS)
def test_the_auc_is_that_of_labels_from_the_masks(draw: int, project: Project, masks: Masks) -> None:
    normal, abnormal = [], []
    with Part.open(_scores(project, draw)) as part:
        for clip in part.videos:
            for frame, score in enumerate(np.repeat(part.read(clip, "score"), EVERY)):
                is_abnormal = clip in masks and masks[clip][frame].any()
                (abnormal if is_abnormal else normal).append(float(score))
    order = np.sign(np.subtract.outer(abnormal, normal))
    assert _figures(project, draw)["micro_auc"] == pytest.approx((order.mean() + 1) / 2, abs=1e-5)
