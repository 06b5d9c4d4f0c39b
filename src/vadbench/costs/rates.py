"""Frames per second of a feature set, as the logs of its parts end."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vadbench.stages.closing import Closing


@dataclass(frozen=True)
class Rate:
    """Frames per second of one process; None where no log says it, and why."""

    frames_per_second: float | None
    place: str = ""
    """Device and threads, or several of them."""
    note: str = ""


def rate_of(folder: Path, parts: int) -> Rate:
    """The rate of a set whose parts have their logs in a folder, `part-0000.log` and so on.

    Rows of all parts by the seconds of all parts; each log counts what the last process of its part computed.
    """
    paths = [folder / f"part-{number:04d}.log" for number in range(parts)]
    found = [closing for path in paths if (closing := _closing_of(path)) is not None]
    if not found:
        return Rate(None, note="not measured: no log of a part ends with a rate")
    rows, seconds = sum(each.rows for each in found), sum(each.seconds for each in found)
    if not rows or not seconds:
        return Rate(None, note="not measured: the last processes found nothing left to compute")
    missing = "" if len(found) == parts else f"measured on {len(found)} of {parts} parts"
    return Rate(rows / seconds, _places(found), missing)


def _closing_of(path: Path) -> Closing | None:
    """The last line in a log that closes a stage; None where there is none."""
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((closing for line in reversed(lines) if (closing := Closing.read(line)) is not None), None)


def _places(found: Sequence[Closing]) -> str:
    return "; ".join(dict.fromkeys(closing.place for closing in found if closing.rows))
