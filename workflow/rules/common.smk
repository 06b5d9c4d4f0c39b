# Settings, the index and the functions that rules look their inputs and settings up with.
import csv
import functools
import json
import re
import shutil
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError

from vadbench.config import (
    CostSettings,
    ImageTowerSettings,
    RegionsSettings,
    expand_runs,
    load_run,
    load_run_settings,
)
from vadbench.datasets import Annotations, load_videos
from vadbench.demo.index import update_index
from vadbench.errors import VadbenchError
from vadbench.models.weights_files import (
    CACHE,
    ULTRALYTICS,
    needed_record,
    own_files,
)


def load_settings():
    """Settings of the run and of each benchmark; an error names file, key and the corrected line."""
    folder = Path(workflow.basedir)
    try:
        return load_run_settings(config, folder / "config.yaml"), load_run(
            config, folder / "config"
        )
    except VadbenchError as error:
        raise WorkflowError(str(error)) from None


def update_indexes():
    """Bring video lists and annotations up to date; their files change only where their content does."""
    try:
        for name, settings in BENCHMARKS.items():
            update_index(name, settings, Path(RUN_SETTINGS.data_root), Path("stores"))
    except VadbenchError as error:
        raise WorkflowError(str(error)) from None


def sets_of_stage(stage):
    """Names of the feature sets that a stage makes, as the alternatives of a wildcard."""
    names = {
        name
        for settings in BENCHMARKS.values()
        for name, features in settings.features.items()
        if features.stage == stage
    }
    return "|".join(sorted(map(re.escape, names))) or "(?!)"


def kept_motion():
    """Sets of motion that are stored, as the alternatives of a wildcard, each below its own benchmark."""
    names = {
        rf"(?<=/{re.escape(benchmark)}/){re.escape(name)}"
        for benchmark, settings in BENCHMARKS.items()
        for name, features in settings.features.items()
        if features.stage == "motion" and features.keep == "all"
    }
    return "|".join(sorted(names)) or "(?!)"


def feature_set(wildcards):
    return BENCHMARKS[wildcards.benchmark].features[wildcards.set]


def check_set_names():
    """A name stands for one stage in all benchmarks of a run, so that one rule makes the sets of that name."""
    stages = {}
    for benchmark, settings in BENCHMARKS.items():
        for name, features in settings.features.items():
            stage, first = stages.setdefault(name, (features.stage, benchmark))
            if stage != features.stage:
                raise WorkflowError(
                    f"the feature set {name} is made by {stage} in {first} and by {features.stage} in {benchmark};"
                    " rename one, or run the two benchmarks one after the other"
                )


def stage_settings(wildcards):
    """The settings that the arrays of a set depend on."""
    return json.dumps(feature_set(wildcards).identity(), sort_keys=True)


def stage_revision(wildcards):
    return feature_set(wildcards).REVISION


def list_of_shard(wildcards):
    """The list of the shard's videos, or of those of the split that the set is made for."""
    split = feature_set(wildcards).split
    folder = Path("stores", wildcards.benchmark, "videos", split or "")
    return str(folder / f"{wildcards.shard}.json")


@functools.cache
def tested_videos(benchmark):
    """The videos in a test list of any split that runs; their labels do not matter."""
    settings = BENCHMARKS[benchmark]
    annotations = Annotations.load(Path("stores", benchmark, "annotations.json"))
    return annotations.test_videos(settings.splits, settings.draws)


def test_videos(wildcards):
    """The shard's videos that are tested, as an option, for a set that keeps more of these."""
    if feature_set(wildcards).keep != "test":
        return "[]"
    tested = tested_videos(wildcards.benchmark)
    videos = load_videos(Path(list_of_shard(wildcards)))
    return json.dumps([video.id for video in videos if video.id in tested])


def on_bad_video(wildcards):
    return BENCHMARKS[wildcards.benchmark].on_bad_video


