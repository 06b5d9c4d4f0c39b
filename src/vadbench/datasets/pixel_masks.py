"""Pixel masks of abnormal regions, in each form that benchmarks publish them in.

UCSD Ped2       a folder of grey bitmaps, `001.bmp` or `frame001.bmp`; above 0 is abnormal
UBnormal        a folder `<video>_annotations`: `<video>_0000_gt.png` has at each pixel the number of its
                object, 0 for none, and `<video>_tracks.txt` says which objects are abnormal, and when
CUHK Avenue     `N_label.mat`: `volLabel`, 1 x frames cell, each height x width, 1 where it is abnormal
ShanghaiTech    `SS_VVVV.npy`: frames x height x width, in some copies height x width x frames
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vadbench.datasets.matlab import read_cells
from vadbench.datasets.ubnormal_tracks import MASK_ENDING, find_tracks, parse_tracks
from vadbench.errors import VadbenchError
from vadbench.video.listing import frame_files

Mask = NDArray[np.bool_]
"""(H, W), true where the frame is abnormal."""

_GREY = ("1", "L", "I;16")
_LAST_NUMBER = re.compile(r"[0-9]+")


class PixelMasks:
    """The masks of one video, read frame by frame where the form allows it."""

    def __init__(self, frames: int, read: Callable[[int], Mask]) -> None:
        """`frames`: how many there are; `read`: gives the mask of a 0-based frame."""
        self.frames = frames
        self._read = read

    def frame(self, index: int) -> Mask:
        """The mask (H, W) of the 0-based frame `index`, below `frames`.

        Raises VadbenchError, naming the file, for a mask that is damaged.
        """
        if not 0 <= index < self.frames:
            raise IndexError(f"frame {index} of {self.frames} masks")
        return self._read(index)

    def __iter__(self) -> Iterator[Mask]:
        return map(self.frame, range(self.frames))


def open_masks(path: Path, frames: int) -> PixelMasks:
    """The masks of a video.

    Args:
        path: the folder or file that `Masks.path` names below `data_root`.
        frames: how many the video has; by them an array is recognised that has its frames in the last axis.

    Raises:
        VadbenchError: naming the file, where it is missing, damaged or of no known form.
    """
    if path.is_dir():
        return _open_folder(path)
    if path.suffix == ".mat":
        cells = read_cells(path, "volLabel")
        return PixelMasks(len(cells), lambda index: _binary(cells[index], f"{path}, frame {index}"))
    if path.suffix == ".npy":
        return _open_array(path, frames)
    raise VadbenchError(f"{path}: no pixel masks; they are a folder of images, a .mat or a .npy file")


def _open_folder(folder: Path) -> PixelMasks:
    files = frame_files(folder, MASK_ENDING)
    objects = files[0].stem.endswith(MASK_ENDING)
    # Where the first ones are lost, each of the others would stand for an earlier frame.
    if int(_LAST_NUMBER.findall(files[0].stem)[-1]) > (0 if objects else 1):
        raise VadbenchError(f"{folder}: the first mask is {files[0].name}; those before it are missing")
    if objects:
        return _open_objects(folder, files)
    return PixelMasks(len(files), lambda index: _grey_values(files[index]) > 0)


def _open_objects(folder: Path, files: list[Path]) -> PixelMasks:
    """Objects are abnormal on the frames of their tracks only, and most of them never."""
    tracks = parse_tracks(find_tracks(folder))

    def read(index: int) -> Mask:
        abnormal = [track.object for track in tracks if track.first <= index <= track.last]
        return np.isin(_grey_values(files[index]), abnormal)

    return PixelMasks(len(files), read)


def _grey_values(path: Path) -> NDArray[Any]:
    """(H, W) grey values of an image."""
    from PIL import Image  # imported here: the index runs before every workflow

    try:
        with Image.open(path, formats=("BMP", "PNG")) as image:
            values = np.asarray(image if image.mode in _GREY else image.convert("RGB"))
    # Pillow's decoders raise many types for damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        raise VadbenchError(f"{path}: no image that can be read ({error}); get it again") from error
    if values.ndim == 3 and (values != values[..., :1]).any():
        raise VadbenchError(f"{path}: has colours; a mask is grey, so the values of its pixels are unknown")
    return values if values.ndim == 2 else values[..., 0]


def _open_array(path: Path, frames: int) -> PixelMasks:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror or error}; get it again") from error
    # NumPy evaluates the header as a Python literal, which fails in many ways: SyntaxError, TokenError, …
    except Exception as error:
        raise VadbenchError(f"{path}: no array that can be read ({error}); get it again") from error
    if not isinstance(array, np.ndarray) or array.ndim != 3:
        raise VadbenchError(f"{path}: no array of frames x height x width; get it again")
    first, last = array.shape[0] == frames, array.shape[2] == frames
    if first == last:
        which = (
            "both the first and the last axis have" if first else "neither the first nor the last axis has"
        )
        raise VadbenchError(f"{path}: of shape {array.shape}, of which {which} the video's {frames} frames")
    volume = array if first else array.transpose(2, 0, 1)
    return PixelMasks(frames, lambda index: _binary(volume[index], f"{path}, frame {index}"))


def _binary(values: NDArray[Any], where: str) -> Mask:
    """Where `values` is not 0. Raises VadbenchError unless they are 0 and 1, or 0 and 255."""
    mask = np.asarray(values != 0)
    most = values.max(initial=0) if values.dtype.kind in "buif" else -1
    if most not in (0, 1, 255) or (values != mask * most).any():
        raise VadbenchError(f"{where}: holds values other than 0 and 1, or 0 and 255; it is no mask")
    return mask
