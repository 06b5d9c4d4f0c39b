"""Every kind of settings error, word by word: place, value, what is allowed, the line to write."""

import shlex

import pytest
import yaml
from settings_files import CONFIG_FOLDER, Workspace
from snakemake.cli import parse_config

from vadbench.config import DATA_SETTINGS, METHOD_SETTINGS, STAGE_SETTINGS, benchmark_names
from vadbench.errors import VadbenchError


def message(workspace: Workspace, *entries: str) -> str:
    """The error that loading ends with."""
    with pytest.raises(VadbenchError) as error:
        workspace.load(parse_config(list(entries)))
    text = str(error.value)
    assert "\n" not in text
    return text


def below_demo(text: str) -> str:
    return f"override={{demo: {text}}}"


CLIP_KEYS = "batch_size, crops, every, model, precision, reads, seed, split, stage, weights"
BENCHMARKS = ", ".join(benchmark_names(CONFIG_FOLDER))
KINDS = ", ".join(sorted(DATA_SETTINGS))
STAGES = ", ".join(sorted(STAGE_SETTINGS))
METHODS = ", ".join(METHOD_SETTINGS)
NAME = "a name of letters and digits with single _ . + - between them"


@pytest.mark.parametrize(
    ("given", "place", "text", "written"),
    [
        (
            "features: {clip: {modle: demo}}",
            "features.clip.modle",
            f"unknown key; allowed: {CLIP_KEYS}; the nearest is model",
            "features: {clip: {model: demo}}",
        ),
        (
            "features: {clip: {every: 0.2x}}",
            "features.clip.every",
            "0.2x is not allowed; allowed: a whole number, at least 1",
            "features: {clip: {every: 1}}",
        ),
        (
            "features: {clip: {every: 2.5}}",
            "features.clip.every",
            "2.5: every n-th row is taken, so n is a whole number, and the nearest is 2; strides that do not "
            "divide are two sets of frames",
            "features: {clip: {every: 2}}",
        ),
        (
            "features: {clip: {crops: 3}}",
            "features.clip.crops",
            "3 is not allowed; allowed: one of 1, 5, 10",
            "features: {clip: {crops: 1}}",
        ),
        (
            "features: {clip: {stage: clpi}}",
            "features.clip.stage",
            f"there is no stage clpi; allowed: {STAGES}",
            "features: {clip: {stage: clip}}",
        ),
        (
            "features: {clip_b16: {model: ViT-B-16}}",
            "features.clip_b16.stage",
            f"missing; allowed: {STAGES}",
            "features: {clip_b16: {stage: clip}}",
        ),
        (
            "features: {x: {stage: clip}}",
            "features.x.model",
            "missing; it is text, not empty",
            "features: {x: {model: ViT-B-16-quickgelu}}",
        ),
        (
            "features: {x: {stage: clip, model: ViT-B-16}}",
            "features.x.weights",
            "the weights of ViT-B-16 must be named: none (random initialisation), the path of a file, or a "
            "name on the hub",
            "features: {x: {weights: none}}",
        ),
        (
            "features: {clip: {model: ViT-B-16, weights: openai}}",
            "features.clip.model",
            "ViT-B-16: OpenAI trained this architecture with QuickGELU, which ViT-B-16 does not have",
            "features: {clip: {model: ViT-B-16-quickgelu}}",
        ),
        (
            "features: {clip: {reads: frame}}",
            "features.clip.reads",
            "the set frame does not exist; sets of the stage frames: frames",
            "features: {clip: {reads: frames}}",
        ),
        (
            "features: {histograms: {reads: frames}}",
            "features.histograms.reads",
            "the set frames comes from the stage frames; sets of the stage regions: regions",
            "features: {histograms: {reads: regions}}",
        ),
        (
            "features: {h: {stage: histograms, reads: r, motion: motion_2}, "
            "r: {stage: regions, weights: a.pt}, motion: {stage: motion}}",
            "features.h.motion",
            "the set motion_2 does not exist; sets of the stage motion: motion",
            "features: {h: {motion: motion}}",
        ),
        (
            "features: {h: {stage: histograms, reads: r, motion: m}, r: {stage: regions, weights: a.pt}, "
            "m: {stage: motion, split: weak}}",
            "features.h.split",
            "the set m, which it reads, is made for the split weak alone",
            "features: {h: {split: weak}}",
        ),
        (
            "shards: 0",
            "shards",
            "0 is not allowed; allowed: a whole number, at least 1, at most 9999",
            "shards: 1",
        ),
        ("shards: 1_0k", "shards", None, "shards: 1"),
        (
            "splits: weak",
            "splits",
            f"weak is not allowed; allowed: a list of at least one, each {NAME}",
            "splits: [weak]",
        ),
        (
            "splits: [week]",
            "splits[0]",
            "the data set demo has no split week; allowed: weak, one_class",
            "splits: [weak]",
        ),
        (
            "on_bad_video: skipp",
            "on_bad_video",
            "skipp is not allowed; allowed: one of fail, skip",
            "on_bad_video: skip",
        ),
        (
            "data: {kind: ped3}",
            "data.kind",
            f"there is no kind ped3; allowed: {KINDS}",
            "data: {kind: ped2}",
        ),
        (
            "evaluation: {score_to_frame: holt}",
            "evaluation.score_to_frame",
            "holt is not allowed; allowed: one of hold, repeat, interpolate",
            "evaluation: {score_to_frame: hold}",
        ),
        (
            "texts: {template: a photo}",
            "texts.template",
            "a photo: a template holds {} once, where the text goes, and no other brace",
            "texts: {template: '{}'}",
        ),
        (
            "methods: [zero_shot, sultanni]",
            "methods[1]",
            f"there is no method sultanni; allowed: {METHODS}; the nearest is sultani",
            "methods: [zero_shot, sultani]",
        ),
        (
            "methods: [{sultanni: {lr: 1e-4}}]",
            "methods[0]",
            None,
            "methods: [{sultani: {lr: 1e-4}}]",
        ),
        (
            "methods: [zero_shot, {sultani: {lr: 0.2x, epochs: 3}}]",
            "methods[1].sultani.lr",
            "0.2x is not allowed; allowed: a number, above 0",
            "methods: [zero_shot, {sultani: {lr: 0.2, epochs: 3}}]",
        ),
        (
            "methods: [{sultani: {epoks: 3}}]",
            "methods[0].sultani.epoks",
            None,
            "methods: [{sultani: {epochs: 3}}]",
        ),
        (
            "methods: [{sultani: {held_out: 1.5}}]",
            "methods[0].sultani.held_out",
            "1.5 is not allowed; allowed: a number, above 0, below 1",
            "methods: [{sultani: {held_out: 0.2}}]",
        ),
        (
            "methods: [{zero_shot: {reads: clpi}}]",
            "methods[0].zero_shot.reads",
            "the set clpi does not exist; sets of the stage clip: clip",
            "methods: [{zero_shot: {reads: clip}}]",
        ),
        (
            "methods: [{sultani: {reads: frames}}]",
            "methods[0].sultani.reads",
            "the set frames comes from the stage frames; sets of the stage clip: clip",
            "methods: [{sultani: {reads: clip}}]",
        ),
        (
            "methods: [{sultani: {splits: [one_class]}}]",
            "methods[0].sultani.splits[0]",
            "sultani cannot run on one_class; of the benchmark's splits, these offer the supervision it "
            "takes (weak) and the features it reads: weak",
            "methods: [{sultani: {splits: [weak]}}]",
        ),
        (
            "features: {clip: {split: weak}}, methods: [{zero_shot: {splits: [one_class]}}]",
            "methods[0].zero_shot.splits[0]",
            "zero_shot cannot run on one_class; of the benchmark's splits, these offer the supervision it "
            "takes (none) and the features it reads: weak",
            "methods: [{zero_shot: {splits: [weak]}}]",
        ),
        (
            "features: {some: {stage: frames, split: one_class}, clip: {split: weak, reads: some}}",
            "features.clip.split",
            "the set some, which it reads, is made for the split one_class alone",
            "features: {clip: {split: one_class}}",
        ),
        (
            "features: {clip: {split: one_clas}}",
            "features.clip.split",
            "the data set demo has no split one_clas; allowed: weak, one_class",
            "features: {clip: {split: one_class}}",
        ),
        (
            "methods: [sultani, {sultani: {lr: 1}}]",
            "methods[1]",
            "sultani in methods[0] and in methods[1] are the same run, results/demo/weak/sultani/seed-0; "
            "tell them apart by a variant",
            "methods: [sultani, {sultani: {lr: 1.0, variant: v1}}]",
        ),
        ("methods: zero_shot", "methods", None, "methods: [zero_shot]"),
    ],
)
def test_typed_after_config(
    workspace: Workspace, given: str, place: str, text: str | None, written: str
) -> None:
    error = message(workspace, below_demo("{" + given + "}"))
    assert error.startswith(f"--config: override.demo.{place}: {text or ''}")
    suggestion = error.rpartition("; write `")[2].removesuffix("`")
    key, _, value = suggestion.partition("=")
    assert key == "override"
    # What is suggested can be pasted into a shell.
    assert yaml.safe_load(shlex.split(value)[0]) == yaml.safe_load("{demo: {" + written + "}}")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            ["benchmarks=[pde2]"],
            f"benchmarks[0]: there is no benchmark pde2; allowed: {BENCHMARKS}; the nearest is ped2; "
            "write `benchmarks='[ped2]'`",
        ),
        (["benchmarks=[]"], "benchmarks: [] is not allowed; allowed: a list of at least one"),
        (
            ["device=gpu"],
            "device: gpu is not allowed; allowed: auto, cpu, cuda or cuda:<number>; write `device=auto`",
        ),
        (
            ["data_rot=/data"],
            "data_rot: unknown key; allowed: benchmarks, data_root, device, override; the nearest is "
            "data_root; write `data_root=/data`",
        ),
        (
            ["override={demmo: {seeds: [0]}}"],
            f"override.demmo: there is no benchmark demmo; allowed: {BENCHMARKS}, all; the nearest is "
            "demo; write `override='{demo: {seeds: [0]}}'`",
        ),
        (
            ["override={demo: {seeds: [0}"],
            "override: {demo: {seeds: [0}: the text after --config is no YAML: while parsing a flow sequence",
        ),
        (["override={demo: [1]}"], "override.demo: [1] is not allowed; allowed: keys with values"),
        (
            [below_demo("{seeds: [0, 0]}")],
            "override.demo.seeds: [0, 0]: each value may stand once, but 0 is repeated",
        ),
        (
            [below_demo("{features: {videos: {stage: frames}}}")],
            "override.demo.features.videos: the name is taken by something else in the store",
        ),
        (
            [below_demo("{features: {annotations.json: {stage: frames}}}")],
            "override.demo.features.annotations.json: the name is taken by something else in the store",
        ),
        (
            ["benchmarks=[folder]", "override={folder: {methods: [sultani]}}"],
            "override.folder.methods: none of them runs on the splits listed (all); each needs one that "
            "offers the supervision it takes: sultani (weak)",
        ),
        (
            [below_demo("{splits: [weak], methods: [motion_magnitude]}")],
            "override.demo.methods: none of them runs on the splits listed (weak); each needs one that "
            "offers the supervision it takes: motion_magnitude (none; its set histograms is made for "
            "one_class)",
        ),
        (
            [below_demo("{features: {a/b: {stage: frames}}}")],
            f"override.demo.features.a/b: not allowed as a key; allowed: {NAME}",
        ),
        (
            [below_demo("{methods: [{sultani: {lr: 1}, zero_shot: {}}]}")],
            "override.demo.methods[0]: {sultani: {lr: 1}, zero_shot: {}}: an entry is a method's name, or "
            "one name with its settings indented below it",
        ),
        (
            [below_demo("{methods: [{sultani: {selection: best_on_test}}]}")],
            "override.demo.methods[0].sultani.variant: selection: best_on_test picks the checkpoint on the "
            "test videos; a label keeps its figures apart; write `override='{demo: {methods: [{sultani: "
            "{selection: best_on_test, variant: best-on-test}}]}}'`",
        ),
        (
            [below_demo("{methods: [{vadclip: {test_crop: top_left}}]}")],
            "override.demo.methods[0].vadclip.test_crop: the set clip has no crop top_left; allowed: center, "
            "mean; write `override='{demo: {methods: [{vadclip: {test_crop: center}}]}}'`",
        ),
        (
            [below_demo("{features: {windows: {keep: test}}, methods: [sultani_patch]}")],
            "override.demo.features.windows.keep: sultani_patch reads windows that are not kept; allowed: "
            "all; write `override='{demo: {features: {windows: {keep: all}}}}'`",
        ),
        (
            [below_demo("{features: {windows: {keep: none}}}")],
            "override.demo.features.windows.keep: stprompt reads windows that are not kept; allowed: test, "
            "all; write `override='{demo: {features: {windows: {keep: test}}}}'`",
        ),
        (
            ["benchmarks=[ped2]", "override={ped2: {draws: [10]}}"],
            "override.ped2.draws[0]: the split weak has draws 0 to 9; "
            "write `override='{ped2: {draws: [9]}}'`",
        ),
        (
            ["benchmarks=[folder]", "override={folder: {splits: [weak]}}"],
            "override.folder.splits[0]: the split weak needs labels: name a CSV file in data.labels, or list "
            "the split all; write `override='{folder: {splits: [all]}}'`",
        ),
    ],
)
def test_also_typed_after_config(workspace: Workspace, given: list[str], expected: str) -> None:
    assert message(workspace, *given).startswith(f"--config: {expected}")


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "demo.yaml",
            "    stride: 4",
            "    strid: 4",
            "config/demo.yaml:{line}: features.frames.strid: unknown key; allowed: format, short_side, "
            "split, stage, stride; the nearest is stride; write `stride: 4`",
        ),
        (
            "demo.yaml",
            "min_steps: ",
            "min_steps: many #",
            "config/demo.yaml:{line}: methods[4].sultani.min_steps: many is not allowed; allowed: a whole "
            "number, at least 0; write `min_steps: 0`",
        ),
        (
            "demo.yaml",
            "  - zero_shot",
            "  - zero_shott",
            "config/demo.yaml:{line}: methods[0]: there is no method zero_shott; allowed: "
            f"{METHODS}; the nearest is zero_shot; write `- zero_shot`",
        ),
        (
            "demo.yaml",
            "features:",
            "feature:",
            "config/demo.yaml:{line}: feature: unknown key; allowed: data, draws, evaluation, features, "
            "methods, on_bad_video, queries, seeds, shards, splits, texts; the nearest is features; write "
            "`features:` "
            "(and 1 more)",
        ),
        (
            "demo.yaml",
            "    fire: a fire",
            "    fire: no",
            "config/demo.yaml:{line}: texts.labels.fire: false is not allowed; allowed: text, not empty or a "
            "list of at least one, each text, not empty",
        ),
        (
            "config.yaml",
            "override: {}",
            "override: {demo: {shards: 0}}",
            "config.yaml:{line}: override.demo.shards: 0 is not allowed; allowed: a whole number, at least "
            "1, at most 9999; write `shards: 1`",
        ),
        (
            "config.yaml",
            "device: auto",
            "devise: auto",
            "config.yaml:{line}: devise: unknown key; allowed: benchmarks, data_root, device, override; the "
            "nearest is device; write `device: auto`",
        ),
    ],
)
def test_in_a_file(workspace: Workspace, file: str, old: str, new: str, expected: str) -> None:
    workspace.replace(file, old, new)
    path = workspace.run_file if file == "config.yaml" else workspace.config_folder / file
    wrong = new.strip().splitlines()[-1]
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if wrong in text)
    assert message(workspace) == expected.format(line=line)


