"""Methods side by side: every run counted once, in order, with the numbers it has."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from small_run import SmallRun
from vadbench.errors import VadbenchError
from vadbench.evaluation import Record
from vadbench.figures import draw_overview
from vadbench.figures.overview import gather


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    run = SmallRun(tmp_path_factory.mktemp("run"), {"a": (80, [(8, 20)]), "b": (40, [])}).write()
    return Record.load(run.run / "metrics.json")


def changed(
    record: Record, value: float, low: float, high: float, reason: str = "", **label: object
) -> Record:
    metric = record.metrics["micro_auc"].model_copy(
        update={"value": value, "ci_low": low, "ci_high": high, "reason": reason}
    )
    return record.model_copy(
        update={
            "run": record.run.model_copy(update=label),
            "metrics": {**record.metrics, "micro_auc": metric},
        }
    )


def several(record: Record) -> list[Record]:
    seeds = [changed(record, 0.8 + seed / 100, 0.7, 0.9, method="sultani", seed=seed) for seed in range(3)]
    return [
        changed(record, 0.6, 0.55, 0.65, method="frame_difference", features="frames"),
        *seeds,
        changed(record, 0.95, 0.9, 0.99, method="sultani", variant="long"),
        changed(record, math.nan, math.nan, math.nan, "every frame is abnormal", method="zero_shot"),
        changed(record, 0.5, math.nan, math.nan, "an interval needs two videos", method="linear_svm"),
    ]


def test_rows_are_methods_best_first_and_undefined_last(record: Record) -> None:
    rows = gather(several(record))
    assert [row.name for row in rows] == [
        "sultani (long)",
        "sultani",
        "frame_difference",
        "linear_svm",
        "zero_shot",
    ]
    assert rows[1].values == pytest.approx([0.8, 0.81, 0.82])
    assert rows[4].values == []
    assert "reads frames" in rows[2].note


def test_one_picture_whose_size_follows_the_methods(record: Record, tmp_path: Path) -> None:
    files = []
    for number, one in enumerate(several(record)):
        files.append(tmp_path / f"{number}" / "metrics.json")
        one.save(files[-1])
    draw_overview(files, tmp_path / "all.png")
    draw_overview(files[:1], tmp_path / "one.png")
    with Image.open(tmp_path / "all.png") as every, Image.open(tmp_path / "one.png") as single:
        assert every.height == single.height + 4 * 44
        image = np.asarray(every.convert("RGB")).astype(int)
    orange = (np.abs(image - (230, 159, 0)) < 20).all(axis=-1)
    heights = {round((row - 64) / 44 - 0.5) for row in np.nonzero(orange)[0]}
    assert heights == {0, 1, 2, 3}  # a diamond for every method with a figure
    assert (tmp_path / "all.png").stat().st_size < 200_000


def test_equal_files_give_equal_pictures(record: Record, tmp_path: Path) -> None:
    record.save(tmp_path / "metrics.json")
    draw_overview([tmp_path / "metrics.json"], tmp_path / "one.png")
    draw_overview([tmp_path / "metrics.json"], tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_splits_are_not_mixed(record: Record, tmp_path: Path) -> None:
    record.save(tmp_path / "1.json")
    changed(record, 0.5, 0.4, 0.6, split="one_class").save(tmp_path / "2.json")
    with pytest.raises(VadbenchError, match="toy/one_class and toy/weak"):
        draw_overview([tmp_path / "1.json", tmp_path / "2.json"], tmp_path / "x.png")
    with pytest.raises(VadbenchError, match="none"):
        draw_overview([], tmp_path / "x.png")
