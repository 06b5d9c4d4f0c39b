"""ShanghaiTech Campus as published: training videos, folders of test frames and a mask of the frames of each.

<folder>/training/videos/SS_VVV.avi            or training/frames/SS_VVV/, where frames were extracted
         testing/frames/SS_VVVV/000.jpg …
         testing/test_frame_mask/SS_VVVV.npy   0 or 1 for each frame
         testing/test_pixel_mask/SS_VVVV.npy   0 or 1 for each pixel, optional
         SH_Train.txt, SH_Test.txt             the weakly supervised split, anywhere below the folder

The digits of the number tell the original training (three) from the original test videos (four).
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vadbench.config import ShanghaiTechData
from vadbench.datasets.annotations import SplitLists, VideoAnnotation
from vadbench.datasets.arrays import frame_flags, read_array
from vadbench.datasets.dataset import ABNORMAL, NORMAL, Dataset, frame_annotation, relative_path
from vadbench.datasets.entries import VideoEntry
from vadbench.datasets.published import Count, check_apart, names_digest, published_frames, published_table
from vadbench.datasets.tree import FoundVideo, Tree, first_folder, list_tree, listed_videos, one_form
from vadbench.datasets.weak_lists import TEST, TRAINING, WeakList, find_weak_lists
from vadbench.errors import VadbenchError

Labels = Mapping[str, NDArray[np.bool_]]
"""(frames,) true where the frame is abnormal, by test video."""

_SCENES = (83, 15, 6, 20, 66, 30, 8, 49, 10, 11, 10, 15, 7)
PUBLISHED_TRAINING = tuple(
    f"{scene:02d}_{number:03d}" for scene, count in enumerate(_SCENES, 1) for number in range(1, count + 1)
)
"""The 330 training videos, which are numbered without gaps in each of the 13 scenes."""

WEAK_DIGESTS = (
    "ea8a43bc2cf7353d3ac16c0707d48c97571b7d000e83d46b747ba08ce0aa7783",
    "3480f2401cc5659204bcfb317c891554a434a34eda384ae6b34fcee6364565a3",
)
"""Digests of the names in the lists of Zhong et al., training and test."""

_ELSEWHERE = "get it from the archive"


def read(data: ShanghaiTechData, data_root: Path) -> Dataset:
    """ShanghaiTech Campus below `data_root`.

    Splits: `one_class`, the published one; `weak`, that of Zhong et al., where its lists are there.

    Raises VadbenchError where the folder, a mask or a line of a list is missing or damaged, where masks of
    the published videos are not the published ones, or where lists and masks contradict each other.
    """
    folder = first_folder(data_root, data.folders, "ShanghaiTech Campus")
    tree, notes = _published_form(list_tree(folder))
    labels = _frame_masks(tree)
    weak = find_weak_lists(tree)
    published = labels.keys() == published_table("shanghaitech").keys()
    training = PUBLISHED_TRAINING if published else _training(tree, weak)
    _check_masked(tree, labels)
    _check_weak(weak, training, labels)
    entries, missing = listed_videos(tree, {id: id for id in (*training, *labels)}, data_root)
    images = _image_counts(entries, data_root)
    known = {**images, **(published_frames("shanghaitech_weak") if published else {})}
    masks = _pixel_masks(tree, labels, data_root)
    return Dataset(
        entries=tuple(entries),
        classes=(NORMAL, ABNORMAL),
        splits=_splits(training, labels, weak),
        videos={
            **{id: VideoAnnotation(classes=(), intervals=(), frames=known.get(id)) for id in training},
            **{id: frame_annotation(flags) for id, flags in labels.items()},
        },
        masks=masks,
        counts=(*_counts(training, labels, published), *_weak_counts(weak, labels, published)),
        missing=missing,
        lacking={} if weak else {"weak": "SH_Train.txt and SH_Test.txt of Zhong et al. are not there"},
        notes=(
            *notes,
            *_list_notes(weak, training, labels, published),
            *_video_notes(tree, entries, labels, images),
            *_mask_notes(masks, labels),
        ),
    )


def _published_form(tree: Tree) -> tuple[Tree, list[str]]:
    """Training videos are published as files, test videos as frames; many a copy has both."""
    by_part: dict[bool, list[FoundVideo]] = {True: [], False: []}
    for video in tree.videos:
        by_part[TEST.fullmatch(video.name) is not None].append(video)
    test, framed = one_form(by_part[True], files=False)
    others, filed = one_form(by_part[False], files=True)
    notes = list(tree.notes)
    if filed:
        notes.append(f"{len(filed)} training videos are there as files and as frames; the files are read")
    if framed:
        notes.append(f"{len(framed)} test videos are there as files and as frames; the frames are read")
    return replace(tree, videos=(*others, *test)), notes


def _frame_masks(tree: Tree) -> dict[str, NDArray[np.bool_]]:
    """Labels by test video, sorted. Masks of the published videos must be the published ones to the bit."""
    paths: dict[str, Path] = {}
    for path in tree.files:
        if path.parent.name != "test_frame_mask" or path.suffix != ".npy":
            continue
        if not TEST.fullmatch(path.stem):
            raise VadbenchError(f"{path}: is no mask of a test video, as 01_0014.npy would be; rename it")
        if path.stem in paths:
            raise VadbenchError(f"{paths[path.stem]} and {path} are masks of one video; keep the right one")
        paths[path.stem] = path
    if not paths:
        raise VadbenchError(f"{tree.root}: holds no testing/test_frame_mask/SS_VVVV.npy; put the masks there")
    labels = {id: frame_flags(read_array(path), path) for id, path in sorted(paths.items())}
    table = published_table("shanghaitech")
    if labels.keys() == table.keys():
        for id, flags in labels.items():
            _check_published(paths[id], flags, *table[id])
    return labels


def _check_published(path: Path, flags: NDArray[np.bool_], frames: int, abnormal: int, crc: int) -> None:
    """These files have no checksum of their own: a damaged label would go unseen."""
    if zlib.crc32(flags.tobytes()) != crc:
        found = f"{int(flags.sum())} of {len(flags)} frames are abnormal"
        raise VadbenchError(
            f"{path}: differs from the published mask ({found}, published are {abnormal} of {frames}); "
            f"{_ELSEWHERE}"
        )


def _training(tree: Tree, weak: Iterable[WeakList] | None) -> tuple[str, ...]:
    """Training videos of other lists than the published: what is on disk, and what the weak lists name."""
    names = {video.name for video in tree.videos}.union(*(weak_list.lines for weak_list in weak or ()))
    training = tuple(sorted(name for name in names if TRAINING.fullmatch(name)))
    if not training:
        raise VadbenchError(f"{tree.root}: holds no training/videos/SS_VVV.avi; put the videos there")
    return training


def _check_masked(tree: Tree, labels: Labels) -> None:
    for video in tree.videos:
        if TEST.fullmatch(video.name) and video.name not in labels:
            mask = f"test_frame_mask/{video.name}.npy"
            raise VadbenchError(f"{video.path}: is a test video without its {mask}; {_ELSEWHERE}")


def _check_weak(weak: tuple[WeakList, WeakList] | None, training: Iterable[str], labels: Labels) -> None:
    """Each listed video exists, is listed once, and is abnormal by its mask if it is by its name."""
    known = {*training, *labels}
    for path, lines in weak or ():
        for video, number in lines.items():
            if video not in known:
                raise VadbenchError(
                    f"{path}, line {number}: {video} is no video of ShanghaiTech; correct the list"
                )
            if video in labels and not labels[video].any():
                raise VadbenchError(
                    f"{path}, line {number}: {video} is abnormal by the digits of its name, but its mask "
                    f"marks no frame; correct one of them"
                )
    if weak:
        check_apart([*weak[0].lines], [*weak[1].lines], f"{weak[0].path} and {weak[1].path.name}")


def _splits(
    training: tuple[str, ...], labels: Labels, weak: tuple[WeakList, WeakList] | None
) -> dict[str, SplitLists]:
    splits = {"one_class": SplitLists(supervision="one_class", train=training, test=tuple(labels))}
    if weak:
        train, test = (tuple(one.lines) for one in weak)
        splits["weak"] = SplitLists(supervision="weak", train=train, test=test)
    return splits


def _pixel_masks(tree: Tree, labels: Labels, data_root: Path) -> dict[str, str]:
    return {
        path.stem: relative_path(path, data_root)
        for path in tree.files
        if path.parent.name == "test_pixel_mask" and path.suffix == ".npy" and path.stem in labels
    }


def _image_counts(entries: Iterable[VideoEntry], data_root: Path) -> dict[str, int]:
    """Images of the videos that are folders of frames."""
    return {entry.id: entry.bytes for entry in entries if entry.bytes and (data_root / entry.path).is_dir()}


def _counts(training: tuple[str, ...], labels: Labels, published: bool) -> tuple[Count, ...]:
    figures = (
        ("training videos", len(training), 330),
        ("test videos", len(labels), 107),
        ("test frames", sum(map(len, labels.values())), 40791),
        ("abnormal test frames", sum(int(flags.sum()) for flags in labels.values()), 17326),
        ("test videos abnormal from end to end", sum(bool(flags.all()) for flags in labels.values()), 1),
    )
    return tuple(Count(what, found, figure if published else None) for what, found, figure in figures)


def _weak_published(weak: tuple[WeakList, WeakList] | None) -> bool:
    return weak is not None and tuple(names_digest(one.lines) for one in weak) == WEAK_DIGESTS


def _weak_counts(
    weak: tuple[WeakList, WeakList] | None, labels: Labels, published: bool
) -> tuple[Count, ...]:
    if not weak:
        return ()
    abnormal = [[id for id in one.lines if id in labels] for one in weak]
    tested = [labels[id] for id in abnormal[1]]
    figures = (
        ("training videos (weak)", len(weak[0].lines), 238),
        ("abnormal training videos (weak)", len(abnormal[0]), 63),
        ("test videos (weak)", len(weak[1].lines), 199),
        ("abnormal test videos (weak)", len(abnormal[1]), 44),
        ("frames of abnormal test videos (weak)", sum(map(len, tested)), 17472),
        ("abnormal test frames (weak)", sum(int(flags.sum()) for flags in tested), 7962),
    )
    known = published and _weak_published(weak)
    return tuple(Count(what, found, figure if known else None) for what, found, figure in figures)


def _list_notes(
    weak: tuple[WeakList, WeakList] | None, training: tuple[str, ...], labels: Labels, published: bool
) -> list[str]:
    notes = []
    if not published:
        known = sum(id in published_table("shanghaitech") for id in labels)
        notes.append(
            f"other test videos than the published 107: {known} of them and {len(labels) - known} others; "
            f"they are checked against themselves"
        )
    if weak and not _weak_published(weak):
        notes.append("weak split: other lists than those of Zhong et al.; checked against the masks alone")
    if weak:
        unlisted = {*training, *labels} - {*weak[0].lines, *weak[1].lines}
        notes += _named(unlisted, "videos are in neither list of the weak split")
    return notes


def _video_notes(
    tree: Tree, entries: Iterable[VideoEntry], labels: Labels, images: Mapping[str, int]
) -> list[str]:
    """Videos that no list names, and folders that hold more or fewer frames than their mask."""
    notes = _named(
        {video.name for video in tree.videos} - {entry.id for entry in entries}, "videos are in no list"
    )
    for id, flags in labels.items():
        if images.get(id, len(flags)) != len(flags):
            notes.append(f"{id}: {images[id]} images, its mask has {len(flags)} frames")
    return notes


def _mask_notes(masks: Mapping[str, str], labels: Labels) -> list[str]:
    if not masks:
        return ["no pixel masks (testing/test_pixel_mask); they are needed for TIoU alone"]
    return _named(labels.keys() - masks.keys(), "test videos are without a pixel mask")


def _named(ids: Iterable[str], what: str) -> list[str]:
    ids = sorted(ids)
    some = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
    return [f"{len(ids)} {what}: {some}"] if ids else []
