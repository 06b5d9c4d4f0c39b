"""Preprocessing against open_clip's own transform and plain versions."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vadbench.config.clip import crop_names
from vadbench.errors import VadbenchError
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.preprocess import Preprocess

OPENAI = {
    "size": 224,
    "mean": (0.48145466, 0.4578275, 0.40821073),
    "std": (0.26862954, 0.26130258, 0.27577711),
    "interpolation": "bicubic",
    "resize_mode": "shortest",
}
SMALL = {**OPENAI, "size": 32}


def _image(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _open_clip(config: dict[str, object], image: NDArray[np.uint8]) -> torch.Tensor:
    open_clip = import_open_clip()
    transform = open_clip.transform.image_transform_v2(
        open_clip.transform.PreprocessCfg(**config), is_train=False
    )
    result: torch.Tensor = transform(Image.fromarray(image))
    return result


def _ours(config: dict[str, object], image: NDArray[np.uint8]) -> torch.Tensor:
    preprocess = Preprocess(config)
    return preprocess.normalise(torch.from_numpy(preprocess(image)))[0]


@pytest.mark.parametrize(
    "size", [(240, 360), (240, 320), (720, 1280), (1080, 608), (224, 224), (100, 37), (225, 223)]
)
def test_every_bit_is_that_of_open_clip(size: tuple[int, int]) -> None:
    image = _image(*size)
    assert torch.equal(_ours(OPENAI, image), _open_clip(OPENAI, image))


@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 99))
@example(height=1, width=1, seed=0)
@settings(deadline=None, max_examples=60)
def test_every_bit_is_that_of_open_clip_for_any_size(height: int, width: int, seed: int) -> None:
    image = _image(height, width, seed)
    assert torch.equal(_ours(SMALL, image), _open_clip(SMALL, image))


@pytest.mark.parametrize(
    "changes",
    [
        {"resize_mode": "squash", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
        {"resize_mode": "longest", "fill_color": 7},
        {"interpolation": "bilinear"},
        {"size": (32, 48)},
    ],
)
@pytest.mark.parametrize("size", [(50, 80), (80, 50), (20, 24)])
def test_every_bit_is_that_of_open_clip_in_the_modes_of_other_models(
    changes: dict[str, object], size: tuple[int, int]
) -> None:
    config, image = {**SMALL, **changes}, _image(*size)
    assert torch.equal(_ours(config, image), _open_clip(config, image))


def test_a_batch_is_normalised_as_its_images_alone() -> None:
    preprocess = Preprocess(SMALL)
    pixels = torch.from_numpy(np.concatenate([preprocess(_image(40, 60, seed)) for seed in range(5)]))
    single = torch.cat([preprocess.normalise(pixels[i : i + 1]) for i in range(5)])
    assert torch.equal(preprocess.normalise(pixels), single)


def _ten_crops_plainly(image: NDArray[np.uint8], size: int, larger: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = (
        (larger, int(larger * height / width)) if width < height else (int(larger * width / height), larger)
    )
    pixels = np.asarray(Image.fromarray(image).resize(scale, Image.Resampling.BICUBIC))
    height, width = pixels.shape[:2]
    top, left = round((height - size) / 2), round((width - size) / 2)
    five = [
        pixels[top : top + size, left : left + size],
        pixels[:size, :size],
        pixels[:size, -size:],
        pixels[-size:, :size],
        pixels[-size:, -size:],
    ]
    return np.stack(five + [np.fliplr(crop) for crop in five])


@pytest.mark.parametrize("size", [(240, 360), (360, 240), (300, 300), (100, 90)])
def test_ten_crops_equal_a_plain_version(size: tuple[int, int]) -> None:
    image = _image(*size)
    expected = _ten_crops_plainly(image, 224, 256)
    assert np.array_equal(Preprocess(OPENAI, crops=10)(image), expected)
    assert np.array_equal(Preprocess(OPENAI, crops=5)(image), expected[:5])


def test_crops_are_named_in_the_order_of_the_public_features() -> None:
    assert crop_names(1) == ("center",)
    assert crop_names(5) == ("center", "top_left", "top_right", "bottom_left", "bottom_right")
    assert crop_names(10)[5:] == tuple(f"{name}_mirrored" for name in crop_names(5))


def test_several_crops_are_refused_for_a_model_that_pads() -> None:
    with pytest.raises(VadbenchError, match="crops: 1"):
        Preprocess({**SMALL, "resize_mode": "longest"}, crops=10)
