"""Which files settings need, told without torch."""

from pathlib import Path

import pytest

from vadbench.models.weights import file_digest, packaged
from vadbench.models.weights_files import PACKAGED_DETECTOR, needed_record, own_files, shown_names


@pytest.mark.parametrize(
    ("model", "weights", "record", "own"),
    [
        ("demo", "demo", None, []),
        ("ViT-B-16", "none", None, []),
        (
            "ViT-B/16",
            "laion2b_s34b_b88k",
            ("weights/ViT-B-16/laion2b_s34b_b88k.json", "laion2b_s34b_b88k"),
            [],
        ),
        ("hf-hub:owner/name", "hub", ("weights/hf-hub-owner-name/hub.json", "hub"), []),
        ("hf-hub:owner/name", "none", ("weights/hf-hub-owner-name/hub.json", "hub"), []),
        ("mine.json", "mine.safetensors", None, ["mine.json", "mine.safetensors"]),
        ("mine.json", "none", None, ["mine.json"]),
        ("ultralytics", "demo", None, []),
        ("ultralytics", "yolov8n", ("weights/ultralytics/yolov8n.json", "yolov8n"), []),
        ("ultralytics", "mine.pt", None, ["mine.pt"]),
        ("ultralytics", "mine.safetensors", None, ["mine.safetensors", "mine.yaml"]),
    ],
)
def test_what_has_to_be_there(
    model: str, weights: str, record: tuple[str, str] | None, own: list[str]
) -> None:
    assert needed_record(model, weights) == (record and (Path(record[0]), record[1]))
    assert own_files(model, weights) == [Path(name) for name in own]


def test_tables_name_a_detector_once_and_the_packaged_one_demo() -> None:
    of_demo = {PACKAGED_DETECTOR: file_digest(packaged(PACKAGED_DETECTOR)), "detector.yaml": "cd" * 32}
    assert shown_names(of_demo) == ["demo"]
    assert shown_names({"demo": "ab" * 32}) == ["demo"]
    assert shown_names({**of_demo, PACKAGED_DETECTOR: "ab" * 32}) == [PACKAGED_DETECTOR]
    assert shown_names({"mine.safetensors": "ab" * 32, "mine.yaml": "cd" * 32}) == ["mine.safetensors"]
    assert shown_names({"b.pt": "", "a": "", "other.yaml": ""}) == ["b.pt", "a", "other.yaml"]
    assert shown_names({}) == []
