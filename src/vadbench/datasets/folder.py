"""Any folder of videos, with or without a table of labels.

Videos are all files with a known ending in the folder and below it, and every folder that holds images and
neither videos nor further folders (a frame folder). A video's id is its path below the folder.

The table is a CSV file (UTF-8, commas) whose first line names its columns:

| column  | content                                                                                         |
|---------|-------------------------------------------------------------------------------------------------|
| `path`  | the video, relative to the folder, with forward slashes                                         |
| `part`  | `train` or `test`                                                                               |
| `class` | `normal`, or the class of an anomaly: any text                                                  |
| `start` | first abnormal frame, counted from 0; empty: only the video is labelled, not its frames         |
| `end`   | first frame after the anomaly; empty as `start` is                                              |

A video with several anomalies has a line for each; a normal video has one line. `start` and `end` may be left
out altogether. A video without a line belongs to the split `all` only.

    path,part,class,start,end
    gate/monday.mp4,train,normal,,
    gate/tuesday.mp4,test,fighting,310,452
    gate/tuesday.mp4,test,fire,600,745
"""

from collections.abc import Mapping
from pathlib import Path

from vadbench.config import NORMAL, FolderData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import Dataset, relative_path
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.label_table import LabelledVideo, read_labels
from vadbench.datasets.tree import VIDEO_SUFFIXES, FoundVideo, list_tree
from vadbench.errors import VadbenchError


def read(data: FolderData, data_root: Path) -> Dataset:
    """All videos below `data_root/data.folder`, with the labels of `data.labels`.

    Splits: `all` tests every video; with labels, `one_class` trains on the normal training videos and `weak`
    on all of them, where there are both kinds, and both test the test videos.

    Raises VadbenchError where there is no video, or a line of the table is damaged or names an unknown video.
    """
    root = data_root / data.folder
    if not root.is_dir():
        raise VadbenchError(f"{root}: no such folder; check data_root and data.folder")
    tree = list_tree(root)
    entries = sorted((_entry(video, root, data_root) for video in tree.videos), key=lambda entry: entry.id)
    notes = list(tree.notes)
    if not entries:
        raise VadbenchError(f"{root}: holds no video; known endings are {' '.join(VIDEO_SUFFIXES)}")
    ids = [entry.id for entry in entries]
    labels = read_labels(data_root / data.labels, ids) if data.labels else {}
    unlabelled = [id for id in ids if id not in labels]
    if data.labels and unlabelled:
        notes.append(f"{len(unlabelled)} of {len(ids)} videos have no label, the first is {unlabelled[0]}")
    return Dataset(
        entries=tuple(entries),
        classes=(NORMAL, *sorted({name for video in labels.values() for name in video.classes})),
        splits=_splits(ids, labels),
        videos={id: _annotation(labels.get(id)) for id in ids},
        notes=tuple(notes),
    )


def _entry(video: FoundVideo, root: Path, data_root: Path) -> VideoEntry:
    path = relative_path(video.path, data_root)
    return VideoEntry(id=relative_path(video.path, root), path=path, bytes=video.size)


def _splits(ids: list[str], labels: Mapping[str, LabelledVideo]) -> dict[str, SplitLists]:
    train = [id for id in ids if id in labels and labels[id].part == "train"]
    test = tuple(id for id in ids if id in labels and labels[id].part == "test")
    normal = tuple(id for id in train if not labels[id].classes)
    splits = {"all": SplitLists(supervision="none", test=tuple(ids))}
    if normal and test:
        splits["one_class"] = SplitLists(supervision="one_class", train=normal, test=test)
        if len(normal) < len(train):
            splits["weak"] = SplitLists(supervision="weak", train=tuple(train), test=test)
    return splits


def _annotation(video: LabelledVideo | None) -> VideoAnnotation:
    if video is None:
        return VideoAnnotation()
    return VideoAnnotation(
        classes=tuple(sorted(video.classes)), intervals=video.intervals, segments=tuple(video.segments)
    )
