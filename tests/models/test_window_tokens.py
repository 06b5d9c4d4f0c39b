"""Windows of tokens against one at a time through the model's parts; crops against plain cropping."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tiny_clip import write_architecture, write_weights
from vadbench.config import WindowScale
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.window_tokens import WindowEncoder, window_grid, window_places

_VISION = {"image_size": 32, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16}


def _load(folder: Path, **options: Any) -> ClipModel:
    architecture = write_architecture(folder, vision_cfg={**_VISION, **options.pop("vision", {})})
    return load_clip(str(architecture), str(write_weights(architecture)), device="cpu", **options)


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    """4 x 4 tokens."""
    return _load(tmp_path_factory.mktemp("square"))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    """3 x 5 tokens of 8 x 8 pixels, so that rows and columns cannot be mixed up."""
    return _load(tmp_path_factory.mktemp("wide"), vision={"image_size": [24, 40]})


def _pixels(model: ClipModel, count: int = 5) -> NDArray[np.uint8]:
    """Smooth pictures, so that resizing them is no lottery."""
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (count, 6, 6, 3), np.uint8)
    size = (model.preprocess.width, model.preprocess.height)
    return np.stack([np.asarray(Image.fromarray(picture).resize(size)) for picture in small])


def _attention(block: Any, x: torch.Tensor) -> torch.Tensor:
    """Self-attention of (tokens, width) written out."""
    width = x.shape[1]
    heads = block.attn.num_heads
    q, k, v = (x @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).split(width, dim=1)
    out = []
    for head in range(heads):
        part = slice(head * width // heads, (head + 1) * width // heads)
        weights = torch.softmax(q[:, part] @ k[:, part].T / (width // heads) ** 0.5, dim=1)
        out.append(weights @ v[:, part])
    return torch.cat(out, 1) @ block.attn.out_proj.weight.T + block.attn.out_proj.bias


def _one_window(
    model: ClipModel, pixels: NDArray[np.uint8], top: int, left: int, size: int
) -> NDArray[np.float32]:
    """A window at a place in tokens, token by token from the pixels of its patches, (D,)."""
    tower: Any = model.image_tower
    columns, patch = tower.grid_size[1], tower.patch_size[0]
    image = model.preprocess.normalise(torch.from_numpy(pixels[None]))[0]
    tokens = [tower.class_embedding + tower.positional_embedding[0]]
    for row in range(top, top + size):
        for column in range(left, left + size):
            own = image[:, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            position = tower.positional_embedding[1 + row * columns + column]
            tokens.append(tower.conv1.weight.flatten(1) @ own.flatten() + position)
    x = tower.ln_pre(torch.stack(tokens))
    for block in tower.transformer.resblocks:
        x = x + _attention(block, block.ln_1(x))
        x = x + block.mlp(block.ln_2(x))
    return (tower.ln_post(x[0]) @ tower.proj).numpy()


@pytest.mark.parametrize(
    ("name", "scales"), [("square", ["1/1", "2/2", "2/1", "3/1", "4/4"]), ("wide", ["1/1", "2/1", "3/2"])]
)
@torch.inference_mode()
def test_windows_are_those_of_a_slow_loop(
    name: str, scales: list[str], request: pytest.FixtureRequest
) -> None:
    model: ClipModel = request.getfixturevalue(name)
    parsed = [WindowScale.parse(scale) for scale in scales]
    encoder = WindowEncoder(model, parsed)
    pixels = _pixels(model, 2)
    rows, columns = model.image_tower.grid_size  # type: ignore[misc]
    for number, (size, stride) in enumerate(parsed):
        corners = [
            (top, left)
            for top in range(0, int(rows) - size + 1, stride)
            for left in range(0, int(columns) - size + 1, stride)
        ]
        slow = np.stack(
            [[_one_window(model, image, *corner, size) for corner in corners] for image in pixels]
        )
        fast = encoder.encode(number, pixels)
        assert fast.dtype == np.float32
        assert fast.shape == slow.shape == (2, int(np.prod(encoder.grids[number])), 16)
        assert np.abs(slow).max() > 0.5
        assert np.allclose(fast, slow, rtol=1e-4, atol=1e-5)


def test_a_window_of_the_whole_image_is_the_ordinary_embedding(square: ClipModel) -> None:
    encoder = WindowEncoder(square, [WindowScale(4, 4)])
    pixels = _pixels(square)
    windows = encoder.encode(0, pixels)
    assert windows.shape == (5, 1, 16)
    assert np.abs(windows[:, 0] - square.encode_images(pixels)).max() < 1e-5


def test_a_window_does_not_see_what_lies_outside(square: ClipModel) -> None:
    encoder = WindowEncoder(square, [WindowScale(2, 2)])
    pixels = _pixels(square, 1)
    changed = pixels.copy()
    changed[0, :16, :16] = 255 - changed[0, :16, :16]
    difference = np.abs(encoder.encode(0, changed) - encoder.encode(0, pixels))[0].max(axis=1)
    assert difference[0] > 1e-2
    assert difference[1:].max() < 1e-6


def test_images_beside_it_do_not_change_an_image(square: ClipModel) -> None:
    encoder = WindowEncoder(square, [WindowScale(3, 1)])
    pixels = _pixels(square, 6)
    order = [4, 0, 5, 2, 1, 3]
    together = encoder.encode(0, pixels)
    alone = np.concatenate([encoder.encode(0, pixels[number : number + 1]) for number in range(6)])
    assert np.allclose(alone, together, rtol=1e-4, atol=1e-5)
    assert np.allclose(encoder.encode(0, pixels[order]), together[order], rtol=1e-4, atol=1e-5)


def test_low_precision_gives_the_same_directions(tmp_path: Path) -> None:
    low, full = (_load(tmp_path, precision=precision) for precision in ("bf16", "fp32"))
    ours, other = (
        WindowEncoder(model, [WindowScale(2, 1)]).encode(0, _pixels(model)) for model in (low, full)
    )
    assert ours.dtype == np.float32
    cosines = (ours * other).sum(-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(other, axis=-1)
    assert 0.99 < cosines.min() < 1 - 1e-6


@pytest.mark.parametrize(("name", "scale"), [("square", "2/1"), ("wide", "3/2")])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_crops_are_cut_resized_and_encoded(
    name: str, scale: str, batch_size: int, request: pytest.FixtureRequest
) -> None:
    model: ClipModel = request.getfixturevalue(name)
    size, stride = parsed = WindowScale.parse(scale)
    encoder = WindowEncoder(model, [parsed], "crop", batch_size)
    images = _pixels(model, 2)
    height, width = model.preprocess.height, model.preprocess.width
    for image, windows in zip(images, encoder.encode(0, images), strict=True):
        plain = []
        for top in range(0, height - size * 8 + 1, stride * 8):
            for left in range(0, width - size * 8 + 1, stride * 8):
                box = (left, top, left + size * 8, top + size * 8)
                crop = Image.fromarray(image).crop(box)
                resized = crop.resize((width, height), Image.Resampling.BICUBIC)
                plain.append(model.encode_images(np.asarray(resized).copy()[None])[0])
        assert windows.shape == (len(plain), 16)
        assert np.allclose(windows, plain, rtol=1e-4, atol=1e-5)


def test_the_image_of_windows_is_the_whole_frame(square: ClipModel) -> None:
    frame = np.zeros((20, 60, 3), np.uint8)
    frame[:, :6] = 255
    whole = WindowEncoder(square, [WindowScale(2, 2)]).preprocess(frame)
    expected = Image.fromarray(frame).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.array_equal(whole[0], np.asarray(expected))
    assert whole.max() == 255
    assert square.preprocess(frame).max() == 0  # its left edge is cropped away


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_windows_stand_where_a_loop_puts_them(rows: int, columns: int, size: int, stride: int) -> None:
    scale = WindowScale(size, stride)
    tops = [top for top in range(0, rows, stride) if top + size <= rows]
    lefts = [left for left in range(0, columns, stride) if left + size <= columns]
    reached = tops and lefts and tops[-1] + size == rows and lefts[-1] + size == columns
    if not reached:
        with pytest.raises(VadbenchError, match=rf"{size}/{stride}.*{rows} x {columns} tokens"):
            window_grid((rows, columns), scale)
        return
    assert window_grid((rows, columns), scale) == (len(tops), len(lefts))
    expected = [
        [row * columns + column for row in range(top, top + size) for column in range(left, left + size)]
        for top in tops
        for left in lefts
    ]
    assert window_places((rows, columns), scale).tolist() == expected


def test_the_papers_scales_fit_its_model() -> None:
    assert window_grid((14, 14), WindowScale.parse("2/2")) == (7, 7)
    assert window_grid((14, 14), WindowScale.parse("5/3")) == (4, 4)


@pytest.mark.parametrize(("scale", "why"), [("5/3", "larger than"), ("3/2", "not reaching all edges of")])
def test_a_scale_that_does_not_fit_names_the_grid_and_what_fits(
    square: ClipModel, scale: str, why: str
) -> None:
    with pytest.raises(VadbenchError, match=rf"{why} the model's grid of 4 x 4 tokens.* 2/2, 3/1, 4/4$"):
        WindowEncoder(square, [WindowScale.parse(scale)])


def test_a_convolutional_tower_has_no_tokens(tmp_path: Path) -> None:
    model = _load(
        tmp_path, vision={"layers": [1, 1, 1, 1], "width": 16, "head_width": 16, "patch_size": None}
    )
    with pytest.raises(VadbenchError, match="ModifiedResNet"):
        WindowEncoder(model, [WindowScale(2, 2)])


def test_a_tower_that_averages_its_tokens_takes_crops_only(tmp_path: Path) -> None:
    model = _load(tmp_path, vision={"pool_type": "avg"})
    with pytest.raises(VadbenchError, match="mode: crop"):
        WindowEncoder(model, [WindowScale(2, 2)])
    assert WindowEncoder(model, [WindowScale(2, 2)], "crop").encode(0, _pixels(model, 1)).shape == (1, 4, 16)
