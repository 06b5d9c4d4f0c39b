"""Scores of other programs: figures that are known, in every form, and what is reported."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from vadbench.config import EvaluationSettings, UcfCrimeData
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation import (
    Record,
    evaluate_external,
    external_label,
    external_metrics,
    read_annotations,
)
from vadbench.evaluation.axis import Axis
from vadbench.metrics import roc_auc
from vadbench.store import PartWriter, link

Load = Callable[..., Annotations]

FEW = EvaluationSettings(bootstrap_resamples=20)
INTERVALS: dict[str, list[list[int]] | None] = {
    "a/one.mp4": [[10, 30]],
    "a/two.mp4": [],
    "b/three.mp4": [[0, 5]],
}
FRAMES = {"a/one.mp4": 40, "a/two.mp4": 33, "b/three.mp4": 20}


def evaluate(
    scores: Mapping[str, object] | Path,
    annotations: Annotations,
    tmp_path: Path,
    settings: EvaluationSettings = FEW,
    stride: int | None = None,
) -> Record:
    """The record of scores by video, or of a file of them."""
    path = scores if isinstance(scores, Path) else tmp_path / "scores.npz"
    if not isinstance(scores, Path):
        np.savez(path, **{name: np.asarray(row, dtype=float) for name, row in scores.items()})
    label = external_label(annotations.benchmark, "weak", None, "theirs")
    return evaluate_external(
        path, annotations, label, settings, stride=stride, frames_store=tmp_path / "stores/tiny/frames"
    )


def in_three_forms(scores: Mapping[str, np.ndarray], folder: Path) -> list[Path]:
    """A folder with class subfolders, one archive and one table of the same scores."""
    paths = [folder / "npy", folder / "all.npz", folder / "all.csv"]
    with paths[2].open("w") as table:
        table.write("video,score\n")
        for name, row in scores.items():
            file = paths[0] / "some class" / f"{name}.npy"
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, row)
            table.writelines(f"{name}.mp4,{score!r}\n" for score in row.tolist())
    np.savez(paths[1], **scores)
    return paths


def test_the_same_scores_in_three_forms_give_the_same_record(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    rng = np.random.default_rng(0)
    scores = {id.removesuffix(".mp4"): rng.random(frames) for id, frames in FRAMES.items()}
    labels, values = [], []
    for id, spans in sorted(INTERVALS.items()):
        truth = np.zeros(FRAMES[id], dtype=bool)
        for start, end in spans or ():
            truth[start:end] = True
        labels.append(truth)
        values.append(scores[id.removesuffix(".mp4")])
    wanted = roc_auc(np.concatenate(labels), np.concatenate(values))
    records = [evaluate(path, annotations, tmp_path) for path in in_three_forms(scores, tmp_path)]
    assert [record.metrics["micro_auc"].value for record in records] == [wanted] * 3
    plain = [record.model_dump_json(exclude={"settings"}) for record in records]
    assert plain[0] == plain[1] == plain[2]
    assert records[0].run.features == "external"
    assert records[0].coverage.share == 1


def test_rows_of_a_stride_hold_to_the_next_and_the_last_to_the_end(
    load_annotations: Load, tmp_path: Path
) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    rows = {"one": [0, 1, 1], "two": [0, 0, 0, 0, 0], "three": [1, 0]}
    with pytest.raises(VadbenchError, match=r"scores\.npz: the scores of video 'a/one\.mp4', one per frame"):
        evaluate(rows, annotations, tmp_path)
    record = evaluate(rows, annotations, tmp_path, stride=10)
    assert record.coverage.scores_short == {"a/one.mp4": 10}
    assert record.coverage.rows_beyond_end == {"a/two.mp4": 1}
    assert record.coverage.share == 1
    assert "a score per 10 frames" in record.convention.text
    held = np.repeat([0, 1, 0, 1, 0], [10, 30, 33, 10, 10])
    truth = np.repeat([0, 1, 0, 1, 0], [10, 20, 10 + 33, 5, 15])
    assert record.metrics["micro_auc"].value == roc_auc(truth.astype(bool), held)
    repeat = EvaluationSettings(bootstrap_resamples=20, score_to_frame="repeat")
    assert evaluate(rows, annotations, tmp_path, repeat, stride=10).coverage.frames_unscored == {
        "a/one.mp4": 10
    }


def test_what_is_missing_and_what_is_too_much_is_reported(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations({**INTERVALS, "train.mp4": []}, {**FRAMES, "train.mp4": 9})
    split = annotations.splits["weak"].model_copy(update={"test": tuple(INTERVALS), "train": ("train.mp4",)})
    annotations = annotations.model_copy(update={"splits": {"weak": split}})
    scores = {"one": np.r_[np.zeros(10), np.ones(28)], "two": np.zeros(35), "train": np.zeros(500)}
    coverage = evaluate(scores, annotations, tmp_path).coverage
    assert coverage.scores_short == {"a/one.mp4": 2}
    assert coverage.rows_beyond_end == {"a/two.mp4": 2}
    assert coverage.missing == ["b/three.mp4"]
    assert coverage.not_in_split == ["train.mp4"]
    assert (coverage.frames_scored, coverage.frames_total) == (73, 93)
    floor = EvaluationSettings(bootstrap_resamples=20, length_rule="floor16")
    coverage_of_floor = evaluate(scores, annotations, tmp_path, floor).coverage
    assert (coverage_of_floor.frames_scored, coverage_of_floor.frames_total) == (64, 80)
    assert (
        coverage.remarks()[2]
        == "Videos with scores that end before the last evaluated frame: a/one.mp4 (2 frames)"
    )


def test_a_method_without_scores_for_the_first_frames_says_which_it_has(
    load_annotations: Load, tmp_path: Path
) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    table = tmp_path / "scores.csv"
    lines = [f"{id},{t},{t}" for id, frames in FRAMES.items() for t in range(4, frames)]
    table.write_text("\n".join(["video,frame,score", *lines]))
    coverage = evaluate(table, annotations, tmp_path).coverage
    assert coverage.frames_unscored == dict.fromkeys(sorted(FRAMES), 4)
    with pytest.raises(VadbenchError, match="has a column of frames; leave --stride out"):
        evaluate(table, annotations, tmp_path, stride=2)
    table.write_text("\n".join(["video,frame,score", *lines[: 36 + 20]]))
    with pytest.raises(VadbenchError, match=r"'a/two\.mp4', .* reach to frame 24.*check the numbers"):
        evaluate(table, annotations, tmp_path)


def test_a_lone_row_is_as_wide_as_those_of_other_videos(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    table = tmp_path / "scores.csv"
    table.write_text("video,frame,score\none,0,1\none,16,2\none,32,3\ntwo,0,1\ntwo,16,1\nthree,0,1\n")
    record = evaluate(table, annotations, tmp_path)
    assert record.coverage.scores_short == {}
    assert record.coverage.share == 1


def write_frames(folder: Path, frames: Mapping[str, int | None]) -> None:
    """A set of decoded frames, of which only the number counts; None: the video could not be read."""
    with PartWriter(
        folder / "part-0000.h5", stage="frames", settings={}, revision=1, videos=list(frames), arrays={}
    ) as writer:
        for id, count in frames.items():
            if count is None:
                writer.skip(id, "broken")
                continue
            with writer.video(id) as rows:
                rows.finish(frames=count)
        writer.complete()
    link(folder, 1)


def test_decoded_frames_go_before_published_ones_and_the_convention_says_which(
    load_annotations: Load, tmp_path: Path
) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    scores = {"one": np.arange(40), "two": np.arange(33), "three": np.arange(20)}
    published = evaluate(scores, annotations, tmp_path).convention
    assert "published frame counts" in published.text
    assert "the published one" in published.frame_axis
    write_frames(tmp_path / "stores/tiny/frames", {"a/one.mp4": 42, "b/three.mp4": 20})
    some = evaluate(scores, annotations, tmp_path)
    assert "published frame counts for 1 of 3 videos, decoded frames for the others" in some.convention.text
    assert some.coverage.frames_differ == {"a/one.mp4": (42, 40)}
    assert some.coverage.scores_short == {"a/one.mp4": 2}
    shutil.rmtree(tmp_path / "stores")
    write_frames(tmp_path / "stores/tiny/frames", {"a/one.mp4": 42, "b/three.mp4": 20, "a/two.mp4": None})
    assert evaluate(scores, annotations, tmp_path).convention == some.convention
    unpublished = load_annotations(INTERVALS)
    with pytest.raises(
        VadbenchError, match=r"how many frames video 'a/two\.mp4' has is not published, .*length_rule"
    ):
        evaluate(scores, unpublished, tmp_path)
    table = tmp_path / "lengths.csv"
    table.write_text("video,frames\none,16\ntwo,33\nthree,20\n")
    by_table = EvaluationSettings(bootstrap_resamples=20, length_rule=str(table))
    assert evaluate(scores, unpublished, tmp_path, by_table).test.frames == 16 + 33 + 20


def test_a_store_of_scores_is_evaluated_as_one_of_a_run(
    load_annotations: Load, write_scores: Callable[..., Path], tmp_path: Path
) -> None:
    annotations = load_annotations(INTERVALS)
    scores = write_scores({id: ([0, 10], [0, 1], frames) for id, frames in FRAMES.items()})
    record = evaluate(scores, annotations, tmp_path)
    assert (record.run.method, record.run.features) == ("theirs", "external")
    assert "decoded frames" in record.convention.frame_axis
    with pytest.raises(VadbenchError, match="leave --stride out"):
        evaluate(scores, annotations, tmp_path, stride=16)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_finite_number_names_file_and_video(
    load_annotations: Load, tmp_path: Path, bad: float
) -> None:
    scores = {"one": np.zeros(40), "two": np.full(33, bad), "three": np.zeros(20)}
    with pytest.raises(VadbenchError, match=r"scores\.npz: video 'a/two\.mp4': score (nan|inf) in row 0"):
        evaluate(scores, load_annotations(INTERVALS, FRAMES), tmp_path)


def test_a_name_stands_for_one_split(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations(INTERVALS, FRAMES)
    scores = {"one": np.zeros(40), "two": np.zeros(33), "three": np.zeros(20)}
    record = evaluate(scores, annotations, tmp_path)
    path = external_metrics(record.run, tmp_path)
    assert path == tmp_path / "tiny/external/theirs/metrics.json"
    record.save(path)
    assert external_metrics(record.run, tmp_path) == path
    other = external_label("tiny", "ten", 3, "theirs")
    with pytest.raises(
        VadbenchError, match="holds scores of weak, these are of ten draw 3; take another name"
    ):
        external_metrics(other, tmp_path)
    external_metrics(external_label("tiny", "weak", None, "others"), tmp_path)
    with pytest.raises(VadbenchError, match="holds scores of weak, these are of weak draw 1"):
        external_metrics(external_label("tiny", "weak", 1, "theirs"), tmp_path)
    path.write_text("{")
    assert external_metrics(other, tmp_path) == path


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "-x", "a\n", "x;y", ".hidden", "a--b", "ä", "a@b"])
def test_a_name_that_is_none_for_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="a name is made of letters and digits"):
        external_metrics(external_label("tiny", "weak", None, name), tmp_path)


@pytest.fixture(scope="module")
def ucf_crime(real_data: Path) -> Annotations:
    return read_annotations("ucf_crime", UcfCrimeData(), real_data)


@pytest.fixture(scope="module")
def truth(ucf_crime: Annotations) -> dict[str, np.ndarray]:
    """Frame labels of the test videos."""
    test = ucf_crime.split("weak").test
    axis = Axis(ucf_crime, test, EvaluationSettings())
    return {id: axis.labels(id, ucf_crime.videos[id].frames or 0).astype(float) for id in test}


@pytest.mark.real
def test_the_ground_truth_of_ucf_crime_as_scores_and_its_negation(
    ucf_crime: Annotations, truth: dict[str, np.ndarray], tmp_path: Path
) -> None:
    right = evaluate(truth, ucf_crime, tmp_path)
    assert (right.test.videos, right.test.frames, right.test.abnormal_frames) == (290, 1_111_808, 84_182)
    assert right.coverage.share == 1
    assert right.metrics["micro_auc"].value == right.metrics["micro_ap"].value == 1
    wrong = evaluate({id: -row for id, row in truth.items()}, ucf_crime, tmp_path)
    assert wrong.metrics["micro_auc"].value == wrong.metrics["macro_auc"].value == 0


@pytest.mark.real
def test_random_scores_on_ucf_crime_are_at_chance_in_every_form(
    ucf_crime: Annotations, truth: dict[str, np.ndarray], tmp_path: Path
) -> None:
    # One number per video would follow the videos, one per frame makes the interval too narrow for a seed:
    # one per 512 frames leaves it as wide as that of a method.
    rng = np.random.default_rng(1)
    scores = {id: np.repeat(rng.random(-(-len(row) // 512)), 512)[: len(row)] for id, row in truth.items()}
    settings = EvaluationSettings(bootstrap_resamples=100)
    records = [evaluate(path, ucf_crime, tmp_path, settings) for path in in_three_forms(scores, tmp_path)]
    for record in records:
        auc = record.metrics["micro_auc"]
        assert auc.ci_low < 0.5 < auc.ci_high
        assert auc == records[0].metrics["micro_auc"]
        assert record.metrics == records[0].metrics


@pytest.mark.real
def test_scores_of_a_known_auc_on_ucf_crime(
    ucf_crime: Annotations, truth: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """A detector that finds every second abnormal frame and raises a false alarm in every third normal one:
    two levels of scores, so that the AUC is (1 + found - false alarms) / 2."""
    scores, found, alarms = {}, 0, 0
    for id, row in truth.items():
        abnormal, normal = np.flatnonzero(row)[::2], np.flatnonzero(row == 0)[::3]
        scores[id] = np.zeros(len(row))
        scores[id][np.concatenate([abnormal, normal])] = 0.7
        found, alarms = found + len(abnormal), alarms + len(normal)
    known = (1 + found / 84_182 - alarms / (1_111_808 - 84_182)) / 2
    record = evaluate(scores, ucf_crime, tmp_path)
    assert record.metrics["micro_auc"].value == pytest.approx(known, abs=1e-12)
