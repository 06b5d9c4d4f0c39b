"""What a run's settings make of its jobs, asked of Snakemake by dry runs before anything is made."""

import re
from pathlib import Path

import pytest
from project import Project


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The mini demo, of which nothing is made yet, in a folder whose name has a space."""
    override = "{demo: {data: {size: mini, folder: my demo}, shards: 1, splits: [weak], methods: [sultani]}}"
    return Project.create(tmp_path_factory.mktemp("mini"), override=override)


def _job(project: Project, rule: str, **config: str) -> str:
    """What a dry run prints of a rule's first job."""
    done = project.snakemake("--dry-run", "results/tables.csv", **config)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-6000:]
    return re.split(r"\n\n(?=\[|Job stats)", re.split(rf"rule {rule}:", text)[1])[0]


@pytest.mark.parametrize("rule", ["clip", "train", "score"])
def test_what_computes_on_a_gpu_asks_for_one(mini: Project, rule: str) -> None:
    assert "gpu=1" in _job(mini, rule, device="cuda")


def test_a_data_root_that_looks_like_a_number_is_a_folder(mini: Project) -> None:
    assert "--data-root 2024 " in _job(mini, "frames", data_root="2024")
    assert (mini.folder / "2024/my demo/mini/manifest.json").exists()


def test_a_setting_that_config_yaml_leaves_out_has_its_default(mini: Project, tmp_path: Path) -> None:
    project = Project.create(tmp_path, **mini.config)
    (project.folder / "config.yaml").write_text("benchmarks: [demo]\n")
    assert "--data-root data " in _job(project, "frames")


def test_a_folder_of_any_name_is_quoted(mini: Project) -> None:
    assert "vadbench demo render 'my demo/mini' " in _job(mini, "render")


def _reading(clip: str) -> str:
    """The mini demo with other settings of its set clip."""
    return (
        "{demo: {data: {size: mini}, shards: 1, splits: [weak], methods: [sultani],"
        f" features: {{clip: {clip}}}}}}}"
    )


def test_weights_of_the_hub_are_fetched_first_and_once(mini: Project, tmp_path: Path) -> None:
    project = Project.create(tmp_path, override=_reading("{model: ViT-B-16-quickgelu}"))
    assert "vadbench fetch-weights ViT-B-16-quickgelu openai " in _job(project, "fetch_weights")
    record = tmp_path / "weights/ViT-B-16-quickgelu/openai.json"
    record.parent.mkdir(parents=True)
    record.touch()
    assert "fetch_weights" not in project.planned()
    assert "fetch_weights" not in mini.planned()


def test_weights_of_ones_own_must_be_there_before_any_job(tmp_path: Path) -> None:
    project = Project.create(tmp_path, override=_reading("{model: ViT-B-16, weights: mine/b16.pt}"))
    done = project.snakemake("--dry-run", "results/tables.csv")
    assert done.returncode != 0
    assert "mine/b16.pt" in done.stdout + done.stderr
