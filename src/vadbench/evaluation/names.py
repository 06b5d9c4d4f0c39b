"""Which video of a benchmark a name in somebody else's file stands for."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from vadbench.datasets.tree import VIDEO_SUFFIXES
from vadbench.errors import VadbenchError

Parts = tuple[str, ...]

_MOST_NAMED = 3
"""Unknown names that an error holds."""


def match_names(
    names: Iterable[str], ids: Iterable[str], test: Iterable[str], where: str, benchmark: str
) -> dict[str, str]:
    """The id of each name.

    A name is an id with or without the ending of a video file and with more or fewer folders before it:
    `Abuse/Abuse028_x264.mp4`, `Abuse028_x264` and `out/Abuse/Abuse028_x264` are one video, `Test/D001_01` and
    `Train/D001_01` are two. Where folders are left out, a test video goes before others. Nothing else is
    taken off a name: `_i3d` or `__0` may tell videos apart.

    Args:
        names: to look up.
        ids: of all videos of the benchmark.
        test: ids of the videos that are tested.
        where: the file, for errors.
        benchmark: its name, for errors.

    Raises:
        VadbenchError: a name stands for no video (the nearest ids are named) or for several, or two names
            stand for one video.
    """
    known = _Ids(ids, test)
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    unknown: list[str] = []
    for name in names:
        candidates = known.candidates(name)
        if len(candidates) > 1:
            raise VadbenchError(
                f"{where}: {name!r} may be video {candidates[0]!r} or {candidates[1]!r} of {benchmark}; "
                f"write the name with its folder and its ending"
            )
        if not candidates:
            unknown.append(name)
            continue
        found[name] = candidates[0]
        other = owners.setdefault(candidates[0], name)
        if other != name:
            raise VadbenchError(
                f"{where}: {other!r} and {name!r} both stand for video {candidates[0]!r} of {benchmark}; "
                f"keep one of them"
            )
    if unknown:
        raise _unknown(unknown, known.ids, where, benchmark)
    return found


class _Ids:
    """The ids of a benchmark, to be looked up by the end of their path."""

    def __init__(self, ids: Iterable[str], test: Iterable[str]) -> None:
        self.ids: Mapping[str, Parts] = {id: _parts(id) for id in ids}
        self._test = frozenset(test)
        self._by_name: dict[str, list[str]] = {}
        for id, parts in self.ids.items():
            self._by_name.setdefault(parts[-1], []).append(id)

    def candidates(self, name: str) -> list[str]:
        """The ids a name may stand for: one where it is known."""
        if name in self.ids:
            return [name]
        given = _parts(name)
        alike = [id for id in self._by_name.get(given[-1], ()) if _one_ends_the_other(given, self.ids[id])]
        for chosen in (
            [id for id in alike if self.ids[id] == given],
            [id for id in alike if id in self._test],
        ):
            if chosen:
                return chosen
        return alike


def _parts(name: str) -> Parts:
    """Folders and name without the ending of a video file."""
    parts = [part for part in name.strip().replace("\\", "/").split("/") if part not in ("", ".")] or [name]
    for suffix in VIDEO_SUFFIXES:
        if parts[-1].lower().endswith(suffix):
            parts[-1] = parts[-1][: -len(suffix)]
            break
    return tuple(parts)


def _one_ends_the_other(one: Parts, other: Parts) -> bool:
    shared = min(len(one), len(other))
    return one[-shared:] == other[-shared:]


def _unknown(names: Sequence[str], ids: Iterable[str], where: str, benchmark: str) -> VadbenchError:
    known = list(ids)
    some = []
    for name in names[:_MOST_NAMED]:
        near = difflib.get_close_matches(name.rsplit("/", 1)[-1], known, 1)
        some.append(repr(name) + (f" (the nearest is {near[0]!r})" if near else ""))
    more = f" and {len(names) - len(some)} more" if len(names) > len(some) else ""
    return VadbenchError(
        f"{where}: no video of {benchmark} is called {', '.join(some)}{more}; rename them as the benchmark "
        f"does, or take them out"
    )
