"""Costs of sets and methods from settings: sums, towers, and what is not known."""

from pathlib import Path
from typing import Any

import pytest

from tiny_clip import write_architecture
from tiny_detector import write_tiny_detector
from vadbench.config import CostSettings
from vadbench.costs import Cost
from vadbench.costs.counting import costs_of
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import unfilled_clip
from vadbench.stages.closing import Closing

TEXTS = {"labels": {"normal": "street", "fire": "fire"}}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_architecture(tmp_path_factory.mktemp("tiny")))


def _settings(tiny: str, methods: list[Any], **features: Any) -> CostSettings:
    model = {"model": tiny, "weights": "none"}
    sets = {
        # What is read may stand behind what reads it.
        "clip": {"stage": "clip", "reads": "frames", **model},
        "windows": {"stage": "windows", "scales": ["2/2", "3/1"], "top": 2, "keep": "test", **model},
        "frames": {"stage": "frames"},
        **features,
    }
    return CostSettings.model_validate({"shards": 1, "texts": TEXTS, "features": sets, "methods": methods})


def _costs(tiny: str, methods: list[Any], logs: Path = Path("none"), **features: Any) -> dict[str, Cost]:
    rows = costs_of("toy", _settings(tiny, methods, **features), logs)
    assert {cost.benchmark for cost in rows} == {"toy"}
    return {cost.name: cost for cost in rows}


def test_a_set_costs_its_tower_and_nothing_is_trained(tiny: str) -> None:
    costs = _costs(tiny, [])
    frames, clip, windows = costs["frames"], costs["clip"], costs["windows"]
    assert (frames.parameters, frames.trainable, frames.flops, frames.flops_total) == (0, 0, 0, 0)
    assert (frames.model, frames.weights, frames.reads) == ("", "", "")
    tower = sum(parameter.numel() for parameter in unfilled_clip(tiny).image_tower.parameters())
    assert clip.parameters == clip.parameters_with_towers == windows.parameters == tower
    assert clip.trainable == windows.trainable == 0
    assert (clip.model, clip.weights, clip.reads) == (tiny, "none", "frames")
    assert clip.flops == clip.flops_total
    assert windows.flops is not None
    assert clip.flops is not None
    assert windows.flops > 2 * clip.flops
    assert any(note.startswith("GFLOPs: image ") for note in windows.notes)


def test_a_method_costs_its_network_and_what_it_reads(tiny: str) -> None:
    costs = _costs(tiny, ["stprompt", "sultani", "zero_shot"])
    clip = unfilled_clip(tiny)
    tower = sum(parameter.numel() for parameter in clip.image_tower.parameters())
    for name, reads, towers in (
        ("stprompt", "windows", clip.parameters),
        ("sultani", "clip", tower),
        ("zero_shot", "clip", clip.parameters),
    ):
        cost, features = costs[name], costs[reads]
        assert (cost.reads, cost.model, cost.weights) == (reads, tiny, "none")
        assert cost.parameters is not None
        assert cost.parameters == cost.trainable
        assert cost.parameters_with_towers == cost.parameters + towers
        assert cost.flops_total == features.flops_total + (cost.flops or 0)
    assert costs["zero_shot"].parameters == 0
    assert costs["zero_shot"].flops is None
    assert costs["zero_shot"].flops_once
    assert costs["sultani"].flops_once is None
    assert costs["stprompt"].frames_counted == 256


