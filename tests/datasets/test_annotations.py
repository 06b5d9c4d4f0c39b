"""Annotations: the file, its splits and the labels of frames."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vadbench.datasets import Annotations, VideoAnnotation
from vadbench.datasets.annotations import Lists, SplitLists
from vadbench.datasets.dataset import union
from vadbench.errors import VadbenchError


def sample() -> Annotations:
    return Annotations(
        benchmark="sample",
        classes=("normal", "fire"),
        splits={
            "weak": SplitLists(supervision="weak", train=("a",), test=("b", "c")),
            "drawn": SplitLists(
                supervision="weak",
                draws={"0": Lists(train=("a",), test=("b",)), "3": Lists(train=("b",), test=("a",))},
            ),
        },
        videos={
            "a": VideoAnnotation(classes=(), intervals=(), frames=10),
            "b": VideoAnnotation(
                classes=("fire",),
                intervals=((2, 4), (6, 9)),
                segments=(("fire", 2, 4), ("fire", 6, 9)),
                boxes=((2, 0, 0.5, 10, 20),),
            ),
            "c": VideoAnnotation(),
        },
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "stores" / "annotations.json"
    assert sample().save(path)
    assert Annotations.load(path) == sample()
    content = json.loads(path.read_text())
    assert content["videos"]["b"]["intervals"] == [[2, 4], [6, 9]]
    nothing = {"classes": None, "intervals": None, "segments": [], "boxes": [], "masks": None, "frames": None}
    assert content["videos"]["c"] == nothing
    assert sum(line.lstrip().startswith('"b": {') for line in path.read_text().splitlines()) == 1


def test_the_videos_that_any_listed_split_tests() -> None:
    assert sample().test_videos(["weak"], [0]) == {"b", "c"}
    assert sample().test_videos(["drawn"], [3]) == {"a"}
    assert sample().test_videos(["drawn"], [0, 3]) == {"a", "b"}
    assert sample().test_videos(["weak", "drawn"], [3]) == {"a", "b", "c"}
    assert sample().test_videos([], [0]) == set()
    for splits, draws in ((["strong"], [0]), (["drawn"], [1])):
        with pytest.raises(VadbenchError, match="sample: "):
            sample().test_videos(splits, draws)


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    sample().save(path)
    before = path.stat()
    assert not sample().save(path)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_splits_and_draws() -> None:
    annotations = sample()
    assert annotations.split("weak") == ("weak", ("a",), ("b", "c"))
    assert annotations.split("drawn", 3).train == ("b",)
    for name, draw, words in (
        ("strong", None, "no split strong; it has weak, drawn"),
        ("weak", 2, "the split weak has no draws"),
        ("drawn", 1, "has the draws 0, 3; draw is 1"),
        ("drawn", None, "has the draws 0, 3; draw is not given"),
    ):
        with pytest.raises(VadbenchError, match=words):
            annotations.split(name, draw)


def test_frame_labels_are_cut_at_the_end_of_the_video() -> None:
    annotations = sample()
    assert np.flatnonzero(annotations.frame_labels("b", 20)).tolist() == [2, 3, 6, 7, 8]
    assert annotations.frame_labels("b", 7).tolist() == [False, False, True, True, False, False, True]
    assert not annotations.frame_labels("a", 5).any()
    assert annotations.frame_labels("b", 0).shape == (0,)


def test_what_is_not_known_is_not_answered() -> None:
    annotations = sample()
    assert not annotations.is_abnormal("a")
    assert annotations.is_abnormal("b")
    with pytest.raises(VadbenchError, match="video c has no label"):
        annotations.is_abnormal("c")
    with pytest.raises(VadbenchError, match="frames of video c are not annotated"):
        annotations.frame_labels("c", 5)
    with pytest.raises(VadbenchError, match="no video d"):
        annotations.is_abnormal("d")


@pytest.mark.parametrize("intervals", [[(3, 3)], [(4, 2)], [(5, 9), (0, 2)], [(0, 5), (5, 6)], [(-1, 2)]])
def test_intervals_that_make_no_sense_are_refused(intervals: list[tuple[int, int]]) -> None:
    with pytest.raises(ValidationError):
        VideoAnnotation(intervals=tuple(intervals))


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (SplitLists(supervision="none", test=("x",)), "x, which is no video"),
        (SplitLists(supervision="weak", train=("a",), test=("a",)), "a both for training"),
        (SplitLists(supervision="weak", draws={"0": Lists(test=("y",))}), "y, which is no video"),
    ],
)
def test_splits_that_contradict_the_videos_are_refused(lists: SplitLists, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Annotations(benchmark="b", classes=("normal",), splits={"s": lists}, videos={"a": VideoAnnotation()})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"benchmark": "b"}', "\0"])
def test_a_damaged_file_names_itself_and_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(content)
    with pytest.raises(VadbenchError, match=r"annotations\.json: .*vadbench index") as caught:
        Annotations.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="No such file or directory; delete it and run `vadbench index`"):
        Annotations.load(tmp_path / "annotations.json")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15))))
def test_a_union_of_intervals_covers_the_same_frames(pairs: list[tuple[int, int]]) -> None:
    intervals = [(start, start + length) for start, length in pairs]
    joined = union(intervals)
    frames = {frame for start, end in intervals for frame in range(start, end)}
    assert {frame for start, end in joined for frame in range(start, end)} == frames
    VideoAnnotation(intervals=joined)  # in order and apart
