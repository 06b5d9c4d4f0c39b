"""Length and end rules: against a plain loop, and the ground truths in circulation rebuilt with them."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_benchmark import annotate

from vadbench.config import EvaluationSettings
from vadbench.datasets import Annotations
from vadbench.errors import VadbenchError
from vadbench.evaluation.axis import LENGTH_RULES, Axis

Load = Callable[..., Annotations]
Intervals = list[tuple[int, int]]


def labels_of(
    intervals: Mapping[str, Intervals], frames: Mapping[str, int], **settings: str
) -> dict[str, np.ndarray]:
    """Labels of all videos, by the rules of `settings`."""
    annotations = Annotations.model_validate(annotate(intervals, frames))  # type: ignore[arg-type]
    axis = Axis(annotations, list(intervals), EvaluationSettings(**settings))  # type: ignore[arg-type]
    return {id: axis.labels(id, count) for id, count in frames.items()}


@pytest.mark.parametrize(
    ("rule", "lengths"),
    [
        ("true", [1, 15, 16, 17, 31, 32, 33]),
        ("floor16", [0, 0, 16, 16, 16, 32, 32]),
        ("floor16_minus_one", [0, 0, 0, 16, 16, 16, 32]),
        ("ceil16", [16, 16, 16, 32, 32, 32, 48]),
    ],
)
def test_length_rules(rule: str, lengths: list[int]) -> None:
    assert [LENGTH_RULES[rule](frames) for frames in (1, 15, 16, 17, 31, 32, 33)] == lengths


@st.composite
def annotated(draw: st.DrawFn) -> tuple[Intervals, int]:
    """Intervals in order and apart, the last of which may overrun the frames."""
    edges = sorted(draw(st.sets(st.integers(0, 70), max_size=6)))
    return list(zip(edges[::2], edges[1::2], strict=False)), draw(st.integers(1, 60))


@given(annotated(), st.sampled_from(sorted(LENGTH_RULES)), st.sampled_from(["exclusive", "inclusive"]))
def test_a_frame_is_abnormal_where_an_interval_says_so(
    case: tuple[Intervals, int], length_rule: str, end_rule: str
) -> None:
    intervals, frames = case
    got = labels_of({"a": intervals}, {"a": frames}, length_rule=length_rule, end_rule=end_rule)["a"]
    more = end_rule == "inclusive"
    for t in range(LENGTH_RULES[length_rule](frames)):
        inside = any(start <= t < end + more for start, end in intervals)
        repeated = t >= frames and any(end == frames for _, end in intervals)
        assert got[t] == (inside or repeated)
    assert len(got) == LENGTH_RULES[length_rule](frames)


def test_beyond_the_last_frame_a_label_per_frame_is_repeated_and_an_overrun_taken_as_written() -> None:
    got = labels_of({"mask": [(10, 20)], "text": [(10, 22)]}, {"mask": 20, "text": 20}, length_rule="ceil16")
    assert np.flatnonzero(got["mask"]).tolist() == list(range(10, 32))
    assert np.flatnonzero(got["text"]).tolist() == list(range(10, 22))


def test_labels_end_where_the_published_frames_do_however_many_are_decoded() -> None:
    annotations = Annotations.model_validate(annotate({"a": [[10, 20]]}, {"a": 20}))
    axis = Axis(annotations, ["a"], EvaluationSettings(length_rule="ceil16"))
    for decoded in (19, 20, 21):
        assert np.flatnonzero(axis.labels("a", decoded)).tolist() == list(range(10, 32))


def test_the_longer_decoding_of_a_video_repeats_nothing() -> None:
    annotations = Annotations.model_validate(annotate({"a": [[5, 10]]}, {"a": 10}))
    axis = Axis(annotations, ["a"], EvaluationSettings())
    assert np.flatnonzero(axis.labels("a", 12)).tolist() == list(range(5, 10))


def test_a_table_says_the_length_of_each_video(load_annotations: Load, tmp_path: Path) -> None:
    annotations = load_annotations({"a/one.mp4": [[5, 10]], "b": []})
    table = tmp_path / "lengths.tsv"
    table.write_text("video\tclass\tframes\none\tx\t8\r\nb.mp4\ty\t3\r\n")
    axis = Axis(annotations, ["a/one.mp4", "b"], EvaluationSettings(length_rule=str(table)))
    assert axis.labels("a/one.mp4", 30).tolist() == [False] * 5 + [True] * 3
    assert axis.length("b", 30) == axis.known_length("b") == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video,frames\na,8\n", "has no line for the test video 'b'"),
        ("video,frames\na,8\nb,0\n", "line 3: frames is '0'"),
        ("video,frames\na,8\nb,٣\n", "line 3: frames is '٣'"),
        ("video,frames\na,8\na,9\n", "line 3: video 'a' has an earlier line"),
        ("video,frames\na,8\na.mp4,9\n", "both stand for video 'a'"),
        ("video,frames\na,8\nc,9\n", "no video of tiny is called 'c'"),
        ("video,frames\na,8,9\n", "line 2: has 3 cells"),
        ("name,frames\na,8\n", "line 1: must name the columns video,frames"),
        ("video,frames,frames\na,8,9\n", "line 1: must name"),
        ("", "line 1: must name the columns video,frames, each once; it names none"),
        ('video,frames\n"a,8\n', "line 2"),
    ],
)
def test_a_damaged_table_names_file_and_line(
    load_annotations: Load, tmp_path: Path, text: str, said: str
) -> None:
    annotations = load_annotations({"a": [], "b": []})
    table = tmp_path / "lengths.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(VadbenchError) as error:
        Axis(annotations, ["a", "b"], EvaluationSettings(length_rule=str(table))).length("b", 30)
    assert said in str(error.value)
    assert str(table) in str(error.value)


def test_a_table_that_is_not_there_says_which_setting_names_it(load_annotations: Load) -> None:
    with pytest.raises(VadbenchError, match=r"none\.csv: .*evaluation\.length_rule"):
        Axis(load_annotations({"a": []}), ["a"], EvaluationSettings(length_rule="none.csv"))


def by_video(truth: np.ndarray, lengths: Iterator[int]) -> list[np.ndarray]:
    return np.split(truth.astype(bool), np.cumsum(list(lengths))[:-1])


def ucf_crime(folder: Path) -> tuple[dict[str, Intervals], dict[str, int]]:
    """Intervals and frames of the test videos, read as plainly as possible."""
    intervals, frames = {}, {}
    for line in (folder / "UCF_Annotation_with_frames.txt").read_text().splitlines():
        path, count, _, *ends = line.split()
        id = path.split("/")[1].removesuffix(".mp4")
        pairs = zip(map(int, ends[::2]), map(int, ends[1::2]), strict=True)
        intervals[id], frames[id] = [(start, end) for start, end in pairs if start >= 0], int(count)
    return intervals, frames


@pytest.mark.real
def test_the_ground_truth_of_ucf_crime_that_comes_with_rtfm(real_data: Path) -> None:
    folder = real_data / "ucf_crime"
    order = (folder / "order_rtfm_test.txt").read_text().split()
    with np.load(folder / "gt_frames_rtfm_rebuilt_uint8.npz") as published:
        wanted = dict(zip(order, by_video(published["gt"], published["lengths"]), strict=True))
    got = labels_of(*ucf_crime(folder), length_rule="ceil16", end_rule="inclusive")
    assert sum(map(len, got.values())) == 1_114_144
    assert sum(labels.sum() for labels in got.values()) == 84_343
    for id, labels in wanted.items():
        np.testing.assert_array_equal(got[id], labels, err_msg=id)


@pytest.mark.real
def test_the_ground_truth_of_ucf_crime_that_comes_with_deepmil(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "ucf_crime"
    with (folder / "test_videos.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    table = tmp_path / "deepmil.csv"
    lines = [f"{row['video']},{row['gt_len_pel4vad']}" for row in rows]
    table.write_text("\n".join(["video,frames", *lines]))
    with np.load(folder / "gt_frames_deepmil_uint8.npz") as published:
        wanted = dict(
            zip(published["names"].tolist(), by_video(published["gt"], published["lengths"]), strict=True)
        )
    got = labels_of(*ucf_crime(folder), length_rule=str(table))
    assert sum(map(len, got.values())) == 1_109_680
    assert sum(labels.sum() for labels in got.values()) == 84_128
    for id, labels in wanted.items():
        np.testing.assert_array_equal(got[id], labels, err_msg=id)


@pytest.mark.real
def test_the_true_lengths_of_ucf_crime(real_data: Path) -> None:
    # With its end, each of 156 events is one longer, but for the seven that reach the end of their video.
    for end_rule, abnormal in (("exclusive", 84_182), ("inclusive", 84_182 + 156 - 7)):
        got = labels_of(*ucf_crime(real_data / "ucf_crime"), end_rule=end_rule)
        assert sum(map(len, got.values())) == 1_111_808
        assert sum(labels.sum() for labels in got.values()) == abnormal


@pytest.mark.real
def test_the_ground_truth_of_xd_violence_that_comes_with_its_features(real_data: Path) -> None:
    folder = real_data / "xd_violence"
    with (folder / "test_videos.tsv").open(newline="") as file:
        frames = {row["video"]: int(row["frames"]) for row in csv.DictReader(file, delimiter="\t")}
    intervals: dict[str, Intervals] = {id: [] for id in frames}
    for line in (folder / "annotations.txt").read_text().splitlines():
        name, *ends = line.split()
        numbers = list(map(int, ends))
        intervals[name.removesuffix(".mp4")] = list(zip(numbers[::2], numbers[1::2], strict=True))
    with np.load(folder / "gt_frames_uint8.npz") as published:
        wanted = dict(zip(frames, by_video(published["gt"], published["lengths"]), strict=True))
    got = labels_of(intervals, frames, length_rule="floor16_minus_one")
    assert sum(map(len, got.values())) == 2_330_384
    assert sum(labels.sum() for labels in got.values()) == 537_805
    for id, labels in wanted.items():
        np.testing.assert_array_equal(got[id], labels, err_msg=id)


@pytest.mark.real
def test_the_ground_truth_of_shanghaitech_that_comes_with_rtfm(real_data: Path) -> None:
    """Its test list has the 44 abnormal videos first; what follows is normal."""
    folder = real_data / "shanghaitech"
    frames, intervals = {}, {}
    with (folder / "weak_split/SH_Test_labels.csv").open(newline="") as file:
        abnormal = [row["video"] for row in csv.DictReader(file) if row["label"] == "1"]
    for id in abnormal:
        mask = np.load(folder / f"test_frame_mask/{id}.npy").astype(bool)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
        frames[id], intervals[id] = (
            len(mask),
            list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)),
        )
    got = labels_of(intervals, frames, length_rule="ceil16")
    with np.load(folder / "weak_split/gt_sh_rtfm.npz") as published:
        truth = published["gt"].astype(bool)
    # In the order of that list, which is not at hand, no video is torn: the order found by trying each
    # next video must use them all up.
    left, at = dict(got), 0
    while left:
        fits = [id for id, labels in left.items() if np.array_equal(truth[at : at + len(labels)], labels)]
        assert fits, f"no video continues the published array at frame {at}"
        at += len(left.pop(fits[0]))
    assert at == 17_968
    assert truth[at:].sum() == 0
    assert sum(labels.sum() for labels in got.values()) == truth.sum() == 8_028