def test_regions_cost_their_detector_and_what_reads_them_costs_it_too(tiny: str, tmp_path: Path) -> None:
    detector = tmp_path / "tiny.pt"
    network = write_tiny_detector(detector)
    costs = _costs(
        tiny,
        ["local_patterns", "motion_magnitude"],
        regions={"stage": "regions", "weights": str(detector), "image_size": 64},
        fixed={"stage": "regions", "window": 60},
        motion={"stage": "motion"},
        histograms={"stage": "histograms"},
        of_fixed={"stage": "histograms", "reads": "fixed"},
    )
    regions, histograms = costs["regions"], costs["histograms"]
    # Normalisations are parts of convolutions by then.
    assert 0 < (regions.parameters or 0) < sum(each.numel() for each in network.parameters())
    assert (regions.model, regions.weights) == ("ultralytics", str(detector))
    assert (regions.trainable, regions.parameters_with_towers) == (0, regions.parameters)
    assert regions.flops == regions.flops_total
    assert regions.flops
    assert "square frame" in regions.notes[0]
    assert (histograms.parameters, histograms.flops) == (0, 0)
    assert (histograms.parameters_with_towers, histograms.flops_total) == (regions.parameters, regions.flops)
    assert histograms.reads == "regions, motion"
    for name in ("fixed", "of_fixed"):
        assert (costs[name].parameters_with_towers, costs[name].flops_total) == (0, 0)
    method = costs["local_patterns"]
    assert method.parameters
    assert method.parameters_with_towers == method.parameters + (regions.parameters or 0)
    assert method.flops_total == (method.flops or 0) + regions.flops
    assert costs["motion_magnitude"].parameters_with_towers == regions.parameters


def test_a_set_of_its_own_name_is_what_counts(tiny: str) -> None:
    ten = {"stage": "clip", "model": tiny, "weights": "none", "crops": 10}
    costs = _costs(tiny, [{"sultani": {"reads": "ten"}}], ten=ten)
    assert costs["ten"].flops == 10 * (costs["clip"].flops or 0)
    assert costs["sultani"].flops_total == costs["ten"].flops_total + (costs["sultani"].flops or 0)


def test_what_is_not_known_is_empty_and_said(tiny: str) -> None:
    costs = _costs(tiny, ["one_class_svm", "frame_difference"])
    machine, difference = costs["one_class_svm"], costs["frame_difference"]
    assert (machine.parameters, machine.parameters_with_towers, machine.trainable) == (None, None, None)
    assert machine.flops is None
    assert machine.flops_total == costs["clip"].flops_total
    assert (difference.parameters_with_towers, difference.flops, difference.flops_total) == (0, None, 0)
    assert "not counted" in machine.notes[0]
    assert "not counted" in difference.notes[0]


def test_a_method_that_does_not_say_what_it_runs_is_listed(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("vadbench.methods.sultani.network")
    cost = _costs(tiny, ["sultani"])["sultani"]
    assert (cost.parameters, cost.trainable, cost.flops) == (None, None, None)
    assert cost.notes == ("the method does not say what it runs",)


def test_a_tower_whose_stage_does_not_say_what_it_runs_is_not_free(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("vadbench.stages.clip.network")
    costs = _costs(tiny, ["sultani", "stprompt"])
    clip, sultani = costs["clip"], costs["sultani"]
    assert (clip.parameters, clip.parameters_with_towers, clip.trainable) == (None, None, None)
    assert (clip.flops, clip.flops_total, clip.frames_counted) == (None, None, None)
    assert clip.notes[0] == "the stage does not say what it runs"
    assert sultani.flops
    assert (sultani.flops_total, sultani.parameters_with_towers) == (None, None)
    assert any("a set below is not counted" in note for note in sultani.notes)
    # What does not read it is counted as before, and what has no model costs nothing.
    assert costs["frames"].flops_total == 0
    assert costs["stprompt"].flops_total
    assert not any("below" in note for name in ("frames", "stprompt") for note in costs[name].notes)


def test_rates_come_from_the_logs_of_the_benchmark(tiny: str, tmp_path: Path) -> None:
    log = tmp_path / "toy/clip/part-0000.log"
    log.parent.mkdir(parents=True)
    log.write_text(Closing("clip", 40, 2, 4.0, "cpu", 2).text)
    costs = _costs(tiny, ["sultani"], tmp_path)
    assert (costs["clip"].frames_per_second, costs["clip"].measured_on) == (10.0, "cpu with 2 threads")
    assert costs["windows"].frames_per_second is None
    assert any(note.startswith("not measured") for note in costs["windows"].notes)


def test_settings_that_do_not_fit_are_refused(tiny: str) -> None:
    with pytest.raises(VadbenchError, match="top: 5"):
        _costs(
            tiny,
            [],
            windows={"stage": "windows", "model": tiny, "weights": "none", "scales": ["2/2"], "top": 5},
        )
