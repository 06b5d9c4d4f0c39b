"""The seven benchmarks: a tiny copy of each in its published layout, through one workflow."""

import csv
from importlib import import_module

import pytest
from project import Project

from miniatures.clips import HEIGHT, SQUARE, WIDTH
from vadbench.datasets import Annotations
from vadbench.tables.wording import BOX_TITLES

SPLITS = {
    "ucf_crime": ["weak"],
    "xd_violence": ["weak"],
    "shanghaitech": ["one_class", "weak"],
    "ubnormal": ["one_class", "weak"],
    "avenue": ["one_class"],
    "ped2": ["one_class", "weak"],
    "nwpu": ["one_class"],
}
METHODS = {"zero_shot", "frame_difference"}
LOCALISED = "ucf_crime"
"""Where STPrompt runs too, and finds boxes."""

OVERRIDE = """{
  all: {
    shards: 1, seeds: [0], draws: [0],
    features: {clip: {model: demo, weights: demo}},
    methods: [zero_shot, frame_difference],
    evaluation: {bootstrap_resamples: 50},
  },
  ucf_crime: {
    features: {windows: {model: demo, weights: demo, scales: [2/2, 4/2], top: 4}},
    methods: [
      zero_shot, frame_difference,
      {stprompt: {epochs: 2, localisation: {tau: 0.07, threshold: otsu}}},
    ],
  },
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
    methods = METHODS | {"stprompt"} if name == LOCALISED else METHODS
    assert set(found) == {(split, method) for split in SPLITS[name] for method in methods}
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


def test_boxes_are_measured_and_trivial_ones_stand_beside(
    project: Project, rows: list[dict[str, str]]
) -> None:
    """A square of the miniature's size is all that is abnormal, so that the trivial boxes are known."""
    values = {
        row["metric"]: float(row["value"])
        for row in rows
        if (row["benchmark"], row["method"]) == (LOCALISED, "stprompt") and row["metric"].startswith("tiou")
    }
    left, top, right, bottom = SQUARE
    square, half = (right - left) * (bottom - top), WIDTH * HEIGHT / 4
    # The centred box, half as wide and high as the frame, covers the square.
    assert values["tiou_whole_frame_ungated"] == pytest.approx(square / (WIDTH * HEIGHT), abs=1e-5)
    assert values["tiou_centred_half_ungated"] == pytest.approx(square / half, abs=1e-5)
    assert 0 <= values["tiou"] <= values["tiou_ungated"] < 1
    assert 0 <= values["tiou_random_ungated"] < 1
    page = (project.folder / "results" / LOCALISED / "tables.md").read_text()
    for box in BOX_TITLES.values():
        assert f"| stprompt | windows | {box} |" in page


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
