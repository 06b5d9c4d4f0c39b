"""What of sets with two sources is made, and made again: motion that is stored, and motion that is not."""

from pathlib import Path

import pytest
from project import Project

from miniatures.clips import write_clip
from vadbench.store import Part

MOTION, HISTOGRAMS = (Path("stores/folder", name, "part-0000.h5") for name in ("vectors", "histograms"))
STAGES = ("frames", "regions", "motion", "histograms")
OVERRIDE = """{
  folder: {
    data: {folder: videos}, shards: 1, splits: [all],
    features: {
      frames: {stride: 8}, regions: {stage: regions, window: 100},
      vectors: {stage: motion, preset: veryfast, keep: "all"},
      histograms: {stage: histograms, motion: vectors},
    },
    methods: [motion_magnitude],
  }
}"""
UNKEPT = OVERRIDE.replace('keep: "all"', 'keep: "none"')


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A set of histograms, made from stored motion."""
    folder = tmp_path_factory.mktemp("histograms")
    project = Project.create(folder, benchmarks="[folder]", override=OVERRIDE)
    for number in range(2):
        write_clip(folder / f"data/videos/{number}.mp4", 20, number, [(5, 9)])
    jobs = _stages(project)
    assert jobs == dict.fromkeys(STAGES, 1)
    assert _stages(project, override=UNKEPT) == {name: 1 for name in jobs if name != "motion"}
    project.run(str(HISTOGRAMS.with_name("store.json")))
    return project


def _stages(project: Project, *arguments: str, **config: str) -> dict[str, int]:
    """Of the jobs for the tables those that run a stage."""
    jobs = project.planned(*arguments, **config)
    return {name: count for name, count in jobs.items() if name in STAGES}


def test_another_way_with_the_same_motion_makes_nothing_again(made: Project) -> None:
    assert _stages(made, override=UNKEPT) == {}


def test_settings_of_the_motion_make_histograms_again_whether_it_is_kept_or_not(made: Project) -> None:
    kept, unkept = (text.replace("veryfast", "fast") for text in (OVERRIDE, UNKEPT))
    assert _stages(made, override=kept) == {"motion": 1, "histograms": 1}
    assert _stages(made, override=unkept) == {"histograms": 1}


def test_forcing_motion_runs_its_readers(made: Project) -> None:
    assert _stages(made, "--forcerun", "motion") == {"motion": 1, "histograms": 1}


def test_without_its_stored_motion_a_set_stays_and_is_made_alike_from_the_videos(made: Project) -> None:
    with Part.open(made.folder / HISTOGRAMS) as part:
        digest = part.digest
    (made.folder / MOTION).unlink()
    assert _stages(made) == {}
    refused = made.snakemake("--dry-run", str(MOTION), override=UNKEPT)
    assert f"No rule to produce {MOTION}" in refused.stdout + refused.stderr
    (made.folder / HISTOGRAMS).unlink()
    made.run(str(HISTOGRAMS), override=UNKEPT)
    assert not (made.folder / MOTION).exists()
    with Part.open(made.folder / HISTOGRAMS) as part:
        assert part.digest == digest
