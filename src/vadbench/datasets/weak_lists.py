"""Lists of ShanghaiTech's weakly supervised split (Zhong et al.), in the forms that copies of them have.

01_0015                                           SH_Train.txt, SH_Test.txt: the authors' own
01_0015,1,764                                     with a label and a count of frames (MIST)
/…/SH_Test_ten_crop_i3d/01_0015_i3d.npy           paths of features (RTFM)
train/01_0014_0.npy 1.0                           paths of features, a line per crop, with a label (PEL4VAD)
"""

import re
from pathlib import Path
from typing import NamedTuple

from vadbench.datasets.text_lines import damaged, text_lines
from vadbench.datasets.tree import Tree
from vadbench.errors import VadbenchError

TRAINING = re.compile(r"[0-9]{2}_[0-9]{3}")
"""Name of a video of the original training set; all of them are normal."""

TEST = re.compile(r"[0-9]{2}_[0-9]{4}")
"""Name of a video of the original test set; the weak lists count all of them as abnormal."""

_NAMES = {
    "train": ("SH_Train.txt", "SH_Train_new.txt", "shanghai-i3d-train-10crop.list"),
    "test": ("SH_Test.txt", "SH_Test_NEW.txt", "shanghai-i3d-test-10crop.list"),
}

_FORM = "01_0015, or a path that ends in it, with or without a label 0 or 1"

# A crop's number is one digit after an underscore, so that 01_0015 is no crop of another video. A path holds
# no blank: of lines that run together, the last video alone would be read.
_LINE = re.compile(
    r"(?:[^\s,]*[/\\])?(?P<video>[0-9]{2}_[0-9]{3,4})(?:_i3d|__?(?P<crop>[0-9]))?(?:\.(?:npy|avi|mp4))?"
    r"(?:[,\s]+(?P<label>[01])(?:\.0)?(?:[,\s]+[0-9]{1,9})?)?"
)


class WeakList(NamedTuple):
    """One list."""

    path: Path
    lines: dict[str, int]
    """Number of the line by video, in the order of the list."""


def find_weak_lists(tree: Tree) -> tuple[WeakList, WeakList] | None:
    """The training and the test list, wherever they lie; None where there is neither.

    Raises VadbenchError where there is one of the two only, or one is damaged.
    """
    train, test = (tree.file(*_NAMES[part]) for part in ("train", "test"))
    if train is None and test is None:
        return None
    if train is None or test is None:
        missing = _NAMES["train" if train is None else "test"][0]
        raise VadbenchError(f"{train or test}: has no {missing} beside it; the weak split needs both lists")
    return read_weak_list(train), read_weak_list(test)


def read_weak_list(path: Path) -> WeakList:
    """Videos of a list, in its order.

    A label must be the one that the name tells: 1 for four digits, 0 for three. Counts of frames are not
    used, for MIST's repeat, at every abnormal video, the one of the line before.

    Raises VadbenchError, naming the line, for a line of another form, a wrong label or a video that is listed
    twice; and for lists of crops where one video has others than the next.
    """
    lines: dict[str, int] = {}
    crops: dict[str, list[str | None]] = {}
    for number, line in text_lines(path):
        match = _LINE.fullmatch(line)
        if match is None:
            raise damaged(path, number, f"{line!r} names no video", _FORM)
        video, label, crop = match["video"], match["label"], match["crop"]
        if label and label != str(int(TEST.fullmatch(video) is not None)):
            raise damaged(path, number, f"label {label} of {video}, whose name says the other", _FORM)
        known = crops.setdefault(video, [])
        if crop in known or (known and None in (crop, *known)):
            raise damaged(path, number, f"{video} again, after line {lines[video]}", _FORM)
        known.append(crop)
        lines.setdefault(video, number)
    usual = sorted(map(str, next(iter(crops.values()))))
    for video, found in crops.items():
        if sorted(map(str, found)) != usual:
            raise damaged(path, lines[video], f"other crops of {video} than of the first video", _FORM)
    return WeakList(path, lines)
