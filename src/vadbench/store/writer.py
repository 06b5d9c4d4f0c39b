"""Writing a part: claim, resume, assembly."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vadbench.errors import VadbenchError
from vadbench.store.assembly import assemble
from vadbench.store.claim import Claim
from vadbench.store.files import check_space, publish, unique_name
from vadbench.store.hdf5 import DAMAGE_ERRORS, open_file
from vadbench.store.layout import ArraySpec, Header
from vadbench.store.work import VideoWriter, WorkFolder


class PartWriter:
    """Writes one part; killed at any moment and run again, it continues after the last finished video.

    A context manager: entering takes the claim (it waits, or raises VadbenchError where another process is
    writing), leaving gives it up. The part appears under its name in `complete` only; until then finished
    videos are kept beside it and found again by the next writer with the same header and videos.

    >>> specs = {"embedding": ArraySpec("float16", (512,))}
    >>> header = dict(stage="clip", settings={}, revision=1, arrays=specs)
    >>> with PartWriter(path, videos=["a", "b"], **header) as writer:
    ...     for id in writer.videos[writer.finished:]:
    ...         with writer.video(id) as video:
    ...             video.append(frame=[0, 4], time=[0.0, 0.16], embedding=np.zeros((2, 512)))
    ...             video.finish(frames=8)
    ...     writer.complete()

    Args:
        path: the part, as `stores/demo/clip/part-0003.h5`; its folder is made.
        stage: name of the stage, or "scores".
        settings: settings the arrays depend on (`identity()` of the settings), JSON values.
        revision: the stage's integer REVISION.
        videos: ids of the shard's videos in order; none is valid.
        arrays: type of each per-row array.
        ragged: type of each array of each second-level group, as `{"jpeg": {"bytes": ArraySpec("uint8")}}`.
        videos_digest: digest of the shard's list of videos.
        weights: sha256 of the weights used, by name.
        attributes: anything else a reader needs to know, JSON values.

    Attributes:
        videos: the ids.
        finished: how many leading videos an earlier run finished; 0 before entering.
        finished_rows: their rows together: the global number of the next row.
    """

    def __init__(
        self,
        path: Path,
        *,
        stage: str,
        settings: Mapping[str, object],
        revision: int,
        videos: Sequence[str],
        arrays: Mapping[str, ArraySpec] | None = None,
        ragged: Mapping[str, Mapping[str, ArraySpec]] | None = None,
        videos_digest: str = "",
        weights: Mapping[str, str] | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> None:
        self.path = Path(path)
        self.videos = tuple(videos)
        if len(set(self.videos)) != len(self.videos):
            raise VadbenchError(f"{path}: two videos of the shard have the same id")
        self._positions = {id: position for position, id in enumerate(self.videos)}
        self._header = Header(
            stage=stage,
            settings=settings,
            revision=revision,
            arrays=arrays or {},
            groups=ragged or {},
            weights=weights or {},
            videos_digest=videos_digest,
            attributes=attributes or {},
        )
        self._claim = Claim(self.path.with_name(f".{self.path.name}.claim"))
        self._work = WorkFolder(self.path, self._header, self.videos)
        self.finished = 0
        self.finished_rows = 0

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._claim.acquire()
        try:
            # Whoever left these is gone, or has lost its claim and will stop before it renames them.
            for leftover in self.path.parent.glob(f"{self.path.name}.*.tmp"):
                leftover.unlink()
            self.finished, self.finished_rows = self._count(self._work.prepare())
        except BaseException:
            self._claim.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._claim.release()

    def video(self, id: str) -> VideoWriter:
        """The writer of one video's rows; several may be open at once. A finished one is replaced."""
        return VideoWriter(self._work.file(self._positions[id]), id, self._header, self._claim.check)

    def skip(self, id: str, reason: str) -> None:
        """Record a video that cannot be read: no rows, no frames, and the reason in one line."""
        with self.video(id) as video:
            video.skip(reason)

    def complete(self) -> None:
        """Assemble the part from its finished videos and give it its name.

        Raises:
            VadbenchError: if the claim was lost, or a finished video was damaged on the disk since (it is
                then thrown away, so that the next run makes it again).
            ValueError: if a video is not finished.
        """
        files = [self._work.file(position) for position in range(len(self.videos))]
        missing = [id for id, file in zip(self.videos, files, strict=True) if not file.exists()]
        if missing:
            raise ValueError(f"{self.path}: not finished: {', '.join(missing)}")
        temporary = unique_name(self.path)
        try:
            check_space(self.path.parent, sum(file.stat().st_size for file in files))
            assemble(temporary, self._header, self.videos, files)
            self._claim.check()
            publish(temporary, self.path)
        except OSError as error:
            raise VadbenchError(f"{self.path}: cannot be written: {error}") from error
        finally:
            temporary.unlink(missing_ok=True)
        self._work.remove()

    def _count(self, finished: int) -> tuple[int, int]:
        """Leading videos that can be opened, and their rows; one that cannot is made again."""
        rows = 0
        for position in range(finished):
            try:
                with open_file(self._work.file(position)) as file:
                    rows += len(file["rows/frame"])
            except DAMAGE_ERRORS:
                self._work.file(position).unlink()
                return position, rows
        return finished, rows
