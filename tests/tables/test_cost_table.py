"""cost.csv and cost.md: figures, what the paper prints beside them, and why it does not."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from vadbench.costs import Cost
from vadbench.tables.cost import COLUMNS, cost_csv, write_costs
from vadbench.tables.cost_document import cost_document
from vadbench.tables.markdown import markdown
from vadbench.tables.published import costs

CLIP = {"model": "ViT-B-16-quickgelu", "weights": "openai"}


def _cost(**changes: Any) -> Cost:
    usual = {
        "benchmark": "toy",
        "kind": "method",
        "name": "stprompt",
        "reads": "windows",
        "parameters": 7,
        "parameters_with_towers": 1007,
        "trainable": 6,
        "flops": 4.4e6,
        "flops_total": 77e9,
        "flops_once": 12.7e9,
        "frames_counted": 256,
        "notes": ("boxes are not counted", "GFLOPs: a 1, b 2"),
    }
    return Cost(**{**usual, **CLIP, **changes})


SET = _cost(
    kind="features",
    name="windows",
    reads="frames",
    frames_per_second=12.345,
    measured_on="cpu with 2 threads",
    notes=("no log",),
)


def _row(cost: Cost) -> dict[str, str]:
    (row,) = csv.DictReader(io.StringIO(cost_csv([cost])))
    return row


def test_figures_are_whole_numbers_of_flops() -> None:
    row = _row(_cost())
    assert tuple(row) == COLUMNS
    assert [row[name] for name in COLUMNS[:7]] == ["toy", "method", "stprompt", "", "windows", *CLIP.values()]
    assert (row["parameters"], row["parameters_with_towers"], row["trainable"]) == ("7", "1007", "6")
    assert (row["flops_per_frame"], row["flops_per_frame_total"]) == ("4400000", "77000000000")
    assert (row["flops_once"], row["frames_counted"]) == ("12700000000", "256")
    assert (row["frames_per_second"], row["measured_on"]) == ("", "")


def test_both_readings_of_a_multiply_add_are_given() -> None:
    assert _row(_cost())["note"] == (
        "38.5 GMACs per frame in all, half of the FLOPs; boxes are not counted; GFLOPs: a 1, b 2"
    )
    assert _row(_cost(flops=None, flops_total=0, notes=("no network",)))["note"] == "no network"


def test_a_set_has_its_rate_and_no_paper() -> None:
    row = _row(SET)
    assert (row["frames_per_second"], row["measured_on"]) == ("12.35", "cpu with 2 threads")
    assert {row[name] for name in COLUMNS if name.startswith("published")} == {""}


def test_what_is_unknown_is_empty() -> None:
    row = _row(
        _cost(parameters=None, parameters_with_towers=None, trainable=None, flops=None, flops_once=None)
    )
    assert _row(_cost(flops_total=None))["flops_per_frame_total"] == ""
    empty = ("parameters", "parameters_with_towers", "trainable", "flops_per_frame", "flops_once")
    assert {row[name] for name in empty} == {""}


@pytest.mark.parametrize("model", ["ViT-B-16-quickgelu", "ViT-B/16-quickgelu"])
def test_the_paper_stands_beside_its_method_on_its_features(model: str) -> None:
    row = _row(_cost(model=model))
    assert (row["published_parameters"], row["published_flops"]) == ("31500000", "44800000000")
    assert row["published_source"] == "STPrompt, Table 7"
    assert "not printed" in row["published_note"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": "none"}, "published with ViT-B-16 (openai), here with ViT-B-16-quickgelu (none)"),
        ({"model": "ViT-L-14-quickgelu"}, "published with ViT-B-16 (openai), here with ViT-L-14-quickgelu"),
        ({"model": "", "weights": ""}, "here with no model"),
        ({"variant": "average"}, "published for the method, not for this variant of it"),
        ({"name": "sultani"}, "STPrompt, Table 7 prints nothing for sultani"),
    ],
)
def test_where_something_differs_there_is_a_reason(changes: dict[str, str], reason: str) -> None:
    row = _row(_cost(**changes))
    assert reason in row["published_note"]
    assert {row[name] for name in ("published_parameters", "published_flops", "published_source")} == {""}
    # The figures are named all the same where there are any.
    assert ("31.5M" in row["published_note"]) == ("name" not in changes)


def test_printed_numbers_are_read() -> None:
    printed = {(cell.label, cell.metric): cell.amount for cell in costs()}
    assert len(costs()) == 10
    assert printed["STPrompt", "parameters"] == 31.5e6
    assert printed["STPrompt", "flops"] == pytest.approx(44.8e9)
    assert printed["SSRL* [28]", "parameters"] == 136e6
    assert [cell.method for cell in costs() if cell.method] == ["stprompt"] * 2


def test_the_document_has_sets_methods_and_what_is_printed() -> None:
    text = markdown(
        cost_document([SET, _cost(), _cost(variant="mean"), _cost(benchmark="other", name="toy_svm")])
    )
    assert text.startswith("# Costs\n\n## toy\n\n### Feature sets\n")
    assert "| windows | ViT-B-16-quickgelu (openai) | 7 | 0.0044 | 12.3 | cpu with 2 threads |" in text
    line = "| windows | 7 | 6 | 1,007 | 0.0044 | 256 | 77 | 12.7 |"
    assert f"| stprompt {line}" in text
    assert f"| stprompt (mean) {line}" in text
    assert f"| toy_svm {line}" in text[text.index("## other") :]
    assert "\nstprompt, stprompt (mean): boxes are not counted.\n" in text
    assert "### STPrompt, Table 7\n" in text
    assert "| STPrompt | CLIP | 31.5M | 44.8G |" in text
    assert "SSRL* [28]: * = shared parameters between modules." in text
    assert "a multiply-add as 2 FLOPs" in text
    for header in ("GFLOPs", "At frames", "GFLOPs once", "With towers", "GFLOPs in all"):
        assert f"`{header}`" in text[text.index("As printed") :]
        assert f"| {header} " in text


def test_both_files_are_written(tmp_path: Path) -> None:
    write_costs([SET, _cost()], tmp_path / "results")
    assert (tmp_path / "results/cost.csv").read_text() == cost_csv([SET, _cost()])
    assert (tmp_path / "results/cost.md").read_text() == markdown(cost_document([SET, _cost()]))
    assert len(list((tmp_path / "results").iterdir())) == 2
