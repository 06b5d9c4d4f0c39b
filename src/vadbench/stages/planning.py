"""What extraction will cost: rows and bytes of every feature set, and hours from a short probe."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from vadbench.config import (
    FeatureSet,
    FramesSettings,
    HistogramsSettings,
    ImageTowerSettings,
    MotionSettings,
    RegionsSettings,
)
from vadbench.datasets import Annotations, VideoEntry
from vadbench.errors import VadbenchError
from vadbench.stages.probes import (
    FramesProbe,
    MotionProbe,
    Probe,
    RegionsProbe,
    probe_embedding,
    probe_frames,
    probe_histograms,
    probe_motion,
    probe_regions,
)
from vadbench.video import probe

_PLANNED = (FramesSettings, ImageTowerSettings, RegionsSettings, MotionSettings, HistogramsSettings)


@dataclass(frozen=True)
class SetPlan:
    """The cost of one feature set of a benchmark.

    `rows` rests on headers and published counts, which are close enough for a plan and for nothing else.
    What is not known is None, as `bytes` and `seconds` are where nothing could be tried; `note` says why.
    """

    name: str
    rows: int | None
    bytes: float | None
    seconds: float | None
    note: str = ""


def plan_sets(
    features: Mapping[str, FeatureSet],
    entries: Sequence[VideoEntry],
    annotations: Annotations,
    data_root: Path,
    tested: Collection[str],
    *,
    draws: Collection[int] = (),
    device: str = "auto",
    threads: int = 1,
    seconds: float = 10.0,
) -> list[SetPlan]:
    """Plan the sets of a benchmark. Tries decoding and each model for `seconds` in all, on its first videos.

    `tested`: the videos that a split tests, of which some sets keep more; `draws`: those that run, of splits
    that are drawn.
    Videos that are not there yet, as the demo's before they are rendered, leave `seconds` and `bytes` open.
    Those that cannot be read are left out, and the notes of the sets that decode say so.
    """
    frames, bad = _known_frames(entries, annotations, data_root)
    of_split = {
        split: annotations.split_videos(split, draws)
        for split in {settings.split for settings in features.values()}
        if split is not None
    }
    plans = _Plans(
        features,
        {
            name: frames
            if settings.split is None
            else {id: frames[id] for id in frames if id in of_split[settings.split]}
            for name, settings in features.items()
        },
        bad,
        _Trying(
            [data_root / entry.path for entry in entries], tested, device, threads, seconds / len(features)
        ),
    )
    # What is read is tried first.
    order = sorted(features, key=lambda name: {"frames": 0, "histograms": 2}.get(features[name].stage, 1))
    return [plans.plan(name) for name in order]


@dataclass(frozen=True)
class _Trying:
    """What every set is tried with."""

    paths: Sequence[Path]
    tested: Collection[str]
    device: str
    threads: int
    seconds: float


class _Plans:
    """Plans of sets; a set needs those that it reads planned before.

    Args:
        features: settings of all sets.
        frames: by set the frames of each of its videos.
        bad: a note on videos that cannot be read.
        trying: how sets are tried.
    """

    def __init__(
        self,
        features: Mapping[str, FeatureSet],
        frames: Mapping[str, Mapping[str, int]],
        bad: str,
        trying: _Trying,
    ) -> None:
        self._features, self._frames, self._bad, self._trying = features, frames, bad, trying
        self._probes: dict[str, Probe | None] = {}

    def plan(self, name: str) -> SetPlan:
        """Try a set."""
        settings = self._features[name]
        if not isinstance(settings, _PLANNED):
            return SetPlan(name, None, None, None, f"the stage {settings.stage} has no plan")
        rows = sum(self._rows(name).values())
        if not rows:
            return SetPlan(name, 0, 0.0, 0.0, self._bad or "no videos")
        note = "" if settings.sources else self._bad
        try:
            found = self._probes[name] = self._probe(name, settings)
        except VadbenchError as error:
            return SetPlan(name, rows, None, None, str(error))
        if isinstance(settings, MotionSettings) and settings.keep == "none":
            return SetPlan(name, 0, 0.0, 0.0, "keep is none: made by what reads it")
        if found is None:
            return SetPlan(name, rows, None, None, note or "no video to try yet")
        return SetPlan(name, rows, rows * found.bytes, rows * found.seconds, note)

    def _rows(self, name: str) -> Mapping[str, int]:
        """Rows of each video of a set."""
        settings, frames = self._features[name], self._frames[name]
        if settings.source is None:
            stride = settings.stride if isinstance(settings, FramesSettings) else 1
            return {id: ceil(count / stride) for id, count in frames.items()}
        every = settings.every if isinstance(settings, ImageTowerSettings | RegionsSettings) else 1
        return {id: ceil(rows / every) for id, rows in self._rows(settings.source).items() if id in frames}

    def _probe(self, name: str, settings: FeatureSet) -> Probe | None:
        """Try a set; None where there is no video to try."""
        trying = self._trying
        if isinstance(settings, FramesSettings):
            return probe_frames(settings, trying.paths, trying.threads, trying.seconds)
        if isinstance(settings, MotionSettings):
            return probe_motion(settings, trying.paths, trying.threads, trying.seconds)
        read = [self._of_source(source) for source in settings.sources]
        if isinstance(settings, HistogramsSettings):
            return self._probe_histograms(name, settings, *read)
        (frames,) = read
        if not isinstance(frames, FramesProbe):
            return None
        if isinstance(settings, RegionsSettings):
            return probe_regions(settings, frames, trying.device, trying.seconds)
        assert isinstance(settings, ImageTowerSettings)
        return probe_embedding(
            settings, self._rows(name), trying.tested, frames, trying.device, trying.seconds
        )

    def _probe_histograms(
        self, name: str, settings: HistogramsSettings, regions: Probe | None, motion: Probe | None
    ) -> Probe | None:
        if not isinstance(regions, RegionsProbe) or not isinstance(motion, MotionProbe):
            return None
        found = probe_histograms(settings, regions, motion, self._trying.seconds)
        source = self._features[settings.motion]
        assert isinstance(source, MotionSettings)
        if source.keep == "all":
            return found
        frames, rows = (sum(each.values()) for each in (self._frames[name], self._rows(name)))
        return replace(found, seconds=found.seconds + motion.seconds * frames / rows)

    def _of_source(self, name: str) -> Probe | None:
        """What the probe of a set saw. Raises VadbenchError where it failed."""
        if name not in self._probes:
            raise VadbenchError(f"{name} could not be tried, which it reads")
        return self._probes[name]


def _known_frames(
    entries: Sequence[VideoEntry], annotations: Annotations, data_root: Path
) -> tuple[dict[str, int], str]:
    """Frames of each video by its annotation or, failing that, its header; and a note on bad videos."""
    frames: dict[str, int] = {}
    bad: list[str] = []
    for entry in entries:
        known = annotations.videos[entry.id].frames
        try:
            frames[entry.id] = known if known is not None else probe(data_root / entry.path).frames
        except VadbenchError as error:
            bad.append(str(error))
    return frames, f"without {len(bad)} bad videos, the first is {bad[0]}" if bad else ""
