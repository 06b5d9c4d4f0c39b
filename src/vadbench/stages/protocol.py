"""What every stage offers: a module of its name with `run`, which makes one part of `StageInputs`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from vadbench.config import MotionSettings, StageSettings
from vadbench.datasets import load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.store import ArraySpec, Part, PartWriter

S = TypeVar("S", bound=StageSettings)


@dataclass(frozen=True, kw_only=True)
class StageInputs(Generic[S]):
    """What a stage is given, for one shard; `run_stage` says what each means."""

    settings: S
    videos: Path
    reads: Path | None
    data_root: Path
    out: Path
    threads: int
    device: str
    on_bad_video: Literal["fail", "skip"]
    test_videos: Collection[str] | None = None
    motion: Path | MotionSettings | None = None

    def open_source(self) -> Part:
        """Open the part that the stage reads; of a set for one split, with the videos of the list alone.

        Raises:
            VadbenchError: where none is given, for one that is missing, damaged or of another stage, and for
                one that lacks a listed video.
        """
        if self.reads is None:
            raise VadbenchError(
                f"stage {self.settings.stage} needs --reads, the part of {self.settings.source!r} for the "
                "same shard"
            )
        return self.open_part(self.reads, str(self.settings.READS_STAGE))

    def open_part(self, path: Path, wanted: str) -> Part:
        """Open a part of the stage `wanted`, like `open_source`."""
        part = Part.open(path)
        if part.stage != wanted:
            part.close()
            raise VadbenchError(
                f"{path}: a part of {part.stage!r}, but {self.settings.stage} reads parts of {wanted!r}"
            )
        if self.settings.split is not None:
            listed = load_videos(self.videos)
            try:
                part.select([video.id for video in listed], videos_digest(listed))
            except VadbenchError:
                part.close()
                raise
        return part


def derived_writer(
    settings: StageSettings,
    source: Part,
    out: Path,
    *,
    arrays: Mapping[str, ArraySpec],
    ragged: Mapping[str, Mapping[str, ArraySpec]] | None = None,
    weights: Mapping[str, str] | None = None,
    attributes: Mapping[str, object] | None = None,
) -> PartWriter:
    """The writer of a part that is made from a part of another set: of the same videos, and saying of what.

    Videos that the source skipped are to be skipped here too. The source's weights are this part's too.
    """
    return PartWriter(
        out,
        stage=settings.stage,
        settings=settings.identity(),
        revision=settings.REVISION,
        videos=source.videos,
        arrays=arrays,
        ragged=ragged,
        videos_digest=source.videos_digest,
        weights={**source.weights, **(weights or {})},
        attributes={
            **(attributes or {}),
            # Finished videos of an interrupted run may be kept only if what is read is still the same.
            "reads_digest": source.digest,
            # So that the same features can be made of another video without the set that was read.
            "reads": _described(source),
        },
    )


def _described(source: Part) -> dict[str, object]:
    """What a part is; where it was made of another and with weights, of which and with which."""
    weights = {"weights": dict(source.weights)} if source.weights else {}
    below = {"reads": source.attributes["reads"]} if "reads" in source.attributes else {}
    settings = dict(source.settings)
    return {"stage": source.stage, "settings": settings, "revision": source.revision, **weights, **below}
