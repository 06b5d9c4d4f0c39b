"""Resizing of frames before they are stored."""

import numpy as np

from vadbench.video.picture import Image


def resize_short_side(image: Image, short_side: int) -> Image:
    """`image` (height, width, 3) scaled down so that its shorter side has `short_side` pixels.

    Pillow's bicubic filter with antialiasing; the longer side is rounded down, as torchvision does. An image
    that is not larger than that stays as it is: enlarging would add bytes and no detail.
    """
    height, width = image.shape[:2]
    if min(height, width) <= short_side:
        return image
    from PIL import Image as PillowImage

    size = (width * short_side // min(height, width), height * short_side // min(height, width))
    return np.asarray(PillowImage.fromarray(image).resize(size, PillowImage.Resampling.BICUBIC))
