"""The list of STPrompt's ablations against the lines of the paper's Tables 4, 5 and 6."""

from settings_files import CONFIG_FOLDER

from vadbench.config import StPromptSettings, load_benchmark

Line = tuple[str, str, bool, bool]
"""Aggregate, temporal adapter, C-branch, A-branch."""

NONE, SA2, DISTANCE = "none", "selection_attention", "distance"
FULL: Line = (SA2, DISTANCE, True, True)
TABLE_4: set[Line] = {
    (NONE, NONE, True, False),
    (NONE, NONE, False, True),
    (NONE, NONE, True, True),
    (SA2, NONE, True, True),
    (NONE, DISTANCE, True, True),
    (SA2, DISTANCE, True, False),
    (SA2, DISTANCE, False, True),
    FULL,
}
TABLE_5: set[Line] = {
    (aggregate, DISTANCE, True, True)
    for aggregate in (NONE, "average", "attention", "selection_average", SA2)
}
TABLE_6: set[Line] = {(SA2, kind, True, True) for kind in ("transformer", "transformer+distance", DISTANCE)}


def listed() -> dict[str, StPromptSettings]:
    entries = load_benchmark("stprompt_ablations", CONFIG_FOLDER).methods
    found = {}
    for entry in entries:
        assert isinstance(entry.settings, StPromptSettings)
        found[entry.settings.variant] = entry.settings
    assert len(found) == len(entries)
    return found


def line(settings: StPromptSettings) -> Line:
    return settings.aggregate, settings.temporal_adapter, settings.c_branch, settings.a_branch


def test_every_line_of_the_papers_tables_is_there() -> None:
    lines = {line(settings) for settings in listed().values()}
    assert lines == TABLE_4 | TABLE_5 | TABLE_6


def test_a_variant_differs_from_the_whole_in_what_it_names() -> None:
    variants = listed()
    full = variants.pop("full").identity()
    assert line(StPromptSettings()) == FULL
    changed = {
        name: {key for key, value in settings.identity().items() if value != full[key]}
        for name, settings in variants.items()
    }
    assert all(changed.values())
    assert changed["sigma-10"] == {"sigma"}
    assert changed["const-sum"] == {"const_reduction"}
    assert changed["const-none"] == {"beta"}
    assert changed["sa2+adapter+c-branch"] == {"a_branch", "score"}
    kinds = {variants[name].score for name in variants if name.startswith("score-")}
    assert kinds == {"literal", "c_branch", "mean"}


def test_all_take_the_steps_of_the_demo() -> None:
    demo = [entry.settings for entry in load_benchmark("demo", CONFIG_FOLDER).methods]
    (steps,) = {settings.min_steps for settings in demo if isinstance(settings, StPromptSettings)}
    assert {settings.min_steps for settings in listed().values()} == {steps}


def test_data_texts_and_rows_are_the_demos() -> None:
    ablations, demo = (load_benchmark(name, CONFIG_FOLDER) for name in ("stprompt_ablations", "demo"))
    assert ablations.data == demo.data
    assert ablations.texts == demo.texts
    assert ablations.features["frames"] == demo.features["frames"]
    for name in ("every", "model", "top"):
        assert getattr(ablations.features["windows"], name) == getattr(demo.features["windows"], name)
