"""The three layers together, from files and from what `--config` delivers."""

from typing import Any

import pytest
import yaml
from settings_files import Workspace
from snakemake.cli import parse_config

from vadbench.config import (
    ClipSettings,
    FramesSettings,
    SultaniSettings,
    expand_runs,
    load_benchmark,
    load_run_settings,
    settings_of_option,
)
from vadbench.errors import VadbenchError


def typed(*entries: str) -> dict[str, Any]:
    """What Snakemake makes of `--config ENTRY ...`."""
    return dict(parse_config(list(entries)))


def test_the_file_is_over_the_defaults(workspace: Workspace) -> None:
    settings = workspace.load()["demo"]
    assert settings.features["frames"].model_dump()["stride"] == 4
    assert settings.features["frames"].model_dump()["format"] == FramesSettings().format


def test_override_is_over_the_file_and_a_name_over_all(workspace: Workspace) -> None:
    workspace.replace(
        "config.yaml",
        "override: {}",
        "override: {all: {seeds: [5], shards: 7}, demo: {shards: 8}, ped2: {shards: 9}}",
    )
    settings = workspace.load({"benchmarks": ["demo", "ped2"]})
    assert {name: (one.seeds, one.shards) for name, one in settings.items()} == {
        "demo": ((5,), 8),
        "ped2": ((5,), 9),
    }


def test_a_line_typed_by_hand(workspace: Workspace) -> None:
    config = typed(
        "benchmarks=[ped2]",
        "data_root=/data",
        "override={all: {seeds: [0]}, ped2: {features: {clip_b16: {stage: clip, reads: frames,"
        " model: ViT-B-16, weights: none, every: 4}, frames: {short_side: null}},"
        " methods: [zero_shot, {sultani: {reads: clip_b16, lr: 1e-4}}]}}",
    )
    settings = workspace.load(config)["ped2"]
    added = settings.features["clip_b16"].model_dump()
    assert (added["model"], added["weights"], added["every"]) == ("ViT-B-16", "none", 4)
    assert set(settings.features) == {
        "frames",
        "clip",
        "windows",
        "regions",
        "motion",
        "histograms",
        "histograms_area",
        "clip_b16",
    }
    assert settings.methods[1].settings == SultaniSettings(reads="clip_b16", lr=1e-4)
    assert load_run_settings(config).data_root == "/data"
    paths = [run.path for run in expand_runs("ped2", settings)]
    assert "results/ped2/weak/draw-02/sultani@clip_b16/seed-0" in paths
    assert not any("seed-1" in path for path in paths)


def test_another_model_without_weights_takes_its_usual_ones(workspace: Workspace) -> None:
    config = typed("override={demo: {features: {clip: {model: ViT-B-16-quickgelu}}}}")
    assert workspace.load(config)["demo"].features["clip"].model_dump()["weights"] == "openai"


@pytest.mark.parametrize("benchmarks", ["[ped2]", "ped2", ["ped2"]])
def test_benchmarks_may_arrive_as_text(workspace: Workspace, benchmarks: object) -> None:
    assert list(workspace.load({"benchmarks": benchmarks})) == ["ped2"]


def test_override_may_arrive_as_text(workspace: Workspace) -> None:
    assert workspace.load({"override": "{demo: {shards: 3}}"})["demo"].shards == 3


@pytest.mark.parametrize("nothing", [None, "", {}, {"all": None}, {"demo": None}])
def test_an_override_of_nothing_changes_nothing(workspace: Workspace, nothing: object) -> None:
    assert workspace.load({"override": nothing}) == workspace.load()


def test_a_folder_may_be_called_like_a_number(workspace: Workspace) -> None:
    assert load_run_settings(typed("data_root=2024")).data_root == "2024"


def test_every_shipped_benchmark_loads(workspace: Workspace) -> None:
    names = ["demo", "ped2", "folder"]
    assert list(workspace.load({"benchmarks": names})) == names


def test_a_file_added_is_a_benchmark(workspace: Workspace) -> None:
    text = (workspace.config_folder / "folder.yaml").read_text()
    (workspace.config_folder / "street.yaml").write_text(text)
    assert list(workspace.load({"benchmarks": ["street"]})) == ["street"]


def test_what_snakemake_hands_to_its_jobs_loads_alike(workspace: Workspace) -> None:
    """Jobs get the typed values again, in Python's notation."""
    config = typed("override={demo: {methods: [{sultani: {min_steps: 10}}], features: {clip: {crops: 5}}}}")
    again = typed(*(f"{key}={value!r}" for key, value in config.items()))
    assert workspace.load(again) == workspace.load(config)


def test_loading_does_not_change_what_it_was_given(workspace: Workspace) -> None:
    config = yaml.safe_load(workspace.run_file.read_text()) | {"override": {"all": {"seeds": ["0"]}}}
    before = repr(config)
    workspace.load(config)
    assert repr(config) == before


def test_a_missing_folder_of_benchmarks(workspace: Workspace) -> None:
    workspace.config_folder.rename(workspace.config_folder.with_name("elsewhere"))
    with pytest.raises(VadbenchError, match="there is no benchmark demo"):
        workspace.load()


def test_settings_that_a_command_gets_as_json() -> None:
    assert settings_of_option(FramesSettings, "--settings", {"stride": 4}) == FramesSettings(stride=4)
    message = (
        "--settings: stride: 0 is not allowed; allowed: a whole number, at least 1; "
        """write `--settings '{"stride": 1, "format": "png"}'`"""
    )
    with pytest.raises(VadbenchError) as error:
        settings_of_option(FramesSettings, "--settings", {"stride": 0, "format": "png"})
    assert str(error.value) == message
    with pytest.raises(VadbenchError) as missing:
        settings_of_option(ClipSettings, "--settings", {"every": 2})
    assert str(missing.value).endswith("""write `--settings '{"every": 2, "model": "ViT-B-16-quickgelu"}'`""")
    with pytest.raises(VadbenchError, match=r"--settings: lrr: unknown key; .*the nearest is lr"):
        settings_of_option(SultaniSettings, "--settings", {"method": "sultani", "lrr": 1})


def test_a_benchmark_asked_for_by_a_wrong_name_is_told_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(
        VadbenchError,
        match=r"config: there is no benchmark ped3; allowed: .*; the nearest is ped2",
    ):
        load_benchmark("ped3", workspace.config_folder)
