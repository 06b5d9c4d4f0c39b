"""Settings types: what they accept, refuse and record."""

from collections.abc import Iterable
from importlib import import_module

import pytest
from pydantic import ValidationError
from settings_files import SMALL, small

from vadbench.config import (
    DATA_SETTINGS,
    METHOD_SETTINGS,
    STAGE_SETTINGS,
    BenchmarkSettings,
    ClipSettings,
    FramesSettings,
    MethodEntry,
    SultaniSettings,
    TextSettings,
    ZeroShotSettings,
)
from vadbench.config.image_tower import OPENAI_MODELS


def test_everything_is_listed_under_its_own_name() -> None:
    assert all(settings.model_fields["method"].default == name for name, settings in METHOD_SETTINGS.items())
    assert all(settings.model_fields["stage"].default == name for name, settings in STAGE_SETTINGS.items())
    assert all(settings.model_fields["kind"].default == name for name, settings in DATA_SETTINGS.items())


@pytest.mark.parametrize("stage", STAGE_SETTINGS)
def test_a_stage_that_reads_another_has_a_default_set(stage: str) -> None:
    settings = STAGE_SETTINGS[stage]
    reads = settings.model_fields.get("reads")
    assert (reads and reads.default) == settings.READS_STAGE


@pytest.mark.parametrize(
    ("package", "names", "function"),
    [
        ("datasets", DATA_SETTINGS, "read"),
        ("stages", STAGE_SETTINGS, "run"),
        ("methods", METHOD_SETTINGS, "score"),
    ],
)
def test_everything_in_a_table_has_a_module_of_its_name(
    package: str, names: Iterable[str], function: str
) -> None:
    for name in names:
        assert callable(getattr(import_module(f"vadbench.{package}.{name}"), function))


@pytest.mark.parametrize("name", METHOD_SETTINGS)
def test_a_method_reads_the_set_called_like_its_stage_by_default(name: str) -> None:
    settings = METHOD_SETTINGS[name]
    assert settings.model_fields["reads"].default == settings.READS_STAGE
    assert settings.READS_STAGE in STAGE_SETTINGS


def test_every_field_says_what_it_is() -> None:
    tables = (DATA_SETTINGS, METHOD_SETTINGS, STAGE_SETTINGS)
    types = [*(settings for table in tables for settings in table.values()), BenchmarkSettings, TextSettings]
    silent = [
        f"{settings.__name__}.{name}"
        for settings in types
        for name, field in settings.model_fields.items()
        if not field.description and name not in ("method", "reads")
    ]
    assert silent == []


def test_settings_are_frozen() -> None:
    settings = FramesSettings()
    with pytest.raises(ValidationError):
        settings.stride = 2  # type: ignore[misc]


def test_identity_leaves_out_labels_only() -> None:
    plain = SultaniSettings()
    labelled = SultaniSettings(variant="a", splits=("weak",))
    assert labelled.identity() == plain.identity()
    assert SultaniSettings(lr=1e-3).identity() != plain.identity()
    assert set(SultaniSettings.model_fields) - set(plain.identity()) == {"variant", "splits"}


@pytest.mark.parametrize(
    "settings", [FramesSettings(stride=3), ClipSettings(model="demo"), SultaniSettings()]
)
def test_identity_makes_equal_settings_again(
    settings: FramesSettings | ClipSettings | SultaniSettings,
) -> None:
    assert type(settings).model_validate(settings.identity()) == settings


def test_numbers_may_arrive_as_text() -> None:
    given = {"stage": "clip", "model": "demo", "crops": "5", "every": "2", "batch_size": "16", "seed": "7"}
    settings = ClipSettings.model_validate(given)
    assert (settings.crops, settings.every, settings.batch_size, settings.seed) == (5, 2, 16, 7)
    assert SultaniSettings.model_validate({"lr": "1e-3", "half_batch": "8"}).lr == 1e-3


@pytest.mark.parametrize("stride", [0, -1, "0.2x", 2.5, True, None, "four", [1], float("nan")])
def test_a_stride_is_a_positive_whole_number(stride: object) -> None:
    with pytest.raises(ValidationError):
        FramesSettings.model_validate({"stride": stride})


