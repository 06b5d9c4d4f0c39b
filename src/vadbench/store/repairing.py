"""Making damaged parts again without making anything else again."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vadbench.errors import VadbenchError
from vadbench.store.hdf5 import DAMAGE_ERRORS, get_text, open_file
from vadbench.store.linking import (
    ASIDE,
    INDEX,
    JOINED,
    LinkedPart,
    digest_set,
    link,
    read_index,
    unlinked_parts,
)
from vadbench.store.part import Part
from vadbench.store.verifying import verify


def repair(folder: Path, remake: Callable[[Path], None]) -> list[Path]:
    """Make the damaged and missing parts of a set again, and those alone.

    A part that comes out equal keeps its old time stamp, and so do `store.json` and `store.h5` where all do:
    nothing that reads them runs again. A damaged `store.json` or `store.h5` is written anew; a set that is
    not linked stays so.

    Args:
        folder: the set's folder.
        remake: runs the stage that writes the part at the path it is given, which has been set aside.

    Returns:
        The files that were written again.
    """
    folder = Path(folder)
    is_linked = not unlinked_parts(folder)
    damaged = sorted({damage.file for damage in verify(folder)})
    parts = [path for path in damaged if path.name not in (INDEX, JOINED)]
    equal = True
    for path in parts:
        # What a repair that was cut off has set aside is all that an unlinked set knows of the part.
        if is_linked or path.exists():
            set_aside(path)
        remake(path)
        equal = finish_repair(path) and equal
    if is_linked and (not equal or verify(folder)):
        relink(folder)
        return [*parts, folder / INDEX, folder / JOINED]
    return parts


def set_aside(path: Path) -> None:
    """Rename a damaged part to `<name>.damaged`, in place of an earlier one."""
    if path.exists():
        os.replace(path, _aside(path))
    else:
        _aside(path).unlink(missing_ok=True)


def finish_repair(path: Path) -> bool:
    """Compare a part that was made again with the one that was there.

    Where the digests are equal it gets the old time stamp, and the part set aside is deleted.

    Returns:
        Whether they are equal; if not, the set must be linked again.

    Raises:
        VadbenchError: if the part is missing or damaged.
    """
    with Part.open(path) as part:
        digest = part.digest
    linked = _linked(path)
    expected = linked.digest if linked else _noted_digest(_aside(path))
    if digest != expected:
        return False
    time = _old_time(path, linked)
    if time is not None:
        os.utime(path, ns=(time, time))
    _aside(path).unlink(missing_ok=True)
    return True


def relink(folder: Path) -> None:
    """Link a set again; where its parts are those that were linked, both files keep their old time stamp."""
    index, joined = folder / INDEX, folder / JOINED
    before = _linked_set(folder)
    times = [path.stat().st_mtime_ns for path in (index, joined) if path.exists()]
    # Where neither says it, the parts that are there are all that is known of their number.
    link(folder, before[0] if before else len(list(folder.glob("part-[0-9]*.h5"))))
    if times and before == _linked_set(folder):
        for path in (index, joined):
            os.utime(path, ns=(min(times), min(times)))


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ASIDE)


def _linked(path: Path) -> LinkedPart | None:
    try:
        linked = read_index(path.parent)
    except VadbenchError:
        return None
    return next((part for part in linked if part.file == path.name), None)


def _old_time(path: Path, linked: LinkedPart | None) -> int | None:
    """Time stamp of the part that was linked, as its readers saw it.

    That is the one of the part set aside, unless the damage itself came with a new one; then, or where the
    part was missing, it is the one noted when the set was linked.
    """
    aside = _aside(path)
    noted = linked.modified if linked else None
    if not aside.exists():
        return noted
    time = aside.stat().st_mtime_ns
    changed_since = noted is not None and time > (path.parent / INDEX).stat().st_mtime_ns
    return noted if changed_since else time


def _linked_set(folder: Path) -> tuple[int, str] | None:
    """Number of linked parts and their digest, from `store.json` or else from `store.h5`."""
    with suppress(VadbenchError):
        linked = read_index(folder)
        return len(linked), digest_set(linked)
    with suppress(*DAMAGE_ERRORS), open_file(folder / JOINED) as file:
        return int(file.attrs["parts"]), get_text(file, "digest")
    return None


def _noted_digest(path: Path) -> str | None:
    """The digest that a part states, without a check that it is true."""
    with suppress(*DAMAGE_ERRORS), open_file(path) as file:
        return get_text(file, "digest")
    return None
