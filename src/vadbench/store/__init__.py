"""The HDF5 store: parts that appear when they are complete, and readers that load what is asked for.

Writing: `PartWriter` with `ArraySpec`. Reading: `Part` for one shard, `Store` for a linked set.
`link` joins the parts of a set, `verify` finds damage, `repair` makes damaged parts again, `inspect`
describes them.
"""

from vadbench.store.describing import inspect
from vadbench.store.layout import ArraySpec
from vadbench.store.linking import link, set_settings, unlinked_parts
from vadbench.store.part import Part
from vadbench.store.repairing import repair
from vadbench.store.store import Store
from vadbench.store.verifying import Damage, verify
from vadbench.store.work import GroupRow, VideoWriter
from vadbench.store.writer import PartWriter

__all__ = [
    "ArraySpec",
    "Damage",
    "GroupRow",
    "Part",
    "PartWriter",
    "Store",
    "VideoWriter",
    "inspect",
    "link",
    "repair",
    "set_settings",
    "unlinked_parts",
    "verify",
]
