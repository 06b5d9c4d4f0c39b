"""Which published figure may stand beside a measured one, and why none does."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vadbench.evaluation import Record
from vadbench.evaluation.coverage import Coverage
from vadbench.tables import comparison
from vadbench.tables.comparison import Comparison, compare
from vadbench.tables.lines import Line, lines_of
from vadbench.tables.published import results

SaveRun = Callable[..., Path]
TEST_VIDEOS = {
    "ucf_crime": 290,
    "xd_violence": 800,
    "shanghaitech": 199,
    "ped2": 12,
    "avenue": 21,
    "demo": 64,
}


def clip(model: str, weights: str) -> dict[str, Any]:
    """What a run's scores store says of features of the stage clip."""
    return {"settings": {"features": {"stage": "clip", "settings": {"model": model}}}, "weights": weights}


OPENAI = clip("ViT-B-16-quickgelu", "openai")


@pytest.fixture
def line_of(save_run: SaveRun) -> Callable[..., Line]:
    def line(made: Mapping[str, Any] = OPENAI, videos: int | None = None, **label: object) -> Line:
        label = {"benchmark": "ucf_crime", **label}
        total = TEST_VIDEOS[str(label["benchmark"])] if videos is None else videos
        path = save_run(changes={"coverage": Coverage(videos_total=total), **made}, **label)
        return lines_of({path: Record.load(path)})[0]

    return line


LineOf = Callable[..., Line]


def none(found: Comparison) -> str:
    """The reason why nothing is published."""
    assert math.isnan(found.value)
    assert found.source == ""
    return found.note


def test_all_agree(line_of: LineOf) -> None:
    found = compare(line_of(), "micro_auc")
    assert (found.value, found.source) == (pytest.approx(0.8414), "STPrompt, Table 1")
    assert found.note.startswith("84.14 (STPrompt, Table 1: Sultani et al. [52], CLIP); also printed: ")
    # What TPWNG and LEC-VAD print for it is named, not hidden.
    assert "77.92 (TPWNG, Table 1: Sultani et al.[26], features not printed)" in found.note
    assert "77.92 (LEC-VAD, Table 2: RAD (Sultani et al., 2018), I3D)" in found.note


@pytest.mark.parametrize("model", ["ViT-B-16-quickgelu", "ViT-B/16-quickgelu"])
def test_a_model_is_known_by_either_spelling(line_of: LineOf, model: str) -> None:
    assert compare(line_of(clip(model, "openai")), "micro_auc").source


@pytest.mark.parametrize(
    "made",
    [
        clip("ViT-B-16-quickgelu", "none"),
        clip("ViT-B-16", "laion2b_s34b_b88k"),
        clip("ViT-L-14-quickgelu", "openai"),
        clip("demo", "demo"),
        {"settings": {}, "weights": ""},
        {"settings": {"features": "unknown"}, "weights": "openai"},
    ],
)
def test_other_features_are_named(line_of: LineOf, made: Mapping[str, Any]) -> None:
    note = none(compare(line_of(made), "micro_auc"))
    assert note.startswith("published with CLIP ViT-B-16 (openai)")
    assert "84.14 (STPrompt, Table 1" in note


def test_the_words_for_other_features(line_of: LineOf) -> None:
    assert "here with demo: " in none(compare(line_of(clip("demo", "demo")), "micro_auc"))
    random = none(compare(line_of(clip("ViT-B-16-quickgelu", "none")), "micro_auc"))
    assert "here with ViT-B-16-quickgelu (none): " in random
    assert "here with no model: " in none(compare(line_of({"settings": {}, "weights": ""}), "micro_auc"))


def test_the_method_s_own_paper_comes_first(line_of: LineOf) -> None:
    own = compare(line_of(method="lec_vad"), "micro_auc")
    assert (own.value, own.source) == (pytest.approx(0.8997), "LEC-VAD, Table 2")
    assert "88.21 (LEC-VAD, Table 2: LEC-VAD (Ours), I3D)" in own.note
    tpwng = compare(line_of(method="tpwng"), "micro_auc")
    assert (tpwng.value, tpwng.source) == (pytest.approx(0.8779), "TPWNG, Table 1")


