"""tables.md: measured tables, the papers' tables beside them, and what tells lines apart."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from vadbench.config import EvaluationSettings
from vadbench.evaluation.convention import describe
from vadbench.evaluation.coverage import Coverage
from vadbench.tables import write_tables

SaveRun = Callable[..., Path]
FULL = Coverage(videos_scored=290, videos_total=290, frames_scored=10, frames_total=10)
MADE = {
    "settings": {"features": {"stage": "clip", "settings": {"model": "ViT-B-16-quickgelu"}}},
    "weights": "openai",
    "coverage": FULL,
}
OUTSIDE = {"settings": {}, "weights": "", "selection": "", "coverage": FULL}


def parts(metrics: list[Path], folder: Path) -> dict[str, str]:
    """Text of tables.md by heading, benchmark and split before the table."""
    write_tables(metrics, folder)
    text = (folder / "tables.md").read_text(encoding="utf-8")
    found, section = {}, ""
    for part in re.split(r"^(?=##)", text, flags=re.MULTILINE):
        heading, _, body = part.partition("\n")
        section = heading.removeprefix("## ") if heading.startswith("## ") else section
        found[section if heading.startswith("## ") else f"{section}: {heading.removeprefix('### ')}"] = body
    return found


def rows(text: str) -> list[list[str]]:
    return [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]


def ucf(save_run: SaveRun, **arguments: object) -> Path:
    return save_run(benchmark="ucf_crime", **{"changes": MADE, **arguments})


def test_the_papers_tables_stand_beside_what_was_measured(save_run: SaveRun, tmp_path: Path) -> None:
    found = parts([ucf(save_run, values={"micro_auc": 0.8317})], tmp_path)
    titles = [title.removeprefix("ucf_crime, split weak: ") for title in found if "printed" in title]
    assert titles == [
        "STPrompt, Table 1 (UCFCrime), as printed, and measured here",
        "Local Patterns, Table 2 (UCF), as printed, and measured here",
        "TPWNG, Table 1 (UCF), as printed, and measured here",
        "LEC-VAD, Table 2 (UCF-Crime), as printed, and measured here",
        "LEC-VAD, Table 4 (UCF-Crime), as printed",
    ]
    table = rows(found[f"ucf_crime, split weak: {titles[0]}"])
    assert table[0] == ["Method", "Features", "Source", "AUC(%)", "TIoU(%)"]
    assert ["VadCLIP [71]", "CLIP", "printed", "88.02", "22.05"] in table
    assert ["SVM baseline", "CLIP", "printed", "50.10", "N/A"] in table
    assert len(table) == 2 + 23 + 1
    assert (
        "| sultani | clip, ViT-B-16-quickgelu (openai) | measured here | 83.17 |  |"
        in found[f"ucf_crime, split weak: {titles[0]}"]
    )
    assert rows(found[f"ucf_crime, split weak: {titles[4]}"])[0][3:5] == ["mAP@IoU 0.1", "mAP@IoU 0.2"]


def test_map_of_the_papers_is_the_legacy_one(save_run: SaveRun, tmp_path: Path) -> None:
    run = ucf(save_run)
    text = run.read_text(encoding="utf-8").replace('"abnormal_videos_ap"', '"map_legacy_0.1"')
    run.write_text(text, encoding="utf-8")
    found = parts([run], tmp_path)
    table = rows(found["ucf_crime, split weak: LEC-VAD, Table 4 (UCF-Crime), as printed, and measured here"])
    assert table[-1][2:5] == ["measured here", "50.00", ""]


def test_a_paper_s_table_of_several_benchmarks_gives_each_its_columns(
    save_run: SaveRun, tmp_path: Path
) -> None:
    run = save_run(benchmark="ped2", split="one_class", changes={"supervision": "one_class"})
    found = parts([run], tmp_path)
    text = found["ped2, split one_class: Local Patterns, Table 1 (Ped2), as printed, and measured here"]
    table = rows(text)
    assert table[0][3:] == ["Macro-AUC", "micro-AUC"]
    assert ["Reiss & Hoshen (2022)", "", "printed", "99.9", "99.1"] in table
    assert ["Cai et al. (2021)", "", "printed", "-", "96.6"] in table
    # A method without a figure on this benchmark has no row.
    assert "Cao et al. (2023)" not in text
    assert "Measured on 3 test videos, printed for 12: not comparable." in text


def test_no_paper_reports_on_the_demo(save_run: SaveRun, tmp_path: Path) -> None:
    found = parts([save_run(benchmark="demo")], tmp_path)
    assert not any("printed" in title for title in found)
    assert "STPrompt" not in "".join(found.values())


def test_rows_of_another_supervision_are_named(save_run: SaveRun, tmp_path: Path) -> None:
    found = parts([ucf(save_run)], tmp_path)
    text = found["ucf_crime, split weak: Local Patterns, Table 2 (UCF), as printed, and measured here"]
    assert "\nProposed Method: trains on normal videos only.\n" in text
    stprompt = found["ucf_crime, split weak: STPrompt, Table 1 (UCFCrime), as printed, and measured here"]
    assert "\nLiu et al. [33]: fully supervised" in stprompt
    assert "not comparable" not in stprompt


def test_the_main_table_sets_a_published_figure_against_the_measured(
    save_run: SaveRun, tmp_path: Path
) -> None:
    runs = [ucf(save_run, values={"micro_auc": 0.8317}), ucf(save_run, method="zero_shot")]
    table = rows(parts(runs, tmp_path)["ucf_crime, split weak: Measured"])
    column = table[0].index("Published (difference)")
    assert table[2][column] == "84.14 (-0.97)"
    assert [
        row[column] for row in rows(parts(runs[1:], tmp_path)["ucf_crime, split weak: Measured"])[:1]
    ] == ["Weights"]


def test_why_a_published_figure_is_not_set_against_the_measured(save_run: SaveRun, tmp_path: Path) -> None:
    other = MADE | {"weights": "none"}
    text = parts([ucf(save_run, changes=other)], tmp_path)["ucf_crime, split weak: Measured"]
    assert "Published" not in rows(text)[0]
    assert "micro AUC published with CLIP ViT-B-16 (openai), CLIP" not in text
    assert "micro AUC published with CLIP ViT-B-16 (openai)" in text
    assert "here with ViT-B-16-quickgelu (none): 84.14 (STPrompt, Table 1" in text


def test_scores_from_outside_are_marked(save_run: SaveRun, tmp_path: Path) -> None:
    runs = [ucf(save_run), ucf(save_run, method="theirs", features="", changes=OUTSIDE)]
    found = parts(runs, tmp_path)
    table = rows(found["ucf_crime, split weak: Measured"])
    assert table[3][:2] == ["theirs", "(external)"]
    assert (
        "| theirs | (external) | measured here | 50.00 |  |"
        in found["ucf_crime, split weak: STPrompt, Table 1 (UCFCrime), as printed, and measured here"]
    )
    assert "computed elsewhere" in found["How to read the tables"]
    assert "computed elsewhere" not in parts(runs[:1], tmp_path)["How to read the tables"]
    write_tables(runs, tmp_path)
    assert "ucf_crime,weak,,theirs,,(external),micro_auc," in (tmp_path / "tables.csv").read_text()


def test_lines_of_different_conventions_are_told_apart(save_run: SaveRun, tmp_path: Path) -> None:
    repeated = describe(EvaluationSettings(score_to_frame="repeat", smoothing_rows=7), 16)
    outside = ucf(
        save_run,
        method="theirs",
        features="",
        changes=OUTSIDE | {"convention": repeated},
        values={"micro_auc": 0.4},
    )
    text = parts([ucf(save_run), outside], tmp_path)["ucf_crime, split weak: Measured"]
    table = rows(text)
    assert table[0][2] == "Convention"
    assert [row[2] for row in table[2:]] == ["A", "B"]
    assert re.search(r"^Convention A: hold; .*: sultani on clip\.$", text, re.MULTILINE)
    assert re.search(
        r"^Convention B: repeat 16 frames; .*mean of 7 rows.*: theirs \(external\)\.$", text, re.MULTILINE
    )
    # A difference between figures of different conventions says nothing.
    assert table[3][6] == ""
    alone = parts([outside], tmp_path)["ucf_crime, split weak: Measured"]
    assert "Convention" not in rows(alone)[0]


def test_metrics_that_some_lines_lack_leave_their_cells_empty(save_run: SaveRun, tmp_path: Path) -> None:
    runs = [save_run(), save_run(method="zero_shot")]
    text = runs[1].read_text(encoding="utf-8").replace('"abnormal_videos_ap"', '"rbdc"')
    runs[1].write_text(text, encoding="utf-8")
    table = rows(parts(runs, tmp_path)["tiny, split weak: Further metrics of the same runs"])
    assert table[0][-2:] == ["AP, abnormal videos", "rbdc"]
    assert (table[2][-2:], table[3][-2:]) == (["50.0 [40.5, 59.5]", ""], ["", "50.0 [40.5, 59.5]"])


@pytest.mark.parametrize("ending", ["csv", "md", "html", "tex"])
def test_every_form_is_written(save_run: SaveRun, tmp_path: Path, ending: str) -> None:
    write_tables([save_run()], tmp_path / "out")
    assert "sultani" in (tmp_path / "out" / f"tables.{ending}").read_text(encoding="utf-8")
