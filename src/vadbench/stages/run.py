"""Running a stage by its settings."""

from pathlib import Path
from typing import Literal

from vadbench.config import ClipSettings, FeatureSet, FramesSettings
from vadbench.errors import VadbenchError


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
) -> None:
    """Run one stage on one shard; killed at any moment and run again, it goes on where it stopped.

    Args:
        settings: they say which stage. videos: list of the shard's videos,
        `stores/<benchmark>/videos/<shard>.json`. reads: part of the set that the stage reads, for stages
        that read one. data_root: folder that the paths in the list are relative to. out: the part to write.
        threads: at most so many, and never more than the CPUs this process may use. device: "auto", "cpu",
        "cuda" or "cuda:1". on_bad_video: what a video that cannot be read does: end the run, or be left out
        and named in the part.

    Raises:
        VadbenchError: for what the user can mend; see the stages.
    """
    match settings:
        case FramesSettings():
            from vadbench.datasets import load_videos
            from vadbench.stages.frames import run_frames

            run_frames(load_videos(videos), settings, data_root, out, threads, on_bad_video)
        case ClipSettings():
            if reads is None:
                raise VadbenchError(
                    f"stage clip needs --reads, the part of {settings.reads!r} for the same shard"
                )
            # torch and open_clip take seconds to import.
            from vadbench.stages.clip import run_clip

            run_clip(settings, reads, out, threads, device)
