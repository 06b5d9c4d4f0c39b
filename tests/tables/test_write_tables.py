"""The tidy and the readable tables of runs whose figures are known."""

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vadbench.errors import VadbenchError
from vadbench.evaluation import DEFINITIONS
from vadbench.evaluation.coverage import Coverage
from vadbench.evaluation.record import Resampling
from vadbench.tables import COLUMNS, write_tables

SaveRun = Callable[..., Path]


def tidy(metrics: list[Path], folder: Path) -> list[dict[str, str]]:
    write_tables(metrics, folder)
    with (folder / "tables.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def headline(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in rows if row["metric"] == "micro_auc"]


def readable(metrics: list[Path], folder: Path) -> str:
    write_tables(metrics, folder)
    return (folder / "tables.md").read_text(encoding="utf-8")


def test_a_row_per_method_and_metric_with_every_column(save_run: SaveRun, tmp_path: Path) -> None:
    rows = tidy([save_run(), save_run(method="zero_shot")], tmp_path)
    assert [(row["method"], row["metric"]) for row in rows] == [
        (method, metric) for method in ("sultani", "zero_shot") for metric in DEFINITIONS
    ]
    assert all(tuple(row) == COLUMNS for row in rows)
    first = rows[0]
    assert (first["benchmark"], first["split"], first["draw"], first["features"]) == (
        "tiny",
        "weak",
        "",
        "clip",
    )
    assert (first["weights"], first["selection"], first["seeds"]) == ("demo", "last", "0")
    assert first["convention"].startswith("ROC AUC over all test frames together")
    assert "hold; true length; end exclusive" in first["convention"]
    assert (first["published"], first["difference"]) == ("", "")
    assert first["published_note"]


def test_a_published_figure_stands_beside_ours(save_run: SaveRun, tmp_path: Path) -> None:
    made = {
        "settings": {"features": {"stage": "clip", "settings": {"model": "ViT-B-16-quickgelu"}}},
        "weights": "openai",
        "coverage": Coverage(videos_scored=290, videos_total=290, frames_scored=9, frames_total=9),
    }
    runs = [
        save_run(benchmark="ucf_crime", seed=seed, values={"micro_auc": value}, changes=made)
        for seed, value in enumerate([0.83, 0.84])
    ]
    rows = tidy(runs, tmp_path)
    (row,) = headline(rows)
    assert (row["published"], row["published_source"], row["difference"]) == (
        "0.841400",
        "STPrompt, Table 1",
        "-0.006400",
    )
    assert row["published_note"].startswith("84.14 (STPrompt, Table 1: Sultani et al. [52], CLIP)")
    others = [row for row in rows if row["metric"] != "micro_auc"]
    assert all(row["published"] == row["published_source"] == row["difference"] == "" for row in others)
    assert all(row["published_note"].startswith("the papers print no ") for row in others)


def test_mean_and_sample_deviation_over_seeds(save_run: SaveRun, tmp_path: Path) -> None:
    runs = [save_run(seed=seed, values={"micro_auc": value}) for seed, value in enumerate([0.6, 0.7, 0.8])]
    (row,) = headline(tidy(runs, tmp_path))
    assert float(row["value"]) == pytest.approx(0.7)
    assert float(row["std"]) == pytest.approx(0.1)
    assert row["std_draws"] == ""
    assert row["seeds"] == "0 1 2"


def test_the_interval_is_that_of_the_mean_over_seeds(save_run: SaveRun, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    resampled = rng.random((2, 41))
    runs = [save_run(seed=seed, resampled={"micro_auc": resampled[seed].tolist()}) for seed in (0, 1)]
    (row,) = headline(tidy(runs, tmp_path))
    expected = np.percentile(resampled.mean(axis=0), [2.5, 97.5])
    assert [float(row["ci_low"]), float(row["ci_high"])] == pytest.approx(expected, abs=1e-6)


def test_seeds_on_different_videos_have_no_interval(save_run: SaveRun, tmp_path: Path) -> None:
    other = Resampling(resamples=41, seed=0, videos="other")
    (row,) = headline(tidy([save_run(), save_run(seed=1, changes={"resampling": other})], tmp_path))
    assert (row["ci_low"], row["ci_high"]) == ("", "")
    assert row["note"] == "no interval: the seeds were evaluated on different videos or resamples"


def test_undefined_is_nan_with_its_reason(save_run: SaveRun, tmp_path: Path) -> None:
    reason = "no test frame is abnormal"
    run = save_run(
        values={"micro_auc": math.nan},
        reasons={"micro_auc": reason},
        resampled={"micro_auc": [math.nan] * 41},
    )
    (row,) = headline(tidy([run], tmp_path))
    assert (row["value"], row["std"], row["ci_low"], row["note"]) == ("NaN", "", "", reason)
    text = readable([run], tmp_path)
    assert "| undefined |" in text
    assert "No test frame is abnormal: sultani on clip micro AUC." in text


def test_draws_have_a_row_each_and_one_over_draws(save_run: SaveRun, tmp_path: Path) -> None:
    values = {0: (0.5, 0.7), 1: (0.8, 0.8)}
    runs = [
        save_run(draw=draw, seed=seed, values={"micro_auc": value})
        for draw, of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]
    rows = headline(tidy(runs, tmp_path))
    assert [row["draw"] for row in rows] == ["0", "1", "mean"]
    assert [float(row["value"]) for row in rows] == pytest.approx([0.6, 0.8, 0.7])
    mean = rows[-1]
    assert float(mean["std_draws"]) == pytest.approx(np.std([0.6, 0.8], ddof=1), abs=1e-6)
    assert float(mean["std"]) == pytest.approx(math.sqrt((0.02 + 0) / 2), abs=1e-6)
    assert (rows[0]["std_draws"], mean["ci_low"]) == ("", "")
    assert mean["note"] == "no interval over draws: they share test videos"
    text = readable(runs, tmp_path)
    assert "| Method | Features | draw 0 | draw 1 |" in text
    assert "70.0 ± 14.1 ± 10.0 |" in text


def test_coverage_is_the_lowest_of_the_seeds(save_run: SaveRun, tmp_path: Path) -> None:
    partial = Coverage(videos_scored=1, videos_total=2, frames_scored=60, frames_total=90)
    runs = [save_run(), save_run(seed=1, changes={"coverage": partial})]
    assert headline(tidy(runs, tmp_path))[0]["coverage"] == "0.500000"
    assert "| 50 % |" in readable(runs, tmp_path)


def test_videos_without_a_score_are_named_with_the_reason(save_run: SaveRun, tmp_path: Path) -> None:
    skipped = {f"v{n:02d}": f"v{n:02d}.mp4: frame 3: broken" for n in range(24)}
    coverage = Coverage(videos_scored=1, videos_total=26, skipped=skipped, missing=["a"])
    runs = [save_run(changes={"coverage": coverage}), save_run(method="zero_shot")]
    text = readable(runs, tmp_path)
    assert "could not be read: v00 (v00.mp4: frame 3: broken), v01 (" in text
    assert "v19 (v19.mp4: frame 3: broken), and 4 more: sultani on clip." in text
    assert "\nVideos without a score: a: sultani on clip.\n" in text


def test_a_reason_for_every_metric_is_said_once(save_run: SaveRun, tmp_path: Path) -> None:
    reasons = dict.fromkeys(DEFINITIONS, "no test video has frame truth")
    run = save_run(values=dict.fromkeys(DEFINITIONS, math.nan), reasons=reasons)
    assert "\nNo test video has frame truth.\n" in readable([run], tmp_path)


def test_deviations_of_the_lists_stand_below_the_table(save_run: SaveRun, tmp_path: Path) -> None:
    note = "the lists are not the published ones"
    assert readable([save_run(changes={"notes": (note,)})], tmp_path).count(note) == 1


def test_random_weights_are_visible(save_run: SaveRun, tmp_path: Path) -> None:
    run = save_run(features="vit_b_16", changes={"weights": "none"})
    assert headline(tidy([run], tmp_path))[0]["weights"] == "none"
    assert "| none | last |" in readable([run], tmp_path)


def test_one_table_per_benchmark_and_split(save_run: SaveRun, tmp_path: Path) -> None:
    runs = [
        save_run(),
        save_run(split="one_class", changes={"supervision": "one_class"}),
        save_run(benchmark="ped2", method="zero_shot", variant="binary"),
    ]
    text = readable(runs, tmp_path)
    assert re.findall(r"^## (.*, split .*)$", text, re.MULTILINE) == [
        "tiny, split weak",
        "tiny, split one_class",
        "ped2, split weak",
    ]
    assert "One-class: what is trained sees normal videos only." in text
    assert "| zero_shot (binary) | clip |" in text


def test_a_difference_is_paired_over_the_same_resamples(save_run: SaveRun, tmp_path: Path) -> None:
    base = np.linspace(0.3, 0.9, 41)
    best = save_run(values={"micro_auc": 0.8}, resampled={"micro_auc": base.tolist()})
    worse = save_run(
        method="zero_shot", values={"micro_auc": 0.7}, resampled={"micro_auc": (base - 0.1).tolist()}
    )
    other = Resampling(resamples=41, seed=0, videos="other")
    unpaired = save_run(method="svm", values={"micro_auc": 0.6}, changes={"resampling": other})
    lines = [line for line in readable([best, worse, unpaired], tmp_path).splitlines() if " clip " in line]
    assert "| -10.0 [-10.0, -10.0] |" in lines[1]
    assert "| -20.0 |" in lines[2]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"weights": "none"}, "weights"),
        ({"selection": "best_on_test"}, "selection"),
        ({"settings": {"features": {"settings": {"model": "ViT-B-16"}}}}, "model"),
    ],
)
def test_runs_that_were_made_differently_have_no_mean(
    save_run: SaveRun, tmp_path: Path, changes: dict[str, object], name: str
) -> None:
    with pytest.raises(VadbenchError, match=f"differ in {name}"):
        write_tables([save_run(), save_run(seed=1, changes=changes)], tmp_path)
    with pytest.raises(VadbenchError, match=f"differ in {name}"):
        write_tables([save_run(draw=0), save_run(draw=1, changes=changes)], tmp_path)


def test_one_run_given_twice_is_refused(save_run: SaveRun, tmp_path: Path) -> None:
    path = save_run()
    copy = tmp_path / "copy.json"
    copy.write_bytes(path.read_bytes())
    with pytest.raises(VadbenchError, match="the same run"):
        write_tables([path, copy], tmp_path)
    with pytest.raises(VadbenchError, match=r"no metrics\.json"):
        write_tables([], tmp_path)


def test_a_cell_may_hold_the_column_mark(save_run: SaveRun, tmp_path: Path) -> None:
    lines = readable([save_run(method="a|b")], tmp_path).splitlines()
    (at, *_) = [n for n, line in enumerate(lines) if "a\\|b" in line]
    assert len(re.findall(r"(?<!\\)\|", lines[at])) == lines[at - 2].count("|")
