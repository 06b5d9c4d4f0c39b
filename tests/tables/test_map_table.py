"""mAP@IoU in the tables: a table of its own, for the methods that score classes."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vadbench.config import EvaluationSettings
from vadbench.evaluation import MAP_DEFINITIONS, Metric, Record
from vadbench.evaluation.convention import describe
from vadbench.tables import write_tables

SaveRun = Callable[..., Path]
TITLE = "### Segments by class, mAP@IoU"


def with_map(path: Path, *, reason: str = "") -> Path:
    """The run with mAP beside its other metrics: 0.3 at IoU 0.1, or none for a reason."""
    record = Record.load(path)
    measured = {
        name: Metric(value=math.nan, ci_low=math.nan, ci_high=math.nan, reason=reason, videos=0)
        if reason
        else Metric(value=0.3 if name.endswith("0.1") else 0.2, ci_low=0, ci_high=1, videos=3)
        for name in MAP_DEFINITIONS
    }
    spread = np.linspace(-0.1, 0.1, 41)
    record.model_copy(
        update={
            "metrics": record.metrics | measured,
            "resampled": record.resampled
            | {name: list(metric.value + spread) for name, metric in measured.items()},
            "convention": describe(EvaluationSettings(), 0, with_classes=True),
        }
    ).save(path)
    return path


def tables(runs: list[Path], folder: Path) -> str:
    write_tables(runs, folder)
    return (folder / "tables.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text[text.index(title) :].split("\n### ")[0].split("\n## ")[0]


def test_methods_that_score_classes_have_a_table_of_map(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([save_run(), with_map(save_run(method="zero_shot"))], tmp_path)
    table = section(text, TITLE).splitlines()
    assert table[2] == "| Method | Features | Mode | 0.1 | 0.2 | 0.3 | 0.4 | 0.5 | mean |"
    assert table[4].startswith("| zero_shot | clip | fixed | 30.0 [20.5, 39.5] | 20.0 [10.5, 29.5] |")
    assert table[5].startswith("| zero_shot | clip | legacy | 30.0")
    assert "sultani" not in section(text, TITLE)
    assert "mAP" not in section(text, "### Further metrics")


def test_each_mode_is_explained_once(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([with_map(save_run(method="zero_shot"))], tmp_path)
    items = [line for line in text.splitlines() if line.startswith("- mAP@IoU")]
    assert [item.split(":")[0] for item in items] == ["- mAP@IoU mean (fixed)", "- mAP@IoU mean (legacy)"]
    assert all("proposals `threshold`" in item for item in items)


def test_where_no_method_scores_classes_map_is_not_mentioned(save_run: SaveRun, tmp_path: Path) -> None:
    assert "mAP" not in tables([save_run()], tmp_path).replace("mAP@IoU is", "")
    assert TITLE not in tables([save_run()], tmp_path)


def test_an_undefined_map_has_its_reason_once(save_run: SaveRun, tmp_path: Path) -> None:
    text = tables([with_map(save_run(method="zero_shot"), reason="no class fits")], tmp_path)
    assert "No class fits: zero_shot on clip mAP@IoU (fixed), mAP@IoU (legacy)." in text
    assert "| zero_shot | clip | fixed | undefined | undefined |" in text


def test_every_threshold_has_a_row_in_the_tidy_table(save_run: SaveRun, tmp_path: Path) -> None:
    tables([with_map(save_run(method="zero_shot"))], tmp_path)
    with (tmp_path / "tables.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert rows.keys() >= MAP_DEFINITIONS.keys()
    assert rows["map_legacy_0.1"]["value"] == "0.300000"
    assert "mode legacy" in rows["map_legacy_0.1"]["convention"]
