"""What lies below a folder: videos, frame folders and other files, listed once and by names alone."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from vadbench.datasets.dataset import relative_path
from vadbench.datasets.entries import VideoEntry
from vadbench.errors import VadbenchError
from vadbench.video.listing import image_names

VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"),
)


class FoundVideo(NamedTuple):
    """A video file, or a folder of images that holds neither videos nor folders."""

    path: Path
    size: int | None
    """Bytes of a file, number of images of a frame folder; None for a link to nothing."""

    @property
    def name(self) -> str:
        """Name of the frame folder, or of the file without its ending."""
        known = self.path.suffix.lower() in VIDEO_SUFFIXES
        return self.path.stem if known else self.path.name


@dataclass(frozen=True)
class Tree:
    """Everything below a folder but hidden files and the litter of macOS."""

    root: Path
    videos: tuple[FoundVideo, ...]
    """Sorted by path."""
    files: tuple[Path, ...]
    """All other files but images, sorted."""
    notes: tuple[str, ...]
    """Images that make no frame folder, for something else lies beside them."""

    def file(self, *names: str) -> Path | None:
        """The file that has one of `names` (the first that occurs counts), wherever it lies; else None.

        Raises VadbenchError where two files have it and differ in content.
        """
        for name in names:
            found = self._files_by_name.get(name, [])
            contents = {path.read_bytes() for path in found}
            if len(contents) > 1:
                raise VadbenchError(f"{found[0]} and {found[1]} have one name and differ; keep the right one")
            if found:
                return found[0]
        return None

    @cached_property
    def _files_by_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in self.files:
            found.setdefault(path.name, []).append(path)
        return found

    def require(self, *names: str, what: str) -> Path:
        """As `file`. Raises VadbenchError, saying `what` it is, where there is none."""
        found = self.file(*names)
        if found is None:
            raise VadbenchError(f"{self.root}: holds no {' or '.join(names)} ({what}); put it there")
        return found


def list_tree(root: Path) -> Tree:
    """List `root` and every folder below it. Links are followed, each folder is entered once.

    Raises VadbenchError for a folder that is not there or cannot be read: its videos would be left out
    without a word.
    """
    videos, others, notes = [], [], []
    seen = set()
    for name, folders, names in os.walk(root, onerror=_refuse, followlinks=True):
        here = Path(name)
        state = os.stat(here)
        if (state.st_dev, state.st_ino) in seen:
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__MACOSX")))
        images = set(image_names(here))
        files = [here / file for file in names if not file.startswith(".") and file not in images]
        found = [FoundVideo(path, _file_size(path)) for path in files if _is_video(path)]
        videos += found
        others += [path for path in files if not _is_video(path)]
        if images and not found and not folders and here != root:
            videos.append(FoundVideo(here, len(images)))
        elif images:
            notes.append(f"{len(images)} images in {here} make no frame folder: others lie beside them")
    return Tree(root, tuple(sorted(videos)), tuple(sorted(others)), tuple(sorted(notes)))


def first_folder(data_root: Path, names: Iterable[str], benchmark: str) -> Path:
    """The first of the folders `names` that there is below `data_root`. Raises VadbenchError for none."""
    names = list(names)
    for name in names:
        if (data_root / name).is_dir():
            return data_root / name
    raise VadbenchError(
        f"{data_root}: has none of the folders {', '.join(names)}; put {benchmark} there, or set data_root"
    )


def listed_videos(
    tree: Tree, files: Mapping[str, str], data_root: Path
) -> tuple[list[VideoEntry], tuple[str, ...]]:
    """Entries of the videos that lists name, whether they lie flat or in subfolders; and which are missing.

    Args:
        tree: where to look.
        files: by video id the name of its file without ending, or of its frame folder; where the list names a
            folder, as `folder/name`, a video in a folder of that name goes before others called `name`.
        data_root: paths are relative to it.

    Returns:
        An entry for every id in order, and the ids without a video: theirs has the path where it would lie.

    Raises VadbenchError where two videos have the name of one.
    """
    by_name: dict[str, list[FoundVideo]] = {}
    for video in tree.videos:
        by_name.setdefault(video.name, []).append(video)
    entries, missing = [], []
    for id, name in files.items():
        folder, _, base = name.rpartition("/")
        found = by_name.get(base, [])
        found = [video for video in found if folder and video.path.parent.name == folder] or found
        if len(found) > 1:
            raise VadbenchError(f"{found[0].path} and {found[1].path} are both video {id}; keep one")
        if not found:
            missing.append(id)
        path = found[0].path if found else tree.root / f"{name}.mp4"
        size = found[0].size if found else None
        entries.append(VideoEntry(id=id, path=relative_path(path, data_root), bytes=size))
    return entries, tuple(missing)


def one_form(videos: Iterable[FoundVideo], files: bool) -> tuple[tuple[FoundVideo, ...], tuple[str, ...]]:
    """`videos` without second forms: of one that is there as a file and as a folder of extracted frames only
    the file is kept (`files`), or only the folder. Beside it the names of such videos, sorted.

    Two videos of one form and name are both kept, for their reader to refuse.
    """
    forms: dict[bool, set[str]] = {True: set(), False: set()}
    videos = tuple(videos)
    is_file = {video: not video.path.is_dir() for video in videos}
    for video, form in is_file.items():
        forms[form].add(video.name)
    both = forms[True] & forms[False]
    kept = tuple(video for video in videos if is_file[video] == files or video.name not in both)
    return kept, tuple(sorted(both))


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _refuse(error: OSError) -> NoReturn:
    raise VadbenchError(f"{error.filename}: {error.strerror}; check its permissions") from error


def _file_size(path: Path) -> int | None:
    """Bytes of a file; None for a link to nothing, which the stage that opens it will name."""
    try:
        return path.stat().st_size
    except OSError:
        return None
