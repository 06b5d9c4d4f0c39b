"""Where `vadbench stage histograms` is told to take motion from, and what is refused."""

import json
from pathlib import Path

import pytest

from vadbench.cli.motion import motion_of_options
from vadbench.config import ClipSettings, HistogramsSettings, MotionSettings
from vadbench.errors import VadbenchError

HISTOGRAMS = HistogramsSettings(motion="vectors")
PART = Path("stores/demo/vectors/part-0000.h5")


def test_a_part_or_settings_are_taken() -> None:
    settings = MotionSettings(crf=20, keep="none")
    assert motion_of_options(HISTOGRAMS, PART, None) == PART
    # What the workflow gives: the settings that vectors depend on.
    given = motion_of_options(HISTOGRAMS, None, json.dumps(settings.identity()))
    assert isinstance(given, MotionSettings)
    assert given.identity() == settings.identity()
    assert motion_of_options(HISTOGRAMS, None, "{}") == MotionSettings()
    assert motion_of_options(ClipSettings(model="demo"), None, None) is None


@pytest.mark.parametrize(
    ("part", "text", "message"),
    [
        (None, None, "--motion, the part of 'vectors' .* or --motion-settings, .*: one of them is needed"),
        (PART, "{}", "not both"),
        (None, '{"crf": 99}', "--motion-settings: crf: 99 is not allowed; allowed: .*at most 51"),
        (None, '{"b_frames": 2}', "--motion-settings: b_frames"),
        (None, "[]", "--motion-settings: a JSON object is needed"),
        (None, "{", "--motion-settings: not JSON"),
    ],
)
def test_anything_else_is_refused_in_one_line(part: Path | None, text: str | None, message: str) -> None:
    with pytest.raises(VadbenchError, match=message) as error:
        motion_of_options(HISTOGRAMS, part, text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", [(PART, None), (None, "{}")])
def test_a_stage_without_motion_is_given_none(given: tuple[Path | None, str | None]) -> None:
    with pytest.raises(VadbenchError, match=r"^--motion.*the stage clip reads no motion"):
        motion_of_options(ClipSettings(model="demo"), *given)
