"""Annotation pickles of others, read as plain data: nothing in them is looked up, called or made.

A pickle is a program. Two things keep it from doing anything: it may hold only the instructions that build
lists, dictionaries, texts and numbers, which is checked before one of them runs; and the machine that runs
them refuses every name it is asked to look up.
"""

import io
import pickle
import pickletools
from pathlib import Path
from typing import NoReturn

from vadbench.errors import VadbenchError

MOST_BYTES = 16_000_000
"""Of a file of annotations; UCF-Crime's published test boxes take 391,996."""

MOST_INSTRUCTIONS = 2_000_000
"""Of a pickle; the published one has 47,374. Each may make an object that is much larger than itself."""

_PLAIN = frozenset(
    (
        *("PROTO", "FRAME", "STOP", "MARK", "POP", "POP_MARK", "DUP"),
        *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"),
        *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE"),
        *("LIST", "EMPTY_LIST", "APPEND", "APPENDS", "DICT", "EMPTY_DICT", "SETITEM", "SETITEMS"),
        *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"),
    )
)
"""Instructions that make plain data. No tuples: to hash deeply nested ones overflows the stack."""

_REMEMBER = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"asks for {module}.{name}")


def load_plain_pickle(path: Path) -> object:
    """The content of a pickle of lists, dictionaries, texts and numbers, of Python 2 or 3.

    Containers may be nested, shared or part of themselves: whoever walks them limits how far.

    Raises VadbenchError for a file that cannot be read, is too large or damaged, or holds any instruction
    beyond plain data, such as a function, a class, an extension code or a persistent id.
    """
    data = read_limited(path)
    try:
        _check_instructions(data)
        return _PlainUnpickler(io.BytesIO(data), encoding="utf-8").load()
    except (
        *(pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError),
        *(MemoryError, OverflowError, RecursionError),
    ) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise VadbenchError(
            f"{path}: is no pickle of plain lists, dictionaries, texts and numbers ({reason}); nothing else "
            f"is loaded, so get the file again from its authors"
        ) from None


def read_limited(path: Path) -> bytes:
    """The bytes of a file of annotations. Raises VadbenchError where it cannot be read or is too large."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise VadbenchError(
                f"{path}: has {size:,} bytes, annotations at most {MOST_BYTES:,}; get the file again"
            )
        return path.read_bytes()
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; check the file and its permissions") from error


def _check_instructions(data: bytes) -> None:
    """Raise UnpicklingError for an instruction that is not plain, or needs more memory than the data has."""
    for count, (instruction, argument, position) in enumerate(pickletools.genops(data)):
        if instruction.name not in _PLAIN:
            raise pickle.UnpicklingError(f"{instruction.name} at byte {position}")
        if count == MOST_INSTRUCTIONS:
            raise pickle.UnpicklingError(f"more than {MOST_INSTRUCTIONS:,} instructions")
        # Picklers number what they remember one by one; the machine allocates memory up to the last place.
        if instruction.name in _REMEMBER and not 0 <= int(argument or 0) <= count:
            raise pickle.UnpicklingError(f"{instruction.name} in place {argument} at byte {position}")
