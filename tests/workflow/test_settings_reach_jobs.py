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
    return re.split(r"\n\n(?=\[|Job stats)", text.split(f"rule {rule}:")[1])[0]


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
