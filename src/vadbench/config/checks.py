"""What must hold between the settings of a benchmark, beyond each value by itself."""

from collections.abc import Iterator
from typing import get_args

from vadbench.config.allowed import nearest
from vadbench.config.benchmark import BenchmarkSettings, MethodEntry
from vadbench.config.clip import ClipSettings, crop_names
from vadbench.config.data import FolderData
from vadbench.config.histograms import HistogramsSettings
from vadbench.config.methods import TrainedSettings, VadClipSettings
from vadbench.config.problems import NOTHING, Problem
from vadbench.config.runs import expand_runs, splits_of
from vadbench.config.stage import StageSettings
from vadbench.config.windows import Keep, WindowsSettings
from vadbench.config.yaml_text import Keys

RESERVED_SETS = ("videos", "rendered", "annotations.json", "masks.json")
"""What stands in `stores/<benchmark>/` beside the feature sets."""


def problems(benchmark: str, settings: BenchmarkSettings) -> Iterator[Problem]:
    """Everything that does not fit together."""
    yield from _splits(settings)
    yield from _sets(settings)
    for number, entry in enumerate(settings.methods):
        yield from _entry(number, entry, settings)
    yield from _same_runs(benchmark, settings)
    yield from _no_run(benchmark, settings)


def _splits(settings: BenchmarkSettings) -> Iterator[Problem]:
    offered = settings.data.SPLITS
    for number, split in enumerate(settings.splits):
        if split not in offered:
            text = f"the data set {settings.data.kind} has no split {split}; allowed: {', '.join(offered)}"
            yield Problem(("splits", number), text, nearest(split, offered) or NOTHING)
        elif isinstance(settings.data, FolderData) and not settings.data.labels and offered[split] != "none":
            text = f"the split {split} needs labels: name a CSV file in data.labels, or list the split all"
            yield Problem(("splits", number), text, "all")
        most = settings.data.DRAWS.get(split)
        for place, draw in enumerate(settings.draws):
            if most is not None and draw >= most:
                yield Problem(("draws", place), f"the split {split} has draws 0 to {most - 1}", most - 1)


def _sets(settings: BenchmarkSettings) -> Iterator[Problem]:
    for name, features in settings.features.items():
        if name in RESERVED_SETS:
            text = "the name is taken by something else in the store; another name is needed"
            yield Problem(("features", name), text)
        if features.source is not None and features.READS_STAGE is not None:
            keys = ("features", name, "reads")
            yield from _reads(keys, features.source, features.READS_STAGE, settings)
        if isinstance(features, HistogramsSettings):
            yield from _reads(("features", name, "motion"), features.motion, "motion", settings)
        yield from _split_of_set(name, features, settings)


def _split_of_set(name: str, features: StageSettings, settings: BenchmarkSettings) -> Iterator[Problem]:
    """A set is made for a split that there is, from sets that hold its videos."""
    offered = settings.data.SPLITS
    if features.split is not None and features.split not in offered:
        text = (
            f"the data set {settings.data.kind} has no split {features.split}; allowed: {', '.join(offered)}"
        )
        yield Problem(("features", name, "split"), text, nearest(features.split, offered) or NOTHING)
    for read in features.sources:
        source = settings.features.get(read)
        if source is not None and source.split not in (None, features.split):
            text = f"the set {read}, which it reads, is made for the split {source.split} alone"
            yield Problem(("features", name, "split"), text, source.split)


def _entry(number: int, entry: MethodEntry, settings: BenchmarkSettings) -> Iterator[Problem]:
    method = entry.settings
    keys: Keys = ("methods", number, entry.name)
    yield from _reads((*keys, "reads"), method.reads, method.READS_STAGE, settings)
    yield from _kept(entry, settings)
    if isinstance(method, VadClipSettings):
        yield from _crop(keys, method, settings)
    for place, split in enumerate(method.splits or ()):
        if split not in splits_of(settings, entry):
            free = entry.model_copy(update={"settings": method.model_copy(update={"splits": None})})
            fits = splits_of(settings, free)
            text = (
                f"{entry.name} cannot run on {split}; of the benchmark's splits, these offer the supervision "
                f"it takes ({method.SUPERVISION}) and the features it reads: {', '.join(fits) or 'none'}"
            )
            yield Problem((*keys, "splits", place), text, fits[0] if fits else NOTHING)
    if isinstance(method, TrainedSettings) and method.selection == "best_on_test" and not method.variant:
        text = (
            "selection: best_on_test picks the checkpoint on the test videos; a label keeps its figures apart"
        )
        yield Problem((*keys, "variant"), text, "best-on-test")


