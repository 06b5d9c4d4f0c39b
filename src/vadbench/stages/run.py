"""Running a stage by its settings."""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vadbench.config import FeatureSet, MotionSettings
from vadbench.stages.protocol import StageInputs

if TYPE_CHECKING:
    from vadbench.models.counting import Network


def run_stage(
    settings: FeatureSet,
    *,
    videos: Path,
    reads: Path | None = None,
    data_root: Path,
    out: Path,
    threads: int = 1,
    device: str = "auto",
    on_bad_video: Literal["fail", "skip"] = "fail",
    test_videos: Collection[str] | None = None,
    motion: Path | MotionSettings | None = None,
) -> None:
    """Run one stage on one shard; killed at any moment and run again, it goes on where it stopped.

    Args:
        settings: they say which stage; the module of its name runs.
        videos: list of the shard's videos, `stores/<benchmark>/videos/<shard>.json`.
        reads: part of the set that the stage reads, for stages that read one.
        data_root: folder that the paths in the list are relative to.
        out: the part to write.
        threads: at most so many, and never more than the CPUs this process may use.
        device: "auto", "cpu", "cuda" or "cuda:1".
        on_bad_video: what a video that cannot be read does: end the run, or be left out and named.
        test_videos: ids of the shard's videos that are tested, for stages that keep more of these.
        motion: for stages that also read motion: its part, or the settings to make it anew with.

    Raises:
        VadbenchError: for what the user can mend; see the stages.
    """
    inputs = StageInputs(
        settings=settings,
        videos=videos,
        reads=reads,
        data_root=data_root,
        out=out,
        threads=threads,
        device=device,
        on_bad_video=on_bad_video,
        test_videos=test_videos,
        motion=motion,
    )
    # Only the module that is run: of others, torch alone would take seconds to import.
    import_module(f"vadbench.stages.{settings.stage}").run(inputs)


def stage_network(settings: FeatureSet) -> "Network | None":
    """What a stage runs for a frame, to be counted; None for one that does not say, or has no model.

    Raises:
        VadbenchError: settings that do not fit their model.
    """
    find = getattr(import_module(f"vadbench.stages.{settings.stage}"), "network", None)
    found: Network | None = None if find is None else find(settings)
    return found
