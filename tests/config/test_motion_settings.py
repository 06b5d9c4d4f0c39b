"""Settings of the stage `motion`: what it encodes with, and what is refused."""

import pytest
from pydantic import ValidationError

from vadbench.config.motion import MotionSettings


def test_defaults_are_those_measured_for_true_motion() -> None:
    settings = MotionSettings()
    assert (settings.preset, settings.crf, settings.keep) == ("medium", 28, "all")
    assert settings.source is None


@pytest.mark.parametrize(
    "changes",
    [
        {"b_frames": 1},
        {"b_frames": True},
        {"b_frames": "two"},
        {"references": 0},
        {"references": 3},
        {"references": True},
        {"preset": "slow"},
        {"crf": -1},
        {"crf": 52},
        {"crf": 28.5},
        {"keep": "test"},
        {"stride": 2},
    ],
)
def test_other_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MotionSettings.model_validate(changes)


def test_numbers_may_come_as_text_from_the_command_line() -> None:
    given = {"b_frames": "0", "references": "1", "crf": "28"}
    assert MotionSettings.model_validate(given) == MotionSettings()


def test_what_is_kept_is_no_other_motion() -> None:
    assert MotionSettings(keep="none").identity() == MotionSettings().identity()
    assert MotionSettings(crf=22).identity() != MotionSettings().identity()
    assert MotionSettings(preset="fast").identity() != MotionSettings().identity()
