"""Settings of the stage `regions`, and what is said of wrong ones."""

import re
import shlex

import pytest
from pydantic import ValidationError
from settings_files import Workspace
from snakemake.cli import parse_config

from vadbench.config import RegionsSettings
from vadbench.config.regions import DETECTOR_ENDINGS, RELEASED_DETECTORS
from vadbench.errors import VadbenchError
from vadbench.models import detector_file


def test_the_readings_are_the_defaults() -> None:
    settings = RegionsSettings(weights="yolov8n.pt")
    assert (settings.confidence, settings.link_iou, settings.classes) == (0.3, 0.3, None)
    assert settings.source == "frames"


def test_files_are_those_that_can_be_read() -> None:
    assert DETECTOR_ENDINGS == detector_file.DETECTOR_ENDINGS


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "yolov9000"},
        {"weights": None},
        {"window": 60},
        {"weights": None, "window": 0},
        {"weights": None, "window": 60, "image_size": 320},
        {"weights": None, "window": 60, "classes": ["person"]},
        {"weights": "yolov8n.onnx"},
        {"confidence": 0},
        {"confidence": 1.5},
        {"link_iou": 0},
        {"classes": []},
        {"classes": ["person", "person"]},
        {"image_size": 100},
        {"most": 0},
        {"expand": 0.5},
    ],
)
def test_other_values_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegionsSettings.model_validate({"weights": "yolov8n.pt", **changes})


@pytest.mark.parametrize("given", [{"weights": "demo"}, {"weights": "yolo11n"}, {"window": 320}])
def test_settings_are_those_that_a_part_records(given: dict[str, object]) -> None:
    settings = RegionsSettings.model_validate(given)
    assert RegionsSettings.model_validate(settings.identity()) == settings


def test_released_detectors_say_where_they_are() -> None:
    assert RELEASED_DETECTORS["yolov8n"] == "Ultralytics/YOLOv8"
    assert RELEASED_DETECTORS["yolo11x"] == "Ultralytics/YOLO11"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "weights: a.onnx",
            "weights: a.onnx: a detector is demo, a file *.pt or *.safetensors, or a released",
        ),
        ("weights: a.pt, image_size: 100", "image_size: 100: a detector's input is a multiple of 32 pixels"),
        (
            "confidence: 0.5",
            "weights: regions need a detector (weights), or the side of fixed windows (window)",
        ),
        ("weights: demo, window: 60", "weights: demo: regions are of a detector (weights) or fixed windows"),
        ("window: 60, precision: fp16", "precision: fp16: a setting of detectors, which fixed windows come"),
    ],
)
def test_errors_name_the_place_and_the_way_out(workspace: Workspace, given: str, said: str) -> None:
    override = f"override={{demo: {{features: {{found: {{stage: regions, {given}}}}}}}}}"
    with pytest.raises(VadbenchError) as error:
        workspace.load(parse_config([override]))
    assert f"features.found.{said}" in str(error.value)


def test_an_override_of_the_other_kind_is_kept_and_what_is_below_taken_back(workspace: Workspace) -> None:
    """The demo's file has `weights: demo`."""
    with pytest.raises(VadbenchError) as error:
        workspace.load(parse_config(["override={demo: {features: {regions: {window: 60}}}}"]))
    (line,) = re.findall("write `(.*)`", str(error.value))
    assert line == "override='{demo: {features: {regions: {window: 60, weights: null}}}}'"
    # The file has a setting of detectors too.
    with pytest.raises(VadbenchError) as error:
        workspace.load(parse_config(shlex.split(line)))
    (line,) = re.findall("write `(.*)`", str(error.value))
    found = workspace.load(parse_config(shlex.split(line)))["demo"].features["regions"]
    assert isinstance(found, RegionsSettings)
    assert (found.weights, found.window) == (None, 60)


def test_the_same_holds_the_other_way_round_and_in_a_file(workspace: Workspace) -> None:
    workspace.replace("demo.yaml", "    weights: demo\n    image_size: 256", "    window: 60\n    #")
    with pytest.raises(VadbenchError, match=r"regions.window: 60: .*write `.*weights: demo, window: null"):
        workspace.load(parse_config(["override={demo: {features: {regions: {weights: demo}}}}"]))
    workspace.replace("demo.yaml", "    window: 60\n", "    weights: demo\n    window: 60\n")
    with pytest.raises(
        VadbenchError, match=r"demo.yaml:\d+: features.regions.weights: .*write `weights: null`"
    ):
        workspace.load()