def test_a_value_typed_over_the_file_is_not_blamed_on_the_file(workspace: Workspace) -> None:
    workspace.replace("config.yaml", "override: {}", "override: {demo: {shards: 2}}")
    assert message(workspace, "override={demo: {shards: 0}}").startswith("--config: override.demo.shards: 0")


def test_an_empty_benchmark_names_what_it_lacks(workspace: Workspace) -> None:
    (workspace.config_folder / "demo.yaml").write_text("")
    assert message(workspace).startswith("config/demo.yaml: data: missing")


def test_the_number_of_other_problems_is_told(workspace: Workspace) -> None:
    assert message(workspace, below_demo("{shards: 0, seeds: [-1], strid: 1}")).endswith("(and 2 more)")


def test_a_set_that_is_lacking_is_asked_for(workspace: Workspace) -> None:
    text = message(workspace, below_demo("{features: {motion: {stage: frames}}}"))
    assert "features.histograms.motion: the set motion comes from the stage frames" in text
    assert text.endswith("sets of the stage motion: none, add one to features")


def test_a_key_that_is_like_no_other_has_no_nearest(workspace: Workspace) -> None:
    error = message(workspace, below_demo("{features: {regions: {expand: 0.5}}}"))
    assert "features.regions.expand: unknown key; allowed: " in error
    assert "nearest" not in error
