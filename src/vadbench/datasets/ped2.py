"""UCSD Ped2 as published: folders of frames, folders of pixel masks and `UCSDped2.m`.

<folder>/Train/Train001/001.tif …    <folder>/Test/Test001/001.tif …    <folder>/Test/UCSDped2.m
                                     <folder>/Test/Test001_gt/001.bmp … (`frame001.bmp` in three clips)
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from vadbench.config import NORMAL, Ped2Data
from vadbench.datasets.annotations import Lists, SplitLists, VideoAnnotation
from vadbench.datasets.dataset import ABNORMAL, Dataset, relative_path, union
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.published import Count
from vadbench.errors import VadbenchError
from vadbench.video.listing import image_names

PUBLISHED_FRAMES = {
    **{
        f"Train{number:03d}": frames
        for number, frames in enumerate(
            (120, 150, 150, 180, 180, 150, 150, 120, 180, 180, 180, 180, 180, 150, 150, 150), 1
        )
    },
    **{
        f"Test{number:03d}": frames
        for number, frames in enumerate((180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180), 1)
    },
}
"""Frames of each clip of the published archive."""

PUBLISHED_ABNORMAL_FRAMES = 1648
"""Of the 2,010 test frames; the label file and the masks agree on it."""

LABEL_FILE = "UCSDped2.m"

_INTERVALS = re.compile(
    r"TestVideoFile\s*\{\s*end\s*\+\s*1\s*\}\s*\.\s*gt_frame\s*=\s*\[(?P<ranges>[^\]]*)\]\s*;?"
)
_EMPTY_LIST = re.compile(r"TestVideoFile\s*=\s*\{\s*\}\s*;?")
_RANGE = re.compile(r"\s*([0-9]{1,9})\s*:\s*([0-9]{1,9})\s*")


def read(data: Ped2Data, data_root: Path) -> Dataset:
    """UCSD Ped2 below `data_root`.

    Splits: `one_class`, the published one; `weak`, ten draws of half the test and a quarter of the training
    clips (6 of 12 and 4 of 16), all other clips tested.

    Raises VadbenchError where no folder of `data` holds it, a clip is empty or the labels are damaged.
    """
    folder = _find_folder(data, data_root)
    train, test = (_clips(folder / part, part) for part in ("Train", "Test"))
    labels = parse_label_file(folder / "Test" / LABEL_FILE)
    frames = {path.name: _count_frames(path) for path in (*train, *test)}
    masks = {path.name: path.with_name(f"{path.name}_gt") for path in test}
    published = frames.keys() == PUBLISHED_FRAMES.keys()
    annotated = {path.name: _intervals(path, labels) for path in test}
    return Dataset(
        entries=tuple(
            VideoEntry(id=path.name, path=relative_path(path, data_root), bytes=frames[path.name])
            for path in (*train, *test)
        ),
        classes=(NORMAL, ABNORMAL),
        splits=_splits([path.name for path in train], annotated),
        videos={
            id: VideoAnnotation(
                classes=(ABNORMAL,) if annotated.get(id) else (),
                intervals=annotated.get(id, ()),
                segments=tuple((ABNORMAL, start, end) for start, end in annotated.get(id, ())),
                frames=PUBLISHED_FRAMES[id] if published else count,
            )
            for id, count in frames.items()
        },
        masks={id: relative_path(path, data_root) for id, path in masks.items() if path.is_dir()},
        counts=_counts(frames, annotated, published),
        notes=tuple(_deviations(frames, annotated, masks, published)),
    )


def parse_label_file(path: Path) -> list[tuple[tuple[int, int], ...]]:
    """Abnormal frames of test clips 1, 2, … as half-open 0-based intervals.

    The file holds one MATLAB assignment per clip, `TestVideoFile{end+1}.gt_frame = [61:180];`, whose frames
    count from 1 with both ends included; several ranges are separated by commas. Raises VadbenchError naming
    the line for anything else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise VadbenchError(f"{path}: is missing; it comes with the data set and holds its labels") from None
    except (OSError, UnicodeDecodeError) as error:
        raise VadbenchError(f"{path}: cannot be read as text ({error}); get it from the archive") from error
    clips = []
    for number, line in enumerate(text.split("\n"), 1):
        statement = line.split("%")[0].strip()
        match = _INTERVALS.fullmatch(statement)
        if match:
            clips.append(_ranges(match["ranges"], path, number))
        elif statement and not (_EMPTY_LIST.fullmatch(statement) and not clips):
            raise _damaged(path, number, f"{line.strip()!r}")
    return clips


def _ranges(text: str, path: Path, number: int) -> tuple[tuple[int, int], ...]:
    intervals = []
    for part in text.split(",") if text.strip() else []:
        match = _RANGE.fullmatch(part)
        if match is None:
            raise _damaged(path, number, f"{part.strip()!r}")
        first, last = int(match[1]), int(match[2])
        if not 1 <= first <= last:
            raise _damaged(path, number, f"the range {first}:{last}, which counts from 1 upwards,")
        intervals.append((first - 1, last))
    return union(intervals)


