"""The seven benchmarks: a tiny copy of each in its published layout, through one workflow."""

import csv
from importlib import import_module

import pytest
from project import Project

from vadbench.datasets import Annotations

SPLITS = {
    "ucf_crime": ["weak"],
    "xd_violence": ["weak"],
    "shanghaitech": ["one_class", "weak"],
    "ubnormal": ["one_class", "weak"],
    "avenue": ["one_class"],
    "ped2": ["one_class", "weak"],
    "nwpu": ["one_class"],
}
METHODS = ("zero_shot", "frame_difference")

OVERRIDE = """{
  all: {
    shards: 1, seeds: [0], draws: [0],
    features: {clip: {model: demo, weights: demo}},
    methods: [zero_shot, frame_difference],
    evaluation: {bootstrap_resamples: 50},
  }
}"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished run of all seven, with their own files in config/ and one override for all."""
    folder = tmp_path_factory.mktemp("miniatures")
    for name in SPLITS:
        import_module(f"miniatures.{name}").write(folder / "data")
    project = Project.create(folder, benchmarks=f"[{', '.join(SPLITS)}]", override=OVERRIDE)
    project.run("results/tables.csv")
    return project


@pytest.fixture(scope="module")
def rows(project: Project) -> list[dict[str, str]]:
    with (project.folder / "results" / "tables.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", SPLITS)
def test_every_method_has_its_figures_on_every_split(name: str, rows: list[dict[str, str]]) -> None:
    found = {
        (row["split"], row["method"]): row
        for row in rows
        if row["benchmark"] == name and row["metric"] == "micro_auc" and row["draw"] in ("", "0")
    }
    assert set(found) == {(split, method) for split in SPLITS[name] for method in METHODS}
    for row in found.values():
        assert 0 <= float(row["value"]) <= 1
        assert float(row["coverage"]) == 1


@pytest.mark.parametrize("name", SPLITS)
def test_the_flicker_of_events_is_found_where_frames_differ(name: str, rows: list[dict[str, str]]) -> None:
    """Annotations that were read wrong, or shifted, would not agree with the pixels."""
    value = next(
        float(row["value"])
        for row in rows
        if (row["benchmark"], row["metric"], row["method"]) == (name, "micro_auc", "frame_difference")
    )
    assert value > 0.8


@pytest.mark.parametrize("name", SPLITS)
def test_the_tables_say_that_the_lists_are_others(name: str, project: Project) -> None:
    notes = Annotations.load(project.folder / "stores" / name / "annotations.json").notes
    assert any("published" in note for note in notes)
    assert notes[0] in (project.folder / "results" / name / "tables.md").read_text()


@pytest.mark.parametrize("name", SPLITS)
def test_index_prints_the_counts(name: str, project: Project) -> None:
    printed = project.vadbench("index", name, "--data-root", "data").stdout
    assert "found  published" in printed
    assert "test videos" in printed or "test clips" in printed