def shard_names(benchmark):
    return [f"{shard:04d}" for shard in range(BENCHMARKS[benchmark].shards)]


def parts_of_set(wildcards):
    return [
        f"stores/{wildcards.benchmark}/{wildcards.set}/part-{shard}.h5"
        for shard in shard_names(wildcards.benchmark)
    ]


def frames_folders(wildcards):
    """Folders of all sets of decoded frames."""
    return [
        f"stores/{benchmark}/{name}"
        for benchmark, settings in BENCHMARKS.items()
        for name, features in settings.features.items()
        if features.stage == "frames"
    ]


def number_of_parts(wildcards):
    return BENCHMARKS[wildcards.benchmark].shards


def motion_of_set(wildcards):
    """The settings of the motion that a set of histograms reads."""
    return BENCHMARKS[wildcards.benchmark].features[feature_set(wildcards).motion]


def motion_part(wildcards):
    """The stored motion of the same shard, where it is kept; else what an earlier run has left of it.

    That is not read, but were it not named, Snakemake would take its going for a change.
    """
    name = feature_set(wildcards).motion
    part = f"stores/{wildcards.benchmark}/{name}/part-{wildcards.shard}.h5"
    if motion_of_set(wildcards).keep == "all":
        return part
    return ancient(part) if Path(part).exists() else []


def motion_identity(wildcards):
    """What the motion that a set of histograms reads depends on, stored or not."""
    motion = motion_of_set(wildcards)
    return json.dumps([motion.identity(), motion.REVISION], sort_keys=True)


def motion_option(wildcards, input):
    """Where histograms take motion from. As it looks at the input, Snakemake does not compare it: both ways
    give the same, so that a change of `keep` alone makes nothing again."""
    motion = motion_of_set(wildcards)
    if motion.keep == "all":
        return ["--motion", input.motion]
    return ["--motion-settings", json.dumps(motion.identity(), sort_keys=True)]


def part_read(wildcards):
    """The part of the set that this one reads, for the same shard."""
    source = feature_set(wildcards).source
    return f"stores/{wildcards.benchmark}/{source}/part-{wildcards.shard}.h5"


def model_and_weights(features):
    """What the models of a set are loaded from; None for a set that is made without any."""
    if isinstance(features, ImageTowerSettings):
        return features.model, features.weights
    if isinstance(features, RegionsSettings) and features.weights is not None:
        return ULTRALYTICS, features.weights
    return None


def fetched_weights():
    """Model and tag by the name of their record below `weights/`, of all sets whose weights are fetched."""
    found = {}
    for settings in BENCHMARKS.values():
        for features in settings.features.values():
            made_by = model_and_weights(features)
            needed = made_by and needed_record(*made_by)
            if needed:
                record, tag = needed
                found[record.relative_to(CACHE).with_suffix("").as_posix()] = (
                    made_by[0],
                    tag,
                )
    return found


def weights_fetched(wildcards):
    return FETCHED[wildcards.fetched]


def weights_of_set(wildcards):
    """What has to be there before a model can be loaded. Weights fetched anew are the same ones."""
    made_by = model_and_weights(feature_set(wildcards))
    if made_by is None:
        return []
    needed = needed_record(*made_by)
    own = [str(path) for path in own_files(*made_by)]
    return [*([ancient(str(needed[0]))] if needed else []), *own]


def rendered_videos(wildcards):
    """The demo's videos have to be rendered first; those of other benchmarks are there."""
    if BENCHMARKS[wildcards.benchmark].data.kind != "demo":
        return []
    return f"stores/{wildcards.benchmark}/rendered/{wildcards.shard}.txt"


def demo_folder_of(wildcards):
    """Relative to data_root, which may move without anything being made again."""
    data = BENCHMARKS[wildcards.benchmark].data
    return f"{data.folder}/{data.size}"


