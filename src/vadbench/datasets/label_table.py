"""The table of labels of a folder of videos; its columns are described in `folder`."""

import csv
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vadbench.config import NORMAL
from vadbench.datasets.dataset import union
from vadbench.errors import VadbenchError

PARTS = ("train", "test")
REQUIRED = ("path", "part", "class")
COLUMNS = (*REQUIRED, "start", "end")

_FRAME = re.compile(r"[0-9]{1,9}")


@dataclass
class LabelledVideo:
    """What the lines of one video say together."""

    part: str
    classes: set[str] = field(default_factory=set)
    """Abnormal classes; empty: the video is normal."""
    segments: list[tuple[str, int, int]] = field(default_factory=list)
    """Class, first frame, first frame after; half-open."""
    timed: bool = True
    """Whether the frames are labelled, not only the video."""

    @property
    def intervals(self) -> tuple[tuple[int, int], ...] | None:
        """Abnormal frames; None where only the video is labelled."""
        return union((start, end) for _, start, end in self.segments) if self.timed else None


def read_labels(path: Path, ids: Sequence[str]) -> dict[str, LabelledVideo]:
    """Labels by video id. `ids` are the videos that exist.

    Raises VadbenchError, naming file and line, for a line that is damaged, contradicts one before it or names
    a video that does not exist.
    """
    labels: dict[str, LabelledVideo] = {}
    seen: dict[tuple[str, ...], int] = {}
    known = set(ids)
    for number, row in _rows(path):
        try:
            if row["path"] not in known:
                raise ValueError(f"there is no video {row['path']!r}{_nearest(row['path'], ids)}")
            key = tuple(row.values())
            if key in seen:
                raise ValueError(f"repeats line {seen[key]}")
            seen[key] = number
            _add(labels, row)
        except ValueError as error:
            raise VadbenchError(f"{path}, line {number}: {error}") from None
    if not labels:
        raise VadbenchError(f"{path}: holds no labels below its first line")
    return labels


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of each line below the first; blank lines are passed over."""
    number = 1  # of the line that the next cells begin on
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns: list[str] | None = None
            for row in reader:
                cells = [cell.strip() for cell in row]
                if columns is None and any(cells):
                    columns = _checked_header(cells)
                elif columns is not None and any(cells):
                    if len(cells) != len(columns):
                        raise ValueError(
                            f"has {len(cells)} cells, the first line names {len(columns)} columns"
                        )
                    yield number, dict(zip(columns, cells, strict=True))
                number = reader.line_num + 1
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; check data.labels") from error
    except UnicodeDecodeError:
        raise VadbenchError(f"{path}, line {number} or below: is not UTF-8 text; save it as UTF-8") from None
    except (csv.Error, ValueError) as error:
        raise VadbenchError(f"{path}, line {number}: {error}") from None


def _checked_header(cells: list[str]) -> list[str]:
    columns = [cell.lower() for cell in cells]
    missing = [name for name in REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    if missing or unknown or len(set(columns)) < len(columns) or ("start" in columns) != ("end" in columns):
        raise ValueError(f"names the columns {', '.join(cells)}; they are {', '.join(COLUMNS)}")
    return columns


def _add(labels: dict[str, LabelledVideo], row: Mapping[str, str]) -> None:
    """Add one line. Raises ValueError for one that is damaged or contradicts those before it."""
    part, name = row["part"], row["class"]
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; it is train or test")
    if not name:
        raise ValueError("class is empty; it is normal, or the class of the anomaly")
    if name != NORMAL and name.casefold() == NORMAL:
        raise ValueError(f"class is {name!r}, which would be an anomaly; write {NORMAL}")
    segment = _frames(row.get("start", ""), row.get("end", ""))
    is_new = row["path"] not in labels
    video = labels.setdefault(row["path"], LabelledVideo(part))
    if video.part != part:
        raise ValueError(f"part is {part}, an earlier line of the video has {video.part}")
    if name == NORMAL:
        if segment:
            raise ValueError("start and end are given for a normal video; they belong to anomalies")
        if not is_new:
            raise ValueError("class is normal, but the video has an earlier line; a normal video has one")
        return
    if not is_new and not video.classes:
        raise ValueError(f"class is {name}, but an earlier line says that the video is normal")
    if not is_new and video.timed != bool(segment):
        raise ValueError("start and end stand in some lines of the video only; give them in all or none")
    video.timed = segment is not None
    video.classes.add(name)
    if segment:
        video.segments.append((name, *segment))


def _frames(start: str, end: str) -> tuple[int, int] | None:
    """Start and end of a line, or None where both are empty."""
    if not start and not end:
        return None
    for name, text in (("start", start), ("end", end)):
        if not _FRAME.fullmatch(text):
            raise ValueError(f"{name} is {text!r}; it is a frame number from 0")
    if int(start) >= int(end):
        raise ValueError(f"start {start} is not before end {end}, the first frame after the anomaly")
    return int(start), int(end)


def _nearest(path: str, ids: Sequence[str]) -> str:
    near = difflib.get_close_matches(path, ids, 1)
    return f"; the nearest is {near[0]!r}" if near else ""
