"""Published folders, and any other, to the two halves of an index: lists of videos, and annotations.

Importing this package loads neither torch nor PyAV, Pillow or h5py: the index runs before every workflow.
"""

from vadbench.datasets.annotations import Annotations, Masks, Split, VideoAnnotation
from vadbench.datasets.entries import VideoEntry, load_videos, videos_digest
from vadbench.datasets.index import IndexReport, index_benchmark

__all__ = [
    "Annotations",
    "IndexReport",
    "Masks",
    "Split",
    "VideoAnnotation",
    "VideoEntry",
    "index_benchmark",
    "load_videos",
    "videos_digest",
]
