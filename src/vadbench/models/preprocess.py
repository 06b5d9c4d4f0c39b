"""From an RGB frame to the pixels a CLIP tower takes, equal to open_clip's own transform bit by bit.

The geometry (resize, crop) is open_clip's transform itself on PIL images; the tail (to float, normalise) runs
on whole batches, on the device, since PIL's resize is what limits the rate.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vadbench.config.clip import crop_names
from vadbench.errors import VadbenchError
from vadbench.models.open_clip_import import import_open_clip

_DESCRIBED = ("size", "mean", "std", "interpolation", "resize_mode")
# Five and ten crops are taken from an image this much larger: 256 to a tower's 224, as the public features of
# VadCLIP and UR-DMU were made.
_MARGIN = 256 / 224


class Preprocess:
    """Crops of a frame as uint8, and their normalisation.

    One crop is what open_clip's evaluation transform gives. Five and ten are cut out of an image 256/224
    times as large, so that the corners differ; their centre crop therefore shows less than the single one.
    """

    def __init__(self, config: Mapping[str, Any], crops: int = 1) -> None:
        """`config`: open_clip's preprocess_cfg of a model (size, mean, std, interpolation, resize_mode)."""
        open_clip = import_open_clip()
        self._config = config
        transform = open_clip.transform.image_transform_v2(
            open_clip.transform.PreprocessCfg(**config), is_train=False
        )
        # The last two steps are to-tensor and normalise, in every mode.
        self._geometry: Sequence[Any] = transform.transforms[:-2]
        size = config["size"]
        self.height, self.width = (size, size) if isinstance(size, int) else tuple(size)
        self.crops = crop_names(crops)
        self.description = {**{key: config[key] for key in _DESCRIBED}, "resizer": "Pillow"}
        if crops > 1:
            self._geometry = _enlarged(config, self.height, self.width)
        self._mean = torch.tensor(config["mean"], dtype=torch.float32).view(1, 3, 1, 1)
        self._std = torch.tensor(config["std"], dtype=torch.float32).view(1, 3, 1, 1)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(H, W, 3) RGB uint8 of any size -> (crops, height, width, 3) RGB uint8."""
        picture: Any = Image.fromarray(image)
        for step in self._geometry:
            picture = step(picture)
        # A copy: torch wants memory it could write to.
        pixels = np.array(picture)
        if len(self.crops) == 1:
            return pixels[None]
        cuts = np.stack([pixels[self._window(pixels.shape, position)] for position in crop_names(5)])
        return cuts if len(self.crops) == 5 else np.concatenate([cuts, cuts[:, :, ::-1]])

    def of_whole_frames(self) -> "Preprocess":
        """The same for whole frames: resized to the model's input, whatever their shape, and not cropped."""
        return Preprocess({**self._config, "resize_mode": "squash"})

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """(n, height, width, 3) uint8 -> (n, 3, height, width) float32, on the device of `pixels`."""
        scaled = pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255)
        return scaled.sub_(self._mean.to(pixels.device)).div_(self._std.to(pixels.device))

    def _window(self, shape: tuple[int, ...], position: str) -> tuple[slice, slice]:
        spare_y, spare_x = shape[0] - self.height, shape[1] - self.width
        # Rounded like torchvision's centre crop.
        top = round(spare_y / 2) if position == "center" else spare_y * position.startswith("bottom")
        left = round(spare_x / 2) if position == "center" else spare_x * position.endswith("right")
        return slice(top, top + self.height), slice(left, left + self.width)


def _enlarged(config: Mapping[str, Any], height: int, width: int) -> list[Any]:
    """The transform's resize, to an image larger by the margin."""
    open_clip = import_open_clip()
    if config.get("resize_mode") == "longest":
        raise VadbenchError(
            "crops: 5 and 10 need a model that fills its input; this one pads it, so use crops: 1"
        )
    size = (round(height * _MARGIN), round(width * _MARGIN))
    larger = open_clip.transform.PreprocessCfg(**{**config, "size": size})
    steps = open_clip.transform.image_transform_v2(larger, is_train=False).transforms
    return [steps[0], open_clip.transform.MaybeConvertMode()]
