"""Frames as bytes and back."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vadbench.errors import VadbenchError
from vadbench.stages.images import decode_image, encode_image


def _image(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_png_gives_back_every_bit(height: int, width: int, seed: int) -> None:
    image = _image(height, width, seed)
    assert np.array_equal(decode_image(encode_image(image, "png")), image)


@pytest.mark.parametrize("format", ["jpeg", "png"])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_colours_keep_their_order_for_us_and_for_others(format: str, channel: int) -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[..., channel] = 250
    encoded = encode_image(image, format)
    for decoded in (decode_image(encoded), np.asarray(Image.open(io.BytesIO(encoded.tobytes())))):
        assert decoded[..., channel].min() > 240
        assert np.delete(decoded, channel, axis=2).max() < 15


def test_jpeg_is_quality_95_with_full_colour_as_pillow_writes_it() -> None:
    image, file = _image(50, 70), io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95, subsampling=0)
    encoded = encode_image(image, "jpeg")
    ours, theirs = Image.open(io.BytesIO(encoded.tobytes())), Image.open(file)
    assert ours.quantization == theirs.quantization
    assert np.array_equal(np.asarray(ours), np.asarray(theirs))
    assert np.array_equal(decode_image(encoded), np.asarray(theirs))


def test_other_bytes_are_refused() -> None:
    with pytest.raises(VadbenchError, match="no JPEG"):
        decode_image(np.arange(100, dtype=np.uint8))


def test_an_image_that_a_format_cannot_hold_is_refused() -> None:
    wide = np.zeros((2, 70_000, 3), np.uint8)
    with pytest.raises(VadbenchError, match="70000 x 2 pixels cannot be kept as jpeg"):
        encode_image(wide, "jpeg")
    assert np.array_equal(decode_image(encode_image(wide, "png")), wide)
