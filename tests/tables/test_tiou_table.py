"""TIoU in the tables: never without the trivial boxes."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vadbench.config import EvaluationSettings
from vadbench.evaluation import TIOU_DEFINITIONS, Metric, Record
from vadbench.evaluation.convention import describe
from vadbench.tables import write_tables

SaveRun = Callable[..., Path]
TITLE = "### Localisation, TIoU"
VALUES = {"tiou": 0.2, "tiou_macro": 0.3, "tiou_ungated": 0.4, "tiou_whole_frame": 0.25, "tiou_random": 0.1}


def with_tiou(path: Path, *, reason: str = "") -> Path:
    """The run with TIoU beside its other metrics: `VALUES` and 0.15 else, or none for a reason."""
    record = Record.load(path)
    measured = {
        name: Metric(
            value=math.nan if reason else VALUES.get(name, 0.15),
            ci_low=math.nan,
            ci_high=math.nan,
            reason=reason,
            videos=3,
        )
        for name in TIOU_DEFINITIONS
    }
    spread = np.linspace(-0.1, 0.1, 41)
    record.model_copy(
        update={
            "metrics": record.metrics | measured,
            "resampled": record.resampled
            | {name: list(metric.value + spread) for name, metric in measured.items()},
            "convention": describe(EvaluationSettings(), 0, with_boxes=True),
        }
    ).save(path)
    return path


def tables(runs: list[Path], folder: Path) -> str:
    write_tables(runs, folder)
    return (folder / "tables.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text[text.index(title) :].split("\n### ")[0].split("\n## ")[0]


def test_trivial_boxes_stand_below_each_method(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([save_run(), with_tiou(save_run(method="stprompt"))], tmp_path)
    table = section(text, TITLE).splitlines()
    assert table[2] == "| Method | Features | Box | TIoU | TIoU macro | TIoU ungated | TIoU ungated macro |"
    assert [row.split(" | ")[2] for row in table[4:8]] == [
        "predicted",
        "whole frame",
        "centred half",
        "random",
    ]
    assert table[4].startswith("| stprompt | clip | predicted | 20.0 [10.5, 29.5] | 30.0 [20.5, 39.5] | 40.0")
    assert table[5].startswith("| stprompt | clip | whole frame | 25.0")
    assert table[7].startswith("| stprompt | clip | random | 10.0")
    assert "sultani" not in section(text, TITLE)
    assert "TIoU" not in section(text, "### Further metrics")


def test_each_box_and_each_mean_is_explained_once(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([with_tiou(save_run(method="stprompt"))], tmp_path)
    items = [line.split(":")[0] for line in text.splitlines() if line.startswith("- TIoU")]
    assert items == [
        "- TIoU",
        "- TIoU macro",
        "- TIoU ungated",
        "- TIoU ungated macro",
        "- TIoU whole frame",
        "- TIoU centred half",
        "- TIoU random",
    ]


def test_methods_that_do_not_localise_have_no_table(save_run: SaveRun, tmp_path: Path) -> None:
    assert TITLE not in tables([save_run()], tmp_path)


def test_an_undefined_tiou_has_its_reason_once(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([with_tiou(save_run(method="stprompt"), reason="no region")], tmp_path)
    assert "No region: stprompt on clip TIoU." in text


def test_the_published_tiou_stands_beside_the_gated_micro_mean_of_the_predicted_box(
    save_run: SaveRun, tmp_path: Path
) -> None:
    features = {"settings": {"model": "ViT-B-16-quickgelu", "weights": "openai"}}
    run = save_run(
        benchmark="ucf_crime",
        method="stprompt",
        features="windows",
        changes={"weights": "openai", "settings": {"features": features}},
    )
    record = Record.load(with_tiou(run))
    coverage = record.coverage
    coverage.videos_total = coverage.videos_scored = 290
    record.model_copy(update={"coverage": coverage}).save(run)
    text = tables([run], tmp_path)
    printed = section(text, "### STPrompt, Table 1").splitlines()
    measured = [row.rsplit(" | ", 2) for row in printed if "measured here |" in row]
    assert [(row[0].split(" | ")[0], row[-1]) for row in measured] == [
        ("| stprompt", "20.00 |"),
        ("| stprompt, whole frame box instead", "25.00 |"),
        ("| stprompt, centred half box instead", "15.00 |"),
        ("| stprompt, random box instead", "10.00 |"),
    ]
    table = section(text, TITLE).splitlines()
    assert table[2].endswith("| Published (difference) |")
    assert table[4].endswith("| 23.90 (-3.90) |")
    assert all(row.endswith("] |  |") for row in table[5:8])
    with (tmp_path / "tables.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert rows["tiou"]["published"] == "0.239000"
    assert rows["tiou_ungated"]["published"] == rows["tiou_whole_frame"]["published"] == ""
    assert "below 0.5" in rows["tiou"]["convention"]
