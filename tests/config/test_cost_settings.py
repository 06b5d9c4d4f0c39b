"""What costs depend on, of all settings of a benchmark."""

import json
from typing import Any

import pytest

from vadbench.config import BenchmarkSettings, CostSettings, settings_of_option
from vadbench.errors import VadbenchError

BASE: dict[str, Any] = {
    "data": {"kind": "demo"},
    "splits": ["weak"],
    "features": {"frames": {"stage": "frames"}, "clip": {"stage": "clip", "model": "demo"}},
    "methods": ["sultani", "one_class_svm", {"linear_svm": {"variant": "soft", "c": 0.1}}],
}


def _identity(**changes: Any) -> dict[str, Any]:
    return CostSettings.of(BenchmarkSettings.model_validate(BASE | changes)).identity()


def test_what_comes_back_from_json_is_the_same() -> None:
    texts = {"labels": {"normal": ["a", "b"], "fire": "c"}}
    windows = {"windows": {"stage": "windows", "model": "demo", "scales": ["2/2"], "top": 4}}
    methods = [
        {"stprompt": {"lr": 1e-3, "layers": 2, "localisation": {}}},
        {"vadclip": {"constants": "paper"}},
    ]
    identity = _identity(methods=methods, texts=texts, features=BASE["features"] | windows, shards=3)
    again = CostSettings.model_validate(json.loads(json.dumps(identity)))
    assert again.identity() == identity
    assert again.shards == 3
    assert again.texts.labels["normal"] == ("a", "b")
    assert [entry.name for entry in again.methods] == ["stprompt", "vadclip"]


def test_only_methods_that_run_are_there() -> None:
    assert [next(iter(entry)) for entry in _identity()["methods"]] == ["sultani", "linear_svm"]
    both = _identity(splits=["weak", "one_class"])["methods"]
    assert [next(iter(entry)) for entry in both] == ["sultani", "one_class_svm", "linear_svm"]


def test_only_sets_that_runs_are_made_of_are_there() -> None:
    sets = {
        "own": {"stage": "clip", "model": "/nowhere/own.json", "weights": "none"},
        "far": {"stage": "frames", "stride": 2},
        "of_far": {"stage": "clip", "reads": "far", "model": "demo"},
        **BASE["features"],
    }
    assert _identity(features=sets) == _identity()
    # one_class_svm, which does not run, reads one of them.
    other = [{"one_class_svm": {"reads": "own"}}, *BASE["methods"]]
    assert _identity(features=sets, methods=other) == _identity()
    read = _identity(features=sets, methods=[{"sultani": {"reads": "of_far"}}])
    assert list(read["features"]) == ["far", "of_far"]
    assert _identity(methods=["one_class_svm"])["features"] == {}


_OF_TWO = {
    "frames": {"stage": "frames"},
    "regions": {"stage": "regions", "weights": "own.pt"},
    "motion": {"stage": "motion"},
    "other": {"stage": "motion", "crf": 20},
    "histograms": {"stage": "histograms"},
}


def test_both_sets_that_one_is_made_of_are_there() -> None:
    identity = _identity(features=_OF_TWO, methods=["motion_magnitude"])
    assert list(identity["features"]) == ["frames", "regions", "motion", "histograms"]
    assert CostSettings.model_validate(json.loads(json.dumps(identity))).identity() == identity
    unkept = {**_OF_TWO, "motion": {"stage": "motion", "keep": "none"}}
    assert _identity(features=unkept, methods=["motion_magnitude"]) == identity
    identity["features"]["histograms"]["motion"] = "frames"
    with pytest.raises(
        VadbenchError, match="histograms reads a set of the stage motion, which frames is not"
    ):
        settings_of_option(CostSettings, "--settings, demo", identity)


def test_what_costs_do_not_depend_on_is_not_there() -> None:
    for changes in (
        {"seeds": [4]},
        {"evaluation": {"bootstrap_resamples": 20}},
        {"data": {"kind": "demo", "seed": 3}},
        {"queries": {"background": ["a picture of sky"]}},
        # None of the methods reads a text.
        {"texts": {"labels": {"normal": "a", "fire": "b"}}},
        {"methods": [{"sultani": {"lr": 0.5, "min_steps": 9}}, *BASE["methods"][1:]]},
        {"methods": [{"sultani": {"splits": ["weak"]}}, *BASE["methods"][1:]]},
    ):
        assert _identity(**changes) == _identity()


@pytest.mark.parametrize("reads", ["frames", "nowhere"])
def test_what_is_read_must_be_there(reads: str) -> None:
    identity = _identity()
    identity["methods"][0]["sultani"]["reads"] = reads
    with pytest.raises(VadbenchError, match=f"sultani reads a set of the stage clip, which {reads} is not"):
        settings_of_option(CostSettings, "--settings, demo", identity)


def test_what_costs_depend_on_is_there() -> None:
    clip = {"stage": "clip", "model": "demo", "crops": 5}
    for changes in (
        {"shards": 2},
        {"features": BASE["features"] | {"clip": clip}},
        {"methods": BASE["methods"][:1]},
        {"methods": ["sultani", "one_class_svm", {"linear_svm": {"c": 0.1}}]},
    ):
        assert _identity(**changes) != _identity()
