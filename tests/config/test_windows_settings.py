"""Settings of the stage `windows`, and what is said of wrong ones."""

import pytest
from pydantic import ValidationError
from settings_files import Workspace
from snakemake.cli import parse_config

from vadbench.config import WindowScale, WindowsSettings
from vadbench.errors import VadbenchError


def test_scales_are_the_papers_by_default() -> None:
    assert WindowsSettings(model="demo").window_scales == (WindowScale(2, 2), WindowScale(5, 3))
    assert WindowsSettings(model="demo").top == 12


def test_a_scale_is_written_as_it_is_read() -> None:
    scale = WindowScale.parse("12/3")
    assert (scale.size, scale.stride, str(scale), scale.group) == (12, 3, "12/3", "windows_12_3")


@pytest.mark.parametrize(
    "scales",
    [
        [],
        ["2"],
        ["2/0"],
        ["0/2"],
        ["02/2"],
        ["2/-1"],
        ["2 / 2"],
        ["a/b"],
        ["2/2", "2/2"],
        ["2/3"],
        [2],
        ["1000/1"],
    ],
)
def test_other_scales_are_refused(scales: list[object]) -> None:
    with pytest.raises(ValidationError):
        WindowsSettings.model_validate({"model": "demo", "scales": scales})


@pytest.mark.parametrize(
    "changes", [{"top": 0}, {"mode": "pixels"}, {"keep": "train"}, {"frame_preprocess": "crop"}, {"crops": 5}]
)
def test_other_values_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WindowsSettings.model_validate({"model": "demo", **changes})


def test_the_model_is_named_as_for_clip() -> None:
    assert WindowsSettings(model="ViT-B-16-quickgelu").weights == "openai"
    with pytest.raises(ValidationError, match="QuickGELU"):
        WindowsSettings(model="ViT-B-16", weights="openai")


@pytest.mark.parametrize(
    ("scales", "said"),
    [
        ("[2/2, 5by3]", "scales[1]: 5by3 is not allowed; allowed: size/stride in tokens, such as 2/2"),
        (
            "[2/3]",
            "scales[0]: 2/3: windows of 2 tokens at a stride of 3 leave tokens out between them; write",
        ),
        ("[2/2, 2/2]", "scales: [2/2, 2/2]: each value may stand once, but 2/2 is repeated"),
    ],
)
def test_errors_name_the_place_and_the_way_out(workspace: Workspace, scales: str, said: str) -> None:
    windows = (
        f"override={{demo: {{features: {{windows: {{stage: windows, model: demo, scales: {scales}}}}}}}}}"
    )
    with pytest.raises(VadbenchError) as error:
        workspace.load(parse_config([windows]))
    assert f"features.windows.{said}" in str(error.value)