def _damaged(path: Path, number: int, what: str) -> VadbenchError:
    return VadbenchError(
        f"{path}, line {number}: {what} is no line of the form TestVideoFile{{end+1}}.gt_frame = [61:180];"
    )


def _find_folder(data: Ped2Data, data_root: Path) -> Path:
    for name in data.folders:
        folder = data_root / name
        if (folder / "Train").is_dir() and (folder / "Test").is_dir():
            return folder
    raise VadbenchError(
        f"{data_root}: none of its folders {', '.join(data.folders)} holds Train and Test; unpack UCSD Ped2 "
        f"there, or set data_root"
    )


def _clips(folder: Path, prefix: str) -> list[Path]:
    """Clip folders in order; the folders of masks and the litter of macOS beside them are left out."""
    name = re.compile(prefix + "[0-9]{3}")
    clips = sorted(path for path in folder.iterdir() if name.fullmatch(path.name) and path.is_dir())
    if not clips:
        raise VadbenchError(f"{folder}: holds no clip {prefix}001, {prefix}002, …; unpack UCSD Ped2 again")
    return clips


def _count_frames(clip: Path) -> int:
    count = len(image_names(clip))
    if not count:
        raise VadbenchError(f"{clip}: holds no frames; unpack UCSD Ped2 again")
    return count


def _intervals(clip: Path, labels: list[tuple[tuple[int, int], ...]]) -> tuple[tuple[int, int], ...]:
    """The label file lists its clips without names, in the order of their numbers."""
    number = int(clip.name[-3:])
    if not 1 <= number <= len(labels):
        path = clip.with_name(LABEL_FILE)
        raise VadbenchError(f"{path}: has labels of {len(labels)} clips, none for {clip.name}; replace it")
    return labels[number - 1]


def _splits(train: list[str], annotated: Mapping[str, tuple[tuple[int, int], ...]]) -> dict[str, SplitLists]:
    test = sorted(annotated)
    abnormal = [id for id in test if annotated[id]]
    numbers = range(Ped2Data.DRAWS["weak"])
    draws = {str(draw): _draw(draw, train, abnormal, sorted((*train, *test))) for draw in numbers}
    return {
        "one_class": SplitLists(supervision="one_class", train=tuple(train), test=tuple(test)),
        "weak": SplitLists(supervision="weak", draws=draws),
    }


def _draw(seed: int, normal: list[str], abnormal: list[str], ids: list[str]) -> Lists:
    """Clips in the order of their digests with the seed: the same draw with any version of any library."""

    def shuffled(clips: list[str]) -> list[str]:
        return sorted(clips, key=lambda id: hashlib.sha256(f"{seed} {id}".encode()).digest())

    chosen = {*shuffled(abnormal)[: len(abnormal) // 2], *shuffled(normal)[: max(1, len(normal) // 4)]}
    return Lists(train=tuple(sorted(chosen)), test=tuple(id for id in ids if id not in chosen))


def _counts(
    frames: Mapping[str, int], annotated: Mapping[str, tuple[tuple[int, int], ...]], published: bool
) -> tuple[Count, ...]:
    def total(of: Mapping[str, int], prefix: str) -> int:
        return sum(count for id, count in of.items() if id.startswith(prefix))

    abnormal = sum(end - start for intervals in annotated.values() for start, end in intervals)
    figures = (
        ("training clips", len(frames) - len(annotated), 16),
        ("test clips", len(annotated), 12),
        ("abnormal test clips", sum(map(bool, annotated.values())), 12),
        ("training frames", total(frames, "Train"), total(PUBLISHED_FRAMES, "Train")),
        ("test frames", total(frames, "Test"), total(PUBLISHED_FRAMES, "Test")),
        ("abnormal test frames", abnormal, PUBLISHED_ABNORMAL_FRAMES),
    )
    return tuple(Count(what, found, figure if published else None) for what, found, figure in figures)


def _deviations(
    frames: Mapping[str, int],
    annotated: Mapping[str, tuple[tuple[int, int], ...]],
    masks: Mapping[str, Path],
    published: bool,
) -> list[str]:
    """Where clips differ from the published ones, or, if they are others, from their labels and masks."""
    notes = []
    if not published:
        notes.append(f"not the published 28 clips but {len(frames)}; counts are those of the files")
    for id, count in sorted(frames.items()):
        if published and count != PUBLISHED_FRAMES[id]:
            notes.append(f"{id}: {count} frames, published are {PUBLISHED_FRAMES[id]}")
    for id, intervals in sorted(annotated.items()):
        if intervals and intervals[-1][1] > frames[id]:
            notes.append(f"{id}: labels end at frame {intervals[-1][1]}, its frames at {frames[id]}")
        found = len(image_names(masks[id])) if masks[id].is_dir() else 0
        if found != frames[id]:
            notes.append(f"{id}: {found} masks for {frames[id]} frames")
    return notes
