"""Frame folders: numbered images as a video."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps

from vadbench.video.listing import frame_files
from vadbench.video.picture import Image, Picture, broken, changed_size

FOLDER_RATE = 10.0
"""Frames per second assumed for frame folders, which state none (UCSD Ped2's nominal rate)."""

# Named so that Pillow never hands a file to a program of its own choice, as it does for PostScript.
_FORMATS = ("TIFF", "PNG", "JPEG", "BMP")
_OPAQUE = {"1", "L", "RGB", "YCbCr", "P"}
_WITH_ALPHA = {"LA", "PA", "RGBA"}
_SIXTEEN_BIT_GREY = {"I;16", "I;16B", "I;16L"}
_BITS_PER_SAMPLE = 258  # TIFF tag


def read_folder(folder: Path) -> Generator[Picture, None, None]:
    """The images of `folder` in the order of their numbers; an image off the stride is not opened.

    `time` counts frames at `FOLDER_RATE`. Raises VadbenchError for what `frame_files` refuses, and, naming
    the frame, for an image that is damaged, of another size than the first one, or of a kind whose brightness
    is not defined.
    """
    first: list[tuple[int, int]] = []

    def load(index: int, path: Path) -> Image:
        image = _load(folder, index, path)
        size = (image.shape[1], image.shape[0])
        first.append(size)
        if size != first[0]:
            raise changed_size(folder, index, size, first[0])
        return image

    for index, path in enumerate(frame_files(folder)):
        yield Picture(index / FOLDER_RATE, partial(load, index, path))


def _load(folder: Path, index: int, path: Path) -> Image:
    try:
        with PillowImage.open(path, formats=_FORMATS) as image:
            _refuse_undefined(image)
            return _rgb(ImageOps.exif_transpose(image))
    # Pillow's decoders raise many types for damaged files, SyntaxError and struct.error among them.
    except Exception as error:
        raise broken(folder, index, f"{path.name}: {str(error) or type(error).__name__}") from error


def _refuse_undefined(image: PillowImage.Image) -> None:
    """Raise ValueError for an image whose brightness or picture would be a guess."""
    if getattr(image, "n_frames", 1) > 1:
        raise ValueError("holds several pictures; a frame is one")
    if image.mode not in _OPAQUE | _WITH_ALPHA | _SIXTEEN_BIT_GREY:
        raise ValueError(f"has pixels of mode {image.mode}; allowed are grey (8 or 16 bit), RGB and palette")
    # Pillow opens 12-bit TIFF in a 16-bit mode without scaling it.
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    if image.mode in _SIXTEEN_BIT_GREY and tuple(bits) != (16,):
        raise ValueError(f"has {bits[0]} bits a pixel; allowed are 8 and 16")


def _rgb(image: PillowImage.Image) -> Image:
    """RGB pixels. Raises ValueError where some are transparent: they have no colour."""
    if image.mode in _SIXTEEN_BIT_GREY and "transparency" not in image.info:
        # The upper byte, as Pillow reads 16-bit RGB; its conversion of grey would clip at 255.
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if np.asarray(image)[..., 3].min() < 255:
            raise ValueError("has transparent pixels, whose colour is not defined; flatten it first")
    return np.asarray(image.convert("RGB"))
