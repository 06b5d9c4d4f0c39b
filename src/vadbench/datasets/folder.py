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

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from vadbench.config import NORMAL, FolderData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.dataset import Dataset, relative_path
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.label_table import LabelledVideo, read_labels
from vadbench.errors import VadbenchError
from vadbench.video.listing import image_names

VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
)


def read(data: FolderData, data_root: Path) -> Dataset:
    """All videos below `data_root/data.folder`, with the labels of `data.labels`.

    Splits: `all` tests every video; with labels, `one_class` trains on the normal training videos and `weak`
    on all of them, where there are both kinds, and both test the test videos.

    Raises VadbenchError where there is no video, or a line of the table is damaged or names an unknown video.
    """
    root = data_root / data.folder
    if not root.is_dir():
        raise VadbenchError(f"{root}: no such folder; check data_root and data.folder")
    entries, notes = _find_videos(root, data_root)
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


def _find_videos(root: Path, data_root: Path) -> tuple[list[VideoEntry], list[str]]:
    """Videos sorted by id, and what was left out. Links are followed, each folder is entered once.

    Raises VadbenchError for a folder that cannot be read: its videos would be left out without a word.
    """
    entries, notes = [], []
    seen = set()
    for name, folders, files in os.walk(root, onerror=_refuse, followlinks=True):
        here = Path(name)
        state = os.stat(here)
        if (state.st_dev, state.st_ino) in seen:
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__MACOSX")))
        videos = [
            here / file
            for file in files
            if not file.startswith(".") and os.path.splitext(file)[1].lower() in VIDEO_SUFFIXES
        ]
        entries += [_entry(path, root, data_root, _file_size(path)) for path in videos]
        images = len(image_names(here))
        if images and not videos and not folders and here != root:
            entries.append(_entry(here, root, data_root, images))
        elif images:
            notes.append(f"{images} images in {here} are no frame folder: videos or folders are beside them")
    return sorted(entries, key=lambda entry: entry.id), sorted(notes)


def _refuse(error: OSError) -> NoReturn:
    raise VadbenchError(f"{error.filename}: {error.strerror}; check its permissions") from error


def _entry(path: Path, root: Path, data_root: Path, size: int | None) -> VideoEntry:
    return VideoEntry(id=relative_path(path, root), path=relative_path(path, data_root), bytes=size)


def _file_size(path: Path) -> int | None:
    """Bytes of a file; None for a link to nothing, which the stage that opens it will name."""
    try:
        return path.stat().st_size
    except OSError:
        return None


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
