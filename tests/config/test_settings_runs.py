"""From entries to runs and their paths."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_files import SMALL, small

from vadbench.config import MethodEntry, expand_runs, run_path


def entry(name: str, **settings: object) -> MethodEntry:
    return MethodEntry.model_validate({name: settings})


@pytest.mark.parametrize(
    ("split", "draw", "one", "seed", "path"),
    [
        ("weak", None, entry("sultani"), 0, "results/b/weak/sultani/seed-0"),
        ("weak", 3, entry("sultani"), 2, "results/b/weak/draw-03/sultani/seed-2"),
        ("weak", None, entry("sultani", variant="slow"), 0, "results/b/weak/sultani--slow/seed-0"),
        ("weak", None, entry("sultani", reads="clip_b16"), 0, "results/b/weak/sultani@clip_b16/seed-0"),
        (
            "weak",
            0,
            entry("sultani", variant="a", reads="x"),
            1,
            "results/b/weak/draw-00/sultani--a@x/seed-1",
        ),
        ("all", None, entry("frame_difference"), 0, "results/b/all/frame_difference/seed-0"),
    ],
)
def test_paths(split: str, draw: int | None, one: MethodEntry, seed: int, path: str) -> None:
    assert run_path("b", split, draw, one, seed) == path


def test_methods_run_where_their_supervision_is_offered() -> None:
    methods = ["zero_shot", "frame_difference", "one_class_svm", "linear_svm", "sultani"]
    runs = expand_runs("demo", small(methods=methods, seeds=[0, 1]))
    found = {(run.method, run.split, run.seed) for run in runs}
    assert len(found) == len(runs)
    assert found == {
        ("zero_shot", "weak", 0),
        ("zero_shot", "one_class", 0),
        ("frame_difference", "weak", 0),
        ("frame_difference", "one_class", 0),
        ("one_class_svm", "one_class", 0),
        ("one_class_svm", "one_class", 1),
        ("linear_svm", "weak", 0),
        ("sultani", "weak", 0),
        ("sultani", "weak", 1),
    }


def test_methods_run_where_their_features_are_made() -> None:
    features = {"frames": {"stage": "frames"}, "clip": {"stage": "clip", "model": "demo", "split": "weak"}}
    runs = expand_runs("demo", small(features=features, methods=["zero_shot", "frame_difference", "sultani"]))
    assert {(run.method, run.split) for run in runs} == {
        ("zero_shot", "weak"),
        ("frame_difference", "weak"),
        ("frame_difference", "one_class"),
        ("sultani", "weak"),
    }


def test_an_entry_may_run_on_fewer_splits() -> None:
    runs = expand_runs("demo", small(methods=[{"zero_shot": {"splits": ["one_class"]}}]))
    assert [run.split for run in runs] == ["one_class"]


def test_only_drawn_splits_have_draws() -> None:
    settings = small(data={"kind": "ped2"}, methods=["zero_shot", "sultani"], draws=[1, 4], seeds=[0, 7])
    runs = expand_runs("ped2", settings)
    assert [run.draw for run in runs if run.split == "one_class"] == [None]
    assert [(run.draw, run.seed) for run in runs if run.method == "sultani"] == [
        (1, 0),
        (1, 7),
        (4, 0),
        (4, 7),
    ]


def test_a_run_says_what_its_path_says() -> None:
    sets = {**SMALL["features"], "other": {"stage": "clip", "model": "demo", "every": 2}}
    settings = small(features=sets, methods=[{"sultani": {"reads": "other", "variant": "v"}}], seeds=[3])
    (run,) = expand_runs("demo", settings)
    assert run.path == "results/demo/weak/sultani--v@other/seed-3"
    assert (run.method, run.variant, run.features, run.seed) == ("sultani", "v", "other", 3)
    assert (run.supervision, run.draw, run.settings) == ("weak", None, settings.methods[0].settings)


NAMES = st.from_regex(r"\A[A-Za-z0-9]{1,4}([_.+-][A-Za-z0-9]{1,3}){0,2}\Z")


@given(
    split=NAMES,
    draw=st.none() | st.integers(0, 99),
    variant=st.just("") | NAMES,
    reads=NAMES,
    seed=st.integers(0, 10**6),
)
def test_a_path_can_be_taken_apart_again(
    split: str, draw: int | None, variant: str, reads: str, seed: int
) -> None:
    path = run_path("b", split, draw, entry("sultani", variant=variant, reads=reads), seed)
    parts = re.fullmatch(
        r"results/b/([^/]+)(?:/draw-(\d\d))?/([a-z_]+?)(?:--([^@/]+))?(?:@([^/]+))?/seed-(\d+)", path
    )
    assert parts is not None
    drawn = None if draw is None else f"{draw:02d}"
    other = None if reads == "clip" else reads
    assert parts.groups() == (split, drawn, "sultani", variant or None, other, str(seed))