def test_what_the_papers_leave_open_is_said(line_of: LineOf) -> None:
    found = compare(line_of(method="tpwng", benchmark="xd_violence"), "micro_ap")
    assert found.value == pytest.approx(0.8368)
    assert "step sum or the trapezoid" in found.note
    assert "which kind of SVM is not said" in compare(line_of(method="linear_svm"), "micro_auc").note


def test_features_that_a_paper_does_not_print_are_not_guessed(line_of: LineOf) -> None:
    note = none(compare(line_of(method="lec_vad", benchmark="xd_violence"), "map_legacy_mean"))
    assert note.startswith(
        "published with features that are not printed, here with ViT-B-16-quickgelu (openai)"
    )


def test_another_metric_method_or_benchmark(line_of: LineOf) -> None:
    assert none(compare(line_of(), "macro_auc")) == "the papers print no macro_auc for sultani on ucf_crime"
    # N/A is no figure.
    assert none(compare(line_of(), "tiou")) == "the papers print no tiou for sultani on ucf_crime"
    zero_shot = compare(line_of(method="zero_shot"), "micro_auc")
    assert none(zero_shot) == "the papers print nothing for zero_shot on ucf_crime"
    assert none(compare(line_of(benchmark="demo"), "micro_auc")) == "none of the papers reports on demo"


def test_another_split(line_of: LineOf) -> None:
    note = none(compare(line_of(benchmark="shanghaitech", split="one_class"), "micro_auc"))
    assert note.startswith("published for the split weak, not one_class: 91.72 (STPrompt, Table 2")


def test_of_two_splits_the_line_s_own_is_taken(line_of: LineOf, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = next(c for c in results() if c.method == "sultani" and c.benchmark == "ucf_crime")
    other = replace(weak, split="one_class", printed="99.99")
    monkeypatch.setattr(comparison, "comparable", lambda: (other, weak))
    found = compare(line_of(), "micro_auc")
    assert found.value == pytest.approx(0.8414)
    assert "also printed: 99.99" in found.note


def test_lists_of_another_size_are_another_benchmark(line_of: LineOf) -> None:
    note = none(compare(line_of(videos=4), "micro_auc"))
    assert note.startswith("published on 290 test videos, here are 4: 84.14")


def test_a_variant_is_another_method(line_of: LineOf) -> None:
    assert "not for this variant" in none(compare(line_of(variant="pairs_all"), "micro_auc"))


DETECTED = {"settings": {"features": {"settings": {"reads": "regions"}}}, "weights": "yolov8n_from_int8"}


@pytest.mark.parametrize(("benchmark", "figure"), [("ped2", "94.5"), ("avenue", "86.2")])
def test_a_variant_that_a_paper_prints_has_its_own_figure(
    line_of: LineOf, benchmark: str, figure: str
) -> None:
    """Motion alone; the detector behind it is another one, so that it is named and not subtracted."""
    label = {"benchmark": benchmark, "split": "one_class", "method": "local_patterns"}
    found = compare(line_of(DETECTED, variant="motion_only", **label), "micro_auc")
    assert none(found) == (
        "published with regions of a detector that Table 3 does not name (Table 4: YOLOv7 or Qwen-VL), here "
        f"with yolov8n_from_int8: {figure} (Local Patterns, Table 3: setting 8: Stage1=× Stage2=× Nq=32 "
        "TME=✓ TSG=× NSMM=-, features not printed)"
    )
    assert found.unlike
    other = compare(line_of(DETECTED, variant="depth_5", **label), "micro_auc")
    assert none(other).startswith("published for the method, not for this variant of it: 99.1 (Local") == (
        benchmark == "ped2"
    )
    assert figure not in other.note
    whole = compare(line_of(DETECTED, **label), "micro_auc")
    assert "Table 1" in none(whole)
    assert figure not in whole.note
    other_metric = compare(line_of(DETECTED, variant="motion_only", **label), "macro_auc_sentinel")
    assert "not for this variant" in none(other_metric)


def test_scores_from_outside_have_features_that_nobody_knows(line_of: LineOf) -> None:
    line = line_of({"settings": {}, "weights": ""}, method="vadclip", features="")
    note = none(compare(line, "micro_auc"))
    assert "here with features that are not known here: 88.02 (STPrompt, Table 1: VadCLIP [71], CLIP)" in note
