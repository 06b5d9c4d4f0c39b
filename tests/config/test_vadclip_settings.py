"""Whose numbers VadCLIP's settings are."""

import pytest
from pydantic import ValidationError

from vadbench.config import VadClipSettings


def test_the_defaults_are_the_codes_on_ucf_crime() -> None:
    plain = VadClipSettings()
    assert plain == VadClipSettings(constants="code", constants_of="ucf_crime")
    for name, field in VadClipSettings.model_fields.items():
        assert getattr(plain, name) == field.default, name


def test_code_and_paper_have_their_own_numbers() -> None:
    names = ("lr", "lr_milestones", "epochs", "half_batch", "layers", "attn_window", "contrast")
    read = {
        (constants, of): tuple(
            getattr(VadClipSettings(constants=constants, constants_of=of), name)  # type: ignore[arg-type]
            for name in names
        )
        for constants in ("code", "paper")
        for of in ("ucf_crime", "xd_violence")
    }
    assert read == {
        ("code", "ucf_crime"): (2e-5, (4, 8), 10, 64, 2, 8, 0.1),
        ("code", "xd_violence"): (1e-5, (3, 6, 10), 10, 48, 1, 64, 1e-4),
        ("paper", "ucf_crime"): (1e-5, (), 10, 32, 1, 8, 0.1),
        ("paper", "xd_violence"): (2e-5, (), 20, 32, 1, 64, 1e-4),
    }


def test_what_an_entry_gives_itself_counts() -> None:
    settings = VadClipSettings(constants="paper", lr=0.5, score="a_branch")
    assert (settings.lr, settings.score, settings.half_batch) == (0.5, "a_branch", 32)
    # As a run's command gets them: every value spelled out.
    assert VadClipSettings.model_validate(settings.identity()) == settings


def test_unknown_constants_are_refused() -> None:
    for given in ({"constants": "papre"}, {"constants_of": ["ucf_crime"]}, {"test_crop": 3, "layers": 0}):
        with pytest.raises(ValidationError):
            VadClipSettings(**given)