def test_true_is_no_number() -> None:
    for changes in ({"shards": True}, {"seeds": [0, True]}):
        with pytest.raises(ValidationError, match="switches"):
            small(**changes)


class TestWeights:
    def test_the_demo_model_has_its_own(self) -> None:
        assert ClipSettings(model="demo").weights == "demo"
        assert ClipSettings(model="demo", weights="none").weights == "none"

    @pytest.mark.parametrize("model", OPENAI_MODELS)
    def test_openai_weights_are_the_default_of_openai_models(self, model: str) -> None:
        assert ClipSettings(model=model).weights == "openai"

    def test_other_models_must_name_theirs(self) -> None:
        with pytest.raises(ValidationError, match="must be named"):
            ClipSettings(model="ViT-B-16")
        assert ClipSettings(model="ViT-B-16", weights="laion2b_s34b_b88k").weights == "laion2b_s34b_b88k"

    def test_demo_weights_fit_no_other_model(self) -> None:
        with pytest.raises(ValidationError, match="belong to the model demo"):
            ClipSettings(model="ViT-B-16", weights="demo")

    def test_openai_weights_need_the_activation_they_were_trained_with(self) -> None:
        with pytest.raises(ValidationError, match="QuickGELU"):
            ClipSettings(model="ViT-B-16", weights="openai")


class TestEntries:
    def test_forms(self) -> None:
        for form in ("sultani", {"sultani": None}, {"sultani": {}}, MethodEntry(settings=SultaniSettings())):
            assert MethodEntry.model_validate(form).settings == SultaniSettings()
        entry = MethodEntry.model_validate({"zero_shot": {"variant": "a"}})
        assert (entry.name, entry.settings) == ("zero_shot", ZeroShotSettings(variant="a"))

    @pytest.mark.parametrize(
        "form",
        [
            "sultanni",
            {"sultani": {"method": "sultani"}},
            {"sultani": {}, "zero_shot": {}},
            {"sultani": None, "lr": 1},  # settings that are not indented
            {"sultani": [1]},
            {"settings": {"method": "sultani"}},
            {},
            None,
            3,
        ],
    )
    def test_other_forms_are_refused(self, form: object) -> None:
        with pytest.raises(ValidationError):
            MethodEntry.model_validate(form)


class TestTexts:
    def test_one_text_or_several(self) -> None:
        texts = TextSettings.model_validate(
            {
                "template": "a photo of {}",
                "labels": {"fire": "flames", "normal": ["a street", "people"]},
            }
        )
        assert texts.classes == ("normal", "fire")
        assert texts.prompts() == [
            ("normal", "a photo of a street"),
            ("normal", "a photo of people"),
            ("fire", "a photo of flames"),
        ]

    @pytest.mark.parametrize("template", ["", "a photo", "{} and {}", "{text}", "{} {x}", "{}}"])
    def test_a_template_has_one_place_for_the_text(self, template: str) -> None:
        with pytest.raises(ValidationError, match="template"):
            TextSettings(template=template)

    @pytest.mark.parametrize(
        "labels",
        [{}, {"normal": "a"}, {"fire": "a"}, {"normal": [], "fire": "a"}, {"normal": " ", "fire": "a"}],
    )
    def test_normal_and_another_class_need_texts(self, labels: object) -> None:
        with pytest.raises(ValidationError):
            TextSettings.model_validate({"labels": labels})


def test_a_benchmark_survives_being_written_and_read() -> None:
    settings = small(methods=["zero_shot", {"sultani": {"lr": 1e-3, "variant": "fast"}}])
    assert BenchmarkSettings.model_validate(settings.model_dump()) == settings
    assert BenchmarkSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize("name", ["", "a--b", "a@b", "a/b", "../x", ".hidden", "a b", "-a", "a_", "ä"])
def test_names_of_sets_can_stand_in_paths(name: str) -> None:
    with pytest.raises(ValidationError):
        small(features={**SMALL["features"], name: {"stage": "frames"}})


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": []},
        {"seeds": [0, 0]},
        {"seeds": [-1]},
        {"splits": []},
        {"splits": ["weak", "weak"]},
        {"methods": []},
        {"features": {}},
        {"shards": 0},
        {"shards": 10_000},
        {"on_bad_video": "ignore"},
        {"colour": "red"},
    ],
)
def test_a_benchmark_refuses(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        small(**changes)
