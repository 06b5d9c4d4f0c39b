"""What a part or a set holds, as text."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vadbench.errors import VadbenchError
from vadbench.store.layout import Header, to_json
from vadbench.store.linking import read_index
from vadbench.store.part import Part
from vadbench.store.store import Store

_VIDEOS_SHOWN = 10


def inspect(path: Path) -> str:
    """Describe a part, or the folder of a linked set, in a few lines.

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
    yield from _header_lines(part.header)
    yield f"digest    {part.digest}"
    yield from _array_lines(part.header, part.lengths())
    yield from _video_lines(part)


def _set_lines(folder: Path) -> Iterator[str]:
    with Store.open(folder) as store, Part.open(folder / read_index(folder)[0].file) as first:
        linked = read_index(folder)
        yield f"{folder}: {len(linked)} parts"
        yield from _header_lines(first.header)
        lengths: dict[str, int] = {}
        for entry in linked:
            with Part.open(folder / entry.file) as part:
                for name, rows in part.lengths().items():
                    lengths[name] = lengths.get(name, 0) + rows
        yield from _array_lines(first.header, lengths)
        yield from _table(
            ["part", "videos", "rows", "digest"],
            [[entry.file, f"{entry.videos:,}", f"{entry.rows:,}", entry.digest[:16]] for entry in linked],
        )
        yield from _video_lines(store)


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


def _video_lines(source: Part | Store) -> Iterator[str]:
    videos = source.videos
    rows = sum(source.row_count(id) for id in videos)
    frames = sum(source.frame_count(id) for id in videos)
    yield f"videos    {len(videos):,}, {rows:,} rows of {frames:,} frames, {len(source.skipped)} skipped"
    shown = [
        [f"  {id}", f"{source.row_count(id):,} rows", f"{source.frame_count(id):,} frames"]
        for id in videos[:_VIDEOS_SHOWN]
    ]
    yield from _table(None, shown)
    if len(videos) > _VIDEOS_SHOWN:
        yield f"  and {len(videos) - _VIDEOS_SHOWN:,} more"
    for id, reason in source.skipped.items():
        yield f"skipped   {id}: {reason}"


def _table(head: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    lines = [head, *rows] if head else rows
    if lines:
        widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
        for line in lines:
            yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
