"""The list of STPrompt's ablations against the lines of the paper's Tables 4, 5 and 6."""

from settings_files import CONFIG_FOLDER

from vadbench.config import MethodSettings, StPromptSettings, load_benchmark

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


def methods(benchmark: str) -> list[MethodSettings]:
    return [entry.settings for entry in load_benchmark(benchmark, CONFIG_FOLDER).methods]


def listed() -> dict[str, StPromptSettings]:
    entries = [entry for entry in methods("stprompt_ablations") if isinstance(entry, StPromptSettings)]
    found = {entry.variant: entry for entry in entries}
    assert len(found) == len(entries)
    return found


def line(settings: StPromptSettings) -> Line:
    return settings.aggregate, settings.temporal_adapter, settings.c_branch, settings.a_branch


def test_every_line_of_the_papers_tables_is_there() -> None:
    lines = {line(settings) for settings in listed().values()}
    assert lines == TABLE_4 | TABLE_5 | TABLE_6


def test_a_variant_differs_from_the_whole_in_what_it_names() -> None:
    variants = listed()
    full = variants.pop("full")
    # What it adds to the scores, without a training, is asked of the whole alone.
    assert full.localisation is not None
    full = full.model_copy(update={"localisation": None}).identity()
    assert line(StPromptSettings()) == FULL
    changed = {
        name: {key for key, value in settings.identity().items() if value != full[key]}
        for name, settings in variants.items()
    }
    assert all(changed.values())
    assert changed["sigma-10"] == {"sigma"}
    assert changed["const-sum"] == {"const_reduction"}
    assert changed["const-none"] == {"beta"}
    assert changed["sa2+adapter+c-branch"] == {"a_branch", "score", "min_steps"}
    kinds = {variants[name].score for name in variants if name.startswith("score-")}
    assert kinds == {"literal", "c_branch", "mean"}


def test_all_take_the_steps_of_the_demo_but_those_that_the_classifier_scores() -> None:
    (steps,) = {entry.min_steps for entry in methods("demo") if isinstance(entry, StPromptSettings)}
    variants = listed()
    assert variants.pop("c-branch").min_steps == 1600
    by_score = {(entry.score == "c_branch", entry.min_steps) for entry in variants.values()}
    assert by_score == {(False, steps), (True, 100)}


def test_peers_are_trained_as_in_the_demo() -> None:
    def training(entry: MethodSettings) -> dict[str, object]:
        return {
            key: value for key, value in entry.training_identity().items() if key not in {"method", "reads"}
        }

    demo = {entry.method: training(entry) for entry in methods("demo")}
    peers = [entry for entry in methods("stprompt_ablations") if not isinstance(entry, StPromptSettings)]
    assert len(peers) == 5
    for entry in peers:
        plain = entry.method.removesuffix("_patch").removesuffix("_windows")
        assert training(entry) == demo[plain]


def test_data_texts_and_rows_are_the_demos() -> None:
    ablations, demo = (load_benchmark(name, CONFIG_FOLDER) for name in ("stprompt_ablations", "demo"))
    assert ablations.data == demo.data
    assert ablations.texts == demo.texts
    assert ablations.features["frames"] == demo.features["frames"]
    for name in ("every", "model", "top"):
        assert getattr(ablations.features["windows"], name) == getattr(demo.features["windows"], name)
