"""The HDF5 store: parts that appear when they are complete, and readers that load what is asked for.

Writing: `PartWriter` with `ArraySpec`. Reading: `Part` for one shard, `Store` for a linked set.
"""

from vadbench.store.layout import ArraySpec
from vadbench.store.link import link
from vadbench.store.part import Part
from vadbench.store.store import Store
from vadbench.store.work import GroupRow, VideoWriter
from vadbench.store.writer import PartWriter

__all__ = ["ArraySpec", "GroupRow", "Part", "PartWriter", "Store", "VideoWriter", "link"]