def _reads(keys: Keys, reads: str, stage: str, settings: BenchmarkSettings) -> Iterator[Problem]:
    """The set that is read must exist and be made by the right stage."""
    fits = [name for name, features in settings.features.items() if features.stage == stage]
    if reads in fits:
        return
    known = settings.features.get(reads)
    why = f"comes from the stage {known.stage}" if known else "does not exist"
    text = (
        f"the set {reads} {why}; sets of the stage {stage}: {', '.join(fits) or 'none, add one to features'}"
    )
    near = nearest(reads, fits) or next(iter(fits), None)
    yield Problem(keys, text, NOTHING if near is None else near)


def _kept(entry: MethodEntry, settings: BenchmarkSettings) -> Iterator[Problem]:
    """The windows that are read must be kept: else features would be made and trained on for nothing."""
    method = entry.settings
    features = settings.features.get(method.reads)
    if not isinstance(features, WindowsSettings):
        return
    more = get_args(Keep)[get_args(Keep).index(method.windows_read) :]
    if features.keep not in more:
        text = f"{entry.name} reads windows that are not kept; allowed: {', '.join(more)}"
        yield Problem(("features", method.reads, "keep"), text, more[0])


def _crop(keys: Keys, method: VadClipSettings, settings: BenchmarkSettings) -> Iterator[Problem]:
    """The set that is read must have the crop that is scored: else a training would be for nothing."""
    features = settings.features.get(method.reads)
    if features is None:
        return  # said by the check of what is read
    crops = features.crops if isinstance(features, ClipSettings) else 1
    allowed = (*crop_names(crops), "mean")
    if method.test_crop not in allowed:
        text = f"the set {method.reads} has no crop {method.test_crop}; allowed: {', '.join(allowed)}"
        yield Problem((*keys, "test_crop"), text, nearest(method.test_crop, allowed) or allowed[0])


def _same_runs(benchmark: str, settings: BenchmarkSettings) -> Iterator[Problem]:
    """Two entries must not stand for one run."""
    owners: dict[str, int] = {}
    for number, entry in enumerate(settings.methods):
        alone = settings.model_copy(update={"methods": (entry,)})
        for run in expand_runs(benchmark, alone):
            first = owners.setdefault(run.path, number)
            if first != number:
                text = (
                    f"{entry.name} in methods[{first}] and in methods[{number}] are the same run, {run.path};"
                    " tell them apart by a variant"
                )
                value = {entry.name: {**_given(entry), "variant": f"v{number}"}}
                yield Problem(("methods", number), text, value)
                break


def _no_run(benchmark: str, settings: BenchmarkSettings) -> Iterator[Problem]:
    """A table needs a line. Where an entry narrows its splits, `_entry` says what is wrong."""
    narrowed = any(entry.settings.splits is not None for entry in settings.methods)
    if narrowed or expand_runs(benchmark, settings):
        return
    takes = ", ".join(f"{entry.name} ({_needs(entry, settings)})" for entry in settings.methods)
    text = (
        f"none of them runs on the splits listed ({', '.join(settings.splits)}); each needs one that offers "
        f"the supervision it takes: {takes}"
    )
    yield Problem(("methods",), text)


def _needs(entry: MethodEntry, settings: BenchmarkSettings) -> str:
    """The supervision an entry takes, and the split that its set is made for."""
    features = settings.features.get(entry.settings.reads)
    made = (
        f"; its set {entry.settings.reads} is made for {features.split}"
        if features and features.split
        else ""
    )
    return f"{entry.settings.SUPERVISION}{made}"


def _given(entry: MethodEntry) -> dict[str, object]:
    """The settings that an entry states itself."""
    return entry.settings.model_dump(mode="json", exclude_unset=True, exclude={"method"})
