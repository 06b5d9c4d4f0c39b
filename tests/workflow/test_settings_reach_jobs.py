"""What a run's settings make of its jobs, asked of Snakemake by dry runs before anything is made."""

import json
import re
import shlex
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


def test_windows_are_told_which_of_the_shards_videos_are_tested(tmp_path: Path) -> None:
    project = Project.create(tmp_path)
    sets = ", ".join(f"{keep}: {{stage: windows, model: demo, keep: {keep}}}" for keep in ("none", "test"))

    def told(splits: str) -> dict[str, set[str]]:
        """By set, what the job of the second shard is told."""
        override = f"{{demo: {{data: {{size: mini}}, shards: 2, splits: {splits}, features: {{{sets}}}}}}}"
        parts = [f"stores/demo/{keep}/part-0001.h5" for keep in ("none", "test")]
        done = project.snakemake("--dry-run", "--printshellcmds", *parts, override=override)
        text = done.stdout + done.stderr
        assert done.returncode == 0, text[-6000:]
        commands = [shlex.split(line) for line in text.splitlines() if "vadbench stage windows" in line]
        options = [
            {name: words[words.index(name) + 1] for name in ("--out", "--test-videos")} for words in commands
        ]
        return {Path(one["--out"]).parent.name: set(json.loads(one["--test-videos"])) for one in options}

    for splits in ("[weak]", "[one_class, weak]"):
        listed = told(splits)
        annotations, videos = (
            json.loads((tmp_path / "stores/demo" / name).read_text())
            for name in ("annotations.json", "videos/0001.json")
        )
        here = {video["id"] for video in videos["videos"]}
        tested = {
            id for split in splits.strip("[]").split(", ") for id in annotations["splits"][split]["test"]
        }
        assert set() < here & tested < here
        assert listed == {"none": set(), "test": here & tested}


def test_weights_of_ones_own_must_be_there_before_any_job(tmp_path: Path) -> None:
    project = Project.create(tmp_path, override=_reading("{model: ViT-B-16, weights: mine/b16.pt}"))
    done = project.snakemake("--dry-run", "results/tables.csv")
    assert done.returncode != 0
    assert "mine/b16.pt" in done.stdout + done.stderr


def test_regions_ask_for_the_detector_that_they_name(tmp_path: Path) -> None:
    sets = {"named": "weights: yolo11n", "packaged": "weights: demo", "fixed": "window: 60"}
    features = ", ".join(f"{name}: {{stage: regions, {regions}}}" for name, regions in sets.items())
    override = f"{{demo: {{data: {{size: mini}}, shards: 1, features: {{{features}}}}}}}"
    project = Project.create(tmp_path, override=override)
    parts = [f"stores/demo/{name}/part-0000.h5" for name in sets]
    done = project.snakemake("--dry-run", "--printshellcmds", *parts)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-6000:]
    assert re.findall(r"vadbench fetch-weights (\S+ \S+) ", text) == ["ultralytics yolo11n"]
    assert text.count("vadbench stage regions") == 3
