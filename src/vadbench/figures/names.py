"""File names for pictures of videos, whose ids may hold any character."""

import hashlib
import re
from collections.abc import Sequence

_LONGEST = 96  # characters; leaves room for an ending within the 255 bytes of any file system
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # device names on Windows


def file_stems(ids: Sequence[str]) -> dict[str, str]:
    """A file name without ending for every id: readable, unique, safe on any file system and in any URL.

    A stem holds letters, digits, ``.``, ``_`` and ``-`` alone. An id of such characters keeps its own name;
    any other, and any whose name would clash with another's where case does not count, gets eight digits of
    its SHA-256 behind what is left of it.

    >>> file_stems(["Train/001", "Test001"])
    {'Train/001': 'Train_001-f6dbd4ae', 'Test001': 'Test001'}
    """
    plain = {name: _plain(name) for name in ids}
    holders: dict[str, int] = {}
    for name, stem in plain.items():
        if stem == name:
            holders[stem.casefold()] = holders.get(stem.casefold(), 0) + 1
    stems: dict[str, str] = {}
    taken = {stem for stem, count in holders.items() if count == 1}
    for name, stem in plain.items():
        if stem == name and stem.casefold() in taken:
            stems[name] = stem
            continue
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        length = 8
        while f"{stem}-{digest[:length]}".casefold() in taken:
            length += 1
        stems[name] = f"{stem}-{digest[:length]}"
        taken.add(stems[name].casefold())
    return stems


def _plain(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:_LONGEST].strip("._- ")
    return "video" if not stem or _RESERVED.fullmatch(stem) else stem
