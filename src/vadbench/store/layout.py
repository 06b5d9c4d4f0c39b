"""What a part holds: the names and types of its arrays, and its header."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

STORE_VERSION = 1

_KINDS = "fiu"


@dataclass(frozen=True)
class ArraySpec:
    """One array of a part.

    Args:
        dtype: numpy name of a float, int or uint type, as "float16".
        shape: shape of one row, without the row axis; () for one number a row.
        units: unit of the values, as "pixels"; "" for numbers without one.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    units: str = ""

    def __post_init__(self) -> None:
        if np.dtype(self.dtype).kind not in _KINDS:
            raise ValueError(f"an array of a store holds numbers, not {self.dtype}")

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, at least 1."""
        return max(1, np.dtype(self.dtype).itemsize * int(np.prod(self.shape, dtype=np.int64)))


# Every row of every part has these two, whatever the stage.
ROW_ARRAYS = {
    "frame": ArraySpec("int32", units="0-based index of the source frame"),
    "time": ArraySpec("float64", units="s"),
}


@dataclass(frozen=True)
class Header:
    """What a part is, apart from its numbers; work under an equal header may be continued.

    Args:
        stage: name of the stage, or "scores".
        settings: the settings its arrays depend on, JSON values only.
        revision: the stage's integer REVISION.
        arrays: per-row arrays, stored as `rows/<name>`.
        groups: second level; `groups[g][a]` is stored as `<g>/<a>`, its rows' bounds as `rows/<g>_start` and
            `rows/<g>_count`.
        weights: sha256 by name of the weights used.
        videos_digest: digest of the shard's list of videos.
        attributes: anything else a reader needs to know, JSON values only.
    """

    stage: str
    settings: Mapping[str, object]
    revision: int
    arrays: Mapping[str, ArraySpec] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, ArraySpec]] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    videos_digest: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [*self.arrays, *self.groups, *(name for group in self.groups.values() for name in group)]
        for name in names:
            if not name.isidentifier() or name.endswith(("_start", "_count")):
                raise ValueError(f"{name!r} cannot name an array of a store")
        reserved = {"videos", "rows", *ROW_ARRAYS} & {*self.arrays, *self.groups}
        twice = set(self.arrays) & set(self.groups)
        if reserved or twice:
            raise ValueError(f"{sorted(reserved | twice)}: a name of the store itself, or used twice")

    def row_specs(self) -> dict[str, ArraySpec]:
        """`rows/…` that come from the stage, by dataset name."""
        return {f"rows/{name}": spec for name, spec in {**ROW_ARRAYS, **self.arrays}.items()}

    def group_specs(self) -> dict[str, ArraySpec]:
        """`<group>/<array>`, by dataset name."""
        return {
            f"{group}/{name}": spec for group, arrays in self.groups.items() for name, spec in arrays.items()
        }

    def bound_specs(self) -> dict[str, ArraySpec]:
        """`rows/<group>_start` and `rows/<group>_count`, by dataset name."""
        specs = {}
        for group in self.groups:
            specs[f"rows/{group}_start"] = ArraySpec("int64", units=f"first row of {group}/")
            specs[f"rows/{group}_count"] = ArraySpec("int32", units=f"rows of {group}/")
        return specs

    def specs(self) -> dict[str, ArraySpec]:
        """Every dataset but those of the videos."""
        return {**self.row_specs(), **self.bound_specs(), **self.group_specs()}

    def identity(self) -> dict[str, object]:
        """The header as JSON values, in a fixed order."""
        return {
            "store_version": STORE_VERSION,
            "stage": self.stage,
            "settings": dict(self.settings),
            "revision": self.revision,
            "weights": dict(self.weights),
            "videos_digest": self.videos_digest,
            "attributes": dict(self.attributes),
        }


def to_json(value: object) -> str:
    """Compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
