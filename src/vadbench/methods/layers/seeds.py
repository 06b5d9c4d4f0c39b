"""One run seed, several independent random streams.

A change in how one stream is used (a batch more, another layer) leaves the others as they were.
"""

from typing import Literal

import numpy as np

Stream = Literal["initialisation", "batches", "dropout", "held_out", "rows"]
_NUMBER: dict[Stream, int] = {"initialisation": 1, "batches": 2, "dropout": 3, "held_out": 4, "rows": 5}


def stream_generator(seed: int, stream: Stream, *counters: int) -> np.random.Generator:
    """The numpy generator of a stream, at a position named by `counters` (an epoch, for instance)."""
    return np.random.default_rng([seed, _NUMBER[stream], *counters])


def stream_seed(seed: int, stream: Stream) -> int:
    """The stream's own seed in [0, 2**63), for torch."""
    (drawn,) = np.random.SeedSequence([seed, _NUMBER[stream]]).generate_state(1, np.uint64)
    return int(drawn) >> 1
