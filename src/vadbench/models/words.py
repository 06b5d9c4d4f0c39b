"""The words that packaged demo weights were trained on."""

import re
from collections.abc import Iterable, Sequence

from vadbench.errors import VadbenchError


def words_of(text: str) -> list[str]:
    """The words of a text as the tokenizer sees them: lower-case runs of letters, and single digits."""
    return re.findall(r"[^\W\d_]+|\d", text.lower())


def check_words(texts: Iterable[str], known: Sequence[str]) -> None:
    """Raise VadbenchError for the first word of `texts` that is not in `known`.

    The vocabulary rows of other words are zero in the demo's weights: an embedding of theirs would mean
    nothing.
    """
    vocabulary = frozenset(known)
    for text in texts:
        for word in words_of(text):
            if word not in vocabulary:
                raise VadbenchError(
                    f"the word {word!r} of the text {text!r} is not among the {len(vocabulary)} words of "
                    "the demo's weights (words.txt beside them); choose other words or other weights"
                )
