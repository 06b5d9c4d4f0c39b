"""`vadbench cost`: from settings files or an option to cost.csv and cost.md, without weights and videos."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from vadbench.cli.cost import cost
from vadbench.config import CostSettings, load_benchmark
from vadbench.stages.closing import Closing

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the repository, and the log of one set."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    shutil.copy(REPOSITORY / "config.yaml", tmp_path)
    log = tmp_path / "logs/demo/clip/part-0000.log"
    log.parent.mkdir(parents=True)
    log.write_text(Closing("clip", 40, 2, 4.0, "cpu", 2).text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_both_ways_give_the_same(project: Path) -> None:
    cost(["demo"], out=project / "files")
    settings = CostSettings.of(load_benchmark("demo", project / "config"))
    cost(settings=json.dumps({"demo": settings.identity()}), out=project / "option")
    for name in ("cost.csv", "cost.md"):
        assert (project / "files" / name).read_text() == (project / "option" / name).read_text()
    rows = {row["name"]: row for row in _rows(project / "files/cost.csv")}
    assert rows["clip"]["frames_per_second"] == "10.00"
    assert "measured on 1 of 2 parts" in rows["clip"]["note"]
    assert rows["windows"]["frames_per_second"] == ""
    assert rows["stprompt"]["parameters"] == rows["stprompt"]["trainable"]


def test_by_hand_the_tables_of_a_run_are_not_written_over(project: Path) -> None:
    cost(["demo"])
    assert not (project / "results").exists()
    assert {file.name for file in (project / "costs").iterdir()} == {"cost.csv", "cost.md"}


def test_a_set_that_nothing_reads_breaks_nothing(project: Path) -> None:
    own = "\n  own: {stage: clip, reads: frames, model: /nowhere/own.json, weights: none}\n"
    file = project / "config/demo.yaml"
    file.write_text(file.read_text().replace("\nfeatures:\n", f"\nfeatures:{own}"))
    assert "own" in load_benchmark("demo", project / "config").features
    cost(["demo"], out=project / "out")
    assert "own" not in {row["name"] for row in _rows(project / "out/cost.csv")}


def test_a_published_figure_needs_neither_weights_nor_videos(project: Path) -> None:
    cost(["ucf_crime"], out=project / "results")
    (row,) = [row for row in _rows(project / "results/cost.csv") if row["name"] == "stprompt"]
    assert (row["published_parameters"], row["published_flops"]) == ("31500000", "44800000000")
    assert int(row["parameters_with_towers"]) == 149_620_737 + int(row["parameters"])