def run_of(wildcards):
    path = f"results/{wildcards.run}"
    if path not in RUNS:
        raise WorkflowError(
            f"{path} is none of the runs that config.yaml and config/ name"
        )
    return RUNS[path]


def annotations_of_run(wildcards):
    return f"stores/{run_of(wildcards).benchmark}/annotations.json"


def features_of_run(wildcards):
    run = run_of(wildcards)
    return f"stores/{run.benchmark}/{run.features}/store.json"


def frames_of_run(wildcards):
    """The store of frames below the run's features, for the pictures; nothing where they are made without."""
    run = run_of(wildcards)
    features = BENCHMARKS[run.benchmark].features
    name = run.features
    while name is not None and features[name].stage != "frames":
        name = features[name].source
    return [] if name is None else f"stores/{run.benchmark}/{name}/store.json"


def checkpoint_of_run(wildcards):
    """Nothing for a method that has no training."""
    return (
        []
        if run_of(wildcards).supervision == "none"
        else f"results/{wildcards.run}/checkpoint.safetensors"
    )


def run_arguments(wildcards):
    """The options that say which run of which method a command is about."""
    run = run_of(wildcards)
    drawn = [] if run.draw is None else ["--draw", str(run.draw)]
    return [
        "--method",
        run.method,
        "--split",
        run.split,
        *drawn,
        "--seed",
        str(run.seed),
    ]


def label_arguments(wildcards):
    """The options that name a run in its metrics."""
    run = run_of(wildcards)
    named = ["--benchmark", run.benchmark, "--features", run.features]
    return [
        *run_arguments(wildcards),
        *named,
        *(["--variant", run.variant] if run.variant else []),
    ]


def training_settings(wildcards):
    """The settings that the checkpoint of a run depends on: those that scoring alone reads are left out."""
    return json.dumps(run_of(wildcards).settings.training_identity(), sort_keys=True)


def training_texts(wildcards):
    """What of the texts the checkpoint of a run depends on; nothing for a method that reads none."""
    run = run_of(wildcards)
    texts = BENCHMARKS[run.benchmark].texts
    return (
        json.dumps(texts.training_identity(), sort_keys=True)
        if run.settings.USES_TEXTS
        else "{}"
    )


def method_settings(wildcards):
    """The settings that the scores of a run depend on."""
    return json.dumps(run_of(wildcards).settings.identity(), sort_keys=True)


def method_revision(wildcards):
    return run_of(wildcards).settings.REVISION


def method_texts(wildcards):
    """The texts that the scores of a run depend on; nothing for a method that reads none."""
    run = run_of(wildcards)
    texts = BENCHMARKS[run.benchmark].texts
    return (
        json.dumps(texts.identity(), sort_keys=True)
        if run.settings.USES_TEXTS
        else "{}"
    )


def method_queries(wildcards):
    """The texts a run finds regions with; nothing for one that does not localise."""
    run = run_of(wildcards)
    queries = BENCHMARKS[run.benchmark].queries
    return (
        json.dumps(queries.identity(), sort_keys=True)
        if run.settings.uses_queries
        else "{}"
    )


def evaluation_settings(wildcards):
    return json.dumps(
        BENCHMARKS[run_of(wildcards).benchmark].evaluation.identity(), sort_keys=True
    )


def length_table(wildcards):
    """The table of the evaluated lengths, where the settings name one."""
    lengths = BENCHMARKS[run_of(wildcards).benchmark].evaluation.length_rule
    return lengths if lengths.endswith((".csv", ".tsv")) else []


def metrics_of_benchmark(wildcards):
    return [
        f"{path}/metrics.json"
        for path, run in RUNS.items()
        if run.benchmark == wildcards.benchmark
    ]


def external_metrics_of_benchmark(wildcards):
    """What `vadbench evaluate --as` has kept: scores of other programs, which no rule makes."""
    return EXTERNAL[wildcards.benchmark]


