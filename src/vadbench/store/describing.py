"""What a part or a set holds, as text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from vadbench.errors import VadbenchError
from vadbench.store.layout import Header, to_json
from vadbench.store.linking import read_index, unlinked_parts
from vadbench.store.part import Part
from vadbench.store.store import Store

_VIDEOS_SHOWN = 10


@dataclass(frozen=True)
class _Content:
    """What is told of a part: rows and frames by video, rows by array."""

    file: str
    header: Header
    digest: str
    lengths: Mapping[str, int]
    videos: Mapping[str, tuple[int, int]]
    skipped: Mapping[str, str]

    @property
    def rows(self) -> int:
        return self.lengths["rows/frame"]

    @classmethod
    def of(cls, part: Part) -> Self:
        videos = {id: (part.row_count(id), part.frame_count(id)) for id in part.videos}
        return cls(part.path.name, part.header, part.digest, part.lengths(), videos, part.skipped)


def inspect(path: Path) -> str:
    """Describe a part, or the folder of a set, linked or not, in a few lines.

    Raises:
        VadbenchError: if there is neither at `path`, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        return "\n".join(_set_lines(path))
    if not path.exists():
        raise VadbenchError(f"{path}: neither a part nor the folder of a set")
    with Part.open(path) as part:
        return "\n".join(_part_lines(part))


def _part_lines(part: Part) -> Iterator[str]:
    yield f"{part.path}: {part.path.stat().st_size / 1e6:,.1f} MB"
    content = _Content.of(part)
    yield from _header_lines(content.header)
    yield f"digest    {content.digest}"
    yield from _array_lines(content.header, content.lengths)
    yield from _video_lines([content])


def _set_lines(folder: Path) -> Iterator[str]:
    files = unlinked_parts(folder)
    yield f"{folder}: {len(files or read_index(folder))} parts{', not linked' if files else ''}"
    if not files:
        files = tuple(folder / entry.file for entry in read_index(folder))
        with Store.open(folder):  # sees that the parts are those that were linked
            pass
    contents = []
    for file in files:
        with Part.open(file) as part:
            contents.append(_Content.of(part))
    for content in contents:
        if content.header.specs() != contents[0].header.specs():
            raise VadbenchError(
                f"{folder}: {content.file} has other arrays than {contents[0].file}; inspect each by itself"
            )
    yield from _header_lines(contents[0].header)
    lengths = {name: sum(content.lengths[name] for content in contents) for name in contents[0].lengths}
    yield from _array_lines(contents[0].header, lengths)
    yield from _table(
        ["part", "videos", "rows", "digest"],
        [
            [content.file, f"{len(content.videos):,}", f"{content.rows:,}", content.digest[:16]]
            for content in contents
        ],
    )
    yield from _video_lines(contents)


def _header_lines(header: Header) -> Iterator[str]:
    yield f"stage     {header.stage}, revision {header.revision}"
    yield f"settings  {to_json(header.settings)}"
    for name, digest in sorted(header.weights.items()):
        yield f"weights   {name}, sha256 {digest[:16] or 'unknown'}"
    if header.attributes:
        yield f"noted     {to_json(header.attributes)}"


def _array_lines(header: Header, lengths: Mapping[str, int]) -> Iterator[str]:
    rows = []
    for name, spec in header.specs().items():
        shape = " x ".join([f"{lengths[name]:,}", *(str(size) for size in spec.shape)])
        size = lengths[name] * spec.row_bytes / 1e6
        rows.append([name, spec.dtype, shape, f"{size:,.1f}", spec.units])
    yield from _table(["array", "type", "shape", "MB", "units"], rows)


def _video_lines(contents: Sequence[_Content]) -> Iterator[str]:
    videos = {id: counts for content in contents for id, counts in content.videos.items()}
    skipped = {id: reason for content in contents for id, reason in content.skipped.items()}
    rows, frames = (sum(counts[place] for counts in videos.values()) for place in (0, 1))
    yield f"videos    {len(videos):,}, {rows:,} rows of {frames:,} frames, {len(skipped)} skipped"
    shown = islice(videos.items(), _VIDEOS_SHOWN)
    yield from _table(
        None, [[f"  {id}", f"{rows:,} rows", f"{frames:,} frames"] for id, (rows, frames) in shown]
    )
    if len(videos) > _VIDEOS_SHOWN:
        yield f"  and {len(videos) - _VIDEOS_SHOWN:,} more"
    for id, reason in skipped.items():
        yield f"skipped   {id}: {reason}"


def _table(head: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [head, *rows] if head else rows
    if lines:
        widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
        for line in lines:
            yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
