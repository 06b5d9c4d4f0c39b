"""File names for pictures of videos, whose ids may hold any character."""

import hashlib
import re
from collections import Counter
from collections.abc import Container, Sequence
from difflib import get_close_matches

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
    kept = Counter(name.casefold() for name, stem in plain.items() if stem == name)
    taken = {name for name, count in kept.items() if count == 1}
    stems: dict[str, str] = {}
    for name, stem in plain.items():
        stems[name] = name if stem == name and name.casefold() in taken else _marked(name, stem, taken)
        taken.add(stems[name].casefold())
    return stems


def _marked(name: str, stem: str, taken: Container[str]) -> str:
    """`stem` with as much of the digest of `name` behind it as makes it new."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    names = (f"{stem}-{digest[:length]}" for length in range(8, len(digest) + 1))
    return next(marked for marked in names if marked.casefold() not in taken)


def _plain(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:_LONGEST].strip("._- ")
    return "video" if not stem or _RESERVED.fullmatch(stem) else stem


def nearest_names(name: str, names: Sequence[str]) -> str:
    """The three names most like `name`, for an error message."""
    return ", ".join(repr(other) for other in get_close_matches(name, names, n=3, cutoff=0.0))