def external_metrics_of_all(wildcards):
    return [path for paths in EXTERNAL.values() for path in paths]


def metrics_of_split(wildcards):
    wanted = wildcards.benchmark, wildcards.split
    return [
        f"{path}/metrics.json"
        for path, run in RUNS.items()
        if (run.benchmark, run.split) == wanted
    ]


def metrics_of_all(wildcards):
    return [f"{path}/metrics.json" for path in RUNS]


def features_of_all(wildcards):
    """The sets that some run reads; of decoded frames, which may be freed, the scores made of them instead."""
    made = {}
    for path, run in RUNS.items():
        stage = BENCHMARKS[run.benchmark].features[run.features].stage
        store = f"stores/{run.benchmark}/{run.features}/store.json"
        wanted = ancient(f"{path}/scores.h5") if stage == "frames" else store
        made.setdefault((run.benchmark, run.features), wanted)
    return list(made.values())


def cost_settings(wildcards):
    """By benchmark the sets and methods that run; no labels, seeds or settings that trained methods share."""
    costs = {
        name: CostSettings.of(settings).identity()
        for name, settings in BENCHMARKS.items()
    }
    return json.dumps(costs)


def overviews_of_splits(wildcards):
    splits = sorted({(run.benchmark, run.split) for run in RUNS.values()})
    return [f"results/{benchmark}/{split}/overview.png" for benchmark, split in splits]


def tables_of_benchmarks(wildcards):
    return [f"results/{benchmark}/tables.csv" for benchmark in BENCHMARKS]


def drawn_runs(wildcards):
    """Runs whose curves are drawn: the first seed (and the first draw) of each method."""
    first = {}
    for path, run in RUNS.items():
        first.setdefault(
            (run.benchmark, run.split, run.method, run.variant, run.features), path
        )
    return [f"{path}/curves" for path in first.values()]


def cores_for_extraction(wildcards):
    """All cores given: one extraction at a time, unless a profile says otherwise."""
    return workflow.resource_settings.cores or 1


def gpus(wildcards):
    """One, unless device is cpu, or auto on a host without an NVIDIA GPU (a login node: say device=cuda)."""
    device = RUN_SETTINGS.device
    return int(
        device.startswith("cuda")
        or (device == "auto" and shutil.which("nvidia-smi") is not None)
    )


def seconds_per_step(since):
    """Seconds that the jobs finished since a time took, by step; from Snakemake's benchmark files."""
    seconds = {}
    for path in Path("logs").rglob("*.time.tsv"):
        if path.stat().st_mtime < since:
            continue
        with path.open(newline="") as file:
            took = sum(float(row["s"]) for row in csv.DictReader(file, delimiter="\t"))
        step = re.sub(r"-\d{4}$", "", path.name.removesuffix(".time.tsv"))
        count, total = seconds.get(step, (0, 0.0))
        seconds[step] = count + 1, total + took
    return seconds


def print_budget():
    """Where the time went, step by step."""
    steps = seconds_per_step(STARTED)
    if steps:
        print(
            f"Seconds per step, summed over jobs ({time.time() - STARTED:.0f} s in all):"
        )
    for step, (jobs, total) in sorted(steps.items(), key=lambda item: -item[1][1]):
        print(f"  {step:<10} {total:8.1f} s in {jobs} jobs")


STARTED = time.time()
RUN_SETTINGS, BENCHMARKS = load_settings()
# As the report prints them; `--config benchmarks=ped2` is a text.
config["benchmarks"] = list(BENCHMARKS)
check_set_names()
FETCHED = fetched_weights()
RUNS = {
    run.path: run
    for name, settings in BENCHMARKS.items()
    for run in expand_runs(name, settings)
}
EXTERNAL = {
    name: sorted(map(str, Path("results", name, "external").glob("*/metrics.json")))
    for name in BENCHMARKS
}

if workflow.is_main_process:
    update_indexes()
