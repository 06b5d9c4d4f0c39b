"""What the papers print: our copy against their texts, and against itself."""

import csv
import math
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from printed_tables import FILES, TABLES, printed_rows, table_cells

from vadbench.config import METHOD_SETTINGS
from vadbench.evaluation import DEFINITIONS, MAP_DEFINITIONS
from vadbench.tables.published import PAPERS, Printed, comparable, results, tables_on

APPENDIX = "Appendix H"
"""Figures of a text, which stand in no table."""

LATER_METHODS = {
    *("stprompt", "sultani_patch", "vadclip", "vadclip_windows", "tpwng", "lec_vad", "local_patterns"),
    *("rtfm", "ur_dmu", "clip_tsa"),
}
OWN_PAPER = {
    "stprompt": "STPrompt",
    "tpwng": "TPWNG",
    "lec_vad": "LEC-VAD",
    "local_patterns": "Local Patterns",
}
LATER_METRICS = {"tiou"}


def cells() -> list[Printed]:
    text = (files("vadbench.tables") / "published.csv").read_text(encoding="utf-8")
    return [Printed.of(row) for row in csv.DictReader(text.splitlines())]


def papers_folder(real_data: Path) -> Path:
    return real_data.parent / "papers"


@pytest.mark.real
@pytest.mark.parametrize(("paper", "table"), TABLES)
def test_a_table_says_what_the_paper_prints_row_by_row(real_data: Path, paper: str, table: str) -> None:
    ours = Counter(
        (cell.printed_row, cell.printed_features, cell.printed_dataset, cell.printed_metric, cell.printed)
        for cell in cells()
        if (cell.paper, cell.table) == (paper, table)
    )
    assert ours == Counter(printed_rows(papers_folder(real_data), paper, table))


@pytest.mark.real
def test_figures_of_a_text_stand_in_one_paragraph_with_what_they_belong_to(real_data: Path) -> None:
    of_text = [cell for cell in cells() if cell.table == APPENDIX]
    assert len(of_text) == 5
    for cell in of_text:
        paragraphs = (papers_folder(real_data) / FILES[cell.paper]).read_text(encoding="utf-8").split("\n")
        assert any(
            cell.printed_row in paragraph
            and re.search(
                rf"(?<![\d.]){re.escape(cell.printed)}\W*{cell.printed_metric.split()[0]}", paragraph
            )
            for paragraph in paragraphs
        ), cell


@pytest.mark.real
@pytest.mark.parametrize("table", ["Table 3", "Table 5"])
def test_a_setting_of_an_ablation_is_that_of_its_line(real_data: Path, table: str) -> None:
    _, *lines = table_cells(papers_folder(real_data), "Local Patterns", table)
    names = ("Stage1", "Stage2", "Nq", "TME", "TSG", "NSMM")
    printed = {
        line[0]: f"ablation setting {line[0]}: "
        + " ".join(f"{name}={cell}" for name, cell in zip(names, line[1:7], strict=True))
        for line in lines
    }
    ours = {c.printed_row: c.setting for c in cells() if (c.paper, c.table) == ("Local Patterns", table)}
    assert ours == printed


@pytest.mark.real
def test_no_row_of_the_collected_tables_is_lost(real_data: Path) -> None:
    with (real_data / "published.csv").open(newline="", encoding="utf-8") as file:
        collected = list(csv.DictReader(file))
    ours = cells()
    assert len(ours) == len(collected) == 765
    for row, cell in zip(collected, ours, strict=True):
        assert (cell.paper.replace(" ", ""), cell.table) == (
            row["paper"],
            APPENDIX if row["table"].startswith("text") else row["table"],
        )
        if cell.table != APPENDIX:
            assert cell.printed.removesuffix("%").replace("-", "") == row["value"]


def test_rows_of_an_ablation_that_are_a_variant_of_ours() -> None:
    """Local Patterns prints motion alone on four benchmarks."""
    variants = [cell for cell in comparable() if cell not in results()]
    assert variants == [cell for cell in cells() if cell.variant]
    assert {(c.method, c.variant, c.source, c.printed_row) for c in variants} == {
        ("local_patterns", "motion_only", "Local Patterns, Table 3", "8")
    }
    assert {cell.benchmark: cell.printed for cell in variants} == {
        "shanghaitech": "84.1",
        "avenue": "86.2",
        "ubnormal": "77.6",
        "ped2": "94.5",
    }
    assert all("TME=✓" in cell.setting and "Stage1=×" in cell.setting for cell in variants)


def test_every_gap_is_marked_and_every_figure_can_be_read() -> None:
    for cell in cells():
        if cell.kind == "cost":
            continue
        marked = "not reported" in cell.note or "missing" in cell.text
        assert math.isnan(cell.value) == marked, cell
        assert math.isnan(cell.value) or 0 < cell.value < 1


def test_names_are_those_of_our_tables() -> None:
    for cell in cells():
        assert cell.paper in PAPERS
        assert cell.method in {"", *METHOD_SETTINGS, *LATER_METHODS}
        assert cell.split in {"", "weak", "one_class"}
        assert (cell.model == "") == (cell.weights == "")
        assert (cell.benchmark == "") == (cell.test_videos == 0)
        if cell.benchmark:
            assert cell.metric in {*DEFINITIONS, *MAP_DEFINITIONS, *LATER_METRICS}


def test_a_method_has_one_figure_per_table_metric_and_features() -> None:
    seen = Counter(
        (c.source, c.benchmark, c.metric, c.method, c.printed_features) for c in results() if c.method
    )
    assert max(seen.values()) == 1


def test_a_paper_comes_before_those_that_quote_it() -> None:
    order = list(PAPERS)
    for method, paper in OWN_PAPER.items():
        printed = {cell.paper for cell in results() if cell.method == method}
        assert min(printed, key=order.index) == paper


def test_a_mean_over_thresholds_is_that_of_its_line_or_noted() -> None:
    lines: dict[tuple[str, str], dict[str, Printed]] = {}
    for cell in cells():
        if cell.metric.startswith("map_"):
            lines.setdefault((cell.source, cell.printed_row), {})[cell.metric] = cell
    assert len(lines) == 23
    for line in lines.values():
        mean = line.pop("map_legacy_mean")
        parts = [cell.value for cell in line.values()]
        if not any(map(math.isnan, parts)):
            agrees = abs(sum(parts) / 5 - mean.value) < 6e-5
            assert agrees != ("differs from the mean" in mean.note), mean


def test_tables_are_shown_where_they_have_a_row_on_the_split() -> None:
    assert list(tables_on("ucf_crime", "weak")) == [
        "STPrompt, Table 1",
        "Local Patterns, Table 2",
        "TPWNG, Table 1",
        "LEC-VAD, Table 2",
        "LEC-VAD, Table 4",
    ]
    assert list(tables_on("shanghaitech", "weak")) == ["STPrompt, Table 2"]
    assert list(tables_on("shanghaitech", "one_class")) == ["Local Patterns, Table 1"]
    assert not tables_on("demo", "weak")
