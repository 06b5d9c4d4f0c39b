"""Pixel masks in each published form."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from real_scripts import load_script
from scipy.io import savemat

from miniatures import avenue, ped2, ubnormal
from miniatures.avenue import cells
from vadbench.config import AvenueData, Ped2Data, UbnormalData
from vadbench.datasets import avenue as avenue_dataset
from vadbench.datasets import ped2 as ped2_dataset
from vadbench.datasets import ubnormal as ubnormal_dataset
from vadbench.datasets.dataset import Dataset
from vadbench.datasets.ped2 import PUBLISHED_FRAMES, parse_label_file
from vadbench.datasets.pixel_masks import PixelMasks, open_masks
from vadbench.errors import VadbenchError
from vadbench.metrics.boxes import component_boxes

RANDOM = np.random.default_rng(0).random((5, 4, 6)) > 0.7
"""(frames, height, width) of masks."""


def _read(masks: PixelMasks) -> np.ndarray:
    found = list(masks)
    assert len(found) == masks.frames
    assert all(mask.dtype == np.bool_ for mask in found)
    np.testing.assert_array_equal(masks.frame(masks.frames - 1), found[-1])
    with pytest.raises(IndexError):
        masks.frame(masks.frames)
    return np.array(found)


@pytest.mark.parametrize("name", ["{:03d}.bmp", "frame{:03d}.bmp", "{}.png"])
def test_a_folder_of_bitmaps(tmp_path: Path, name: str) -> None:
    for number, mask in enumerate(RANDOM, 1):
        Image.fromarray(mask.astype(np.uint8) * (200 + number)).save(tmp_path / name.format(number))
    (tmp_path / "._001.bmp").write_bytes(b"litter")
    np.testing.assert_array_equal(_read(open_masks(tmp_path, 5)), RANDOM)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "I;16"])
def test_bitmaps_of_other_modes(tmp_path: Path, mode: str) -> None:
    for number, mask in enumerate(RANDOM):
        grey = Image.fromarray(mask.astype(np.uint8) * 255)
        image = Image.fromarray(mask.astype(np.uint16) * 300) if mode == "I;16" else grey.convert(mode)
        image.save(tmp_path / f"{number:03d}.png")
    np.testing.assert_array_equal(_read(open_masks(tmp_path, 5)), RANDOM)


def test_objects_are_abnormal_within_their_tracks_only(tmp_path: Path) -> None:
    folder = tmp_path / "v_annotations"
    folder.mkdir()
    ids = np.random.default_rng(1).integers(0, 5, (6, 4, 6), dtype=np.uint8)
    for frame, pixels in enumerate(ids):
        Image.fromarray(pixels).save(folder / f"v_{frame:04d}_gt.png")
    (folder / "v_tracks.txt").write_text("2,1,3\n4,3,3\n2,5,5\n")
    expected = np.zeros(ids.shape, bool)
    for number, first, last in ((2, 1, 3), (4, 3, 3), (2, 5, 5)):
        for frame in range(first, last + 1):
            expected[frame] |= ids[frame] == number
    np.testing.assert_array_equal(_read(open_masks(folder, 6)), expected)


@pytest.mark.parametrize("factor", [1, 255])
def test_arrays_in_both_orders(tmp_path: Path, factor: int) -> None:
    values = RANDOM.astype(np.uint8) * factor
    np.save(tmp_path / "01_0014.npy", values)
    np.testing.assert_array_equal(_read(open_masks(tmp_path / "01_0014.npy", 5)), RANDOM)
    np.save(tmp_path / "01_0014.npy", values.transpose(1, 2, 0))
    np.testing.assert_array_equal(_read(open_masks(tmp_path / "01_0014.npy", 5)), RANDOM)


def test_cells_of_masks(tmp_path: Path) -> None:
    savemat(tmp_path / "1_label.mat", {"volLabel": cells(RANDOM.astype(np.uint8))})
    np.testing.assert_array_equal(_read(open_masks(tmp_path / "1_label.mat", 5)), RANDOM)


def test_only_the_frame_asked_for_is_read(tmp_path: Path) -> None:
    for number, mask in enumerate(RANDOM, 1):
        Image.fromarray(mask).save(tmp_path / f"{number:03d}.bmp")
    (tmp_path / "002.bmp").write_bytes(b"damaged")
    masks = open_masks(tmp_path, 5)
    np.testing.assert_array_equal(masks.frame(2), RANDOM[2])
    with pytest.raises(VadbenchError, match=re.escape(f"{tmp_path / '002.bmp'}: no image that can be read")):
        masks.frame(1)


def _array(path: Path, values: np.ndarray) -> Path:
    np.save(path / "m.npy", values)
    return path / "m.npy"


def _images(path: Path, *names: str, mode: str = "L") -> Path:
    folder = path / "v_annotations"
    folder.mkdir()
    for name in names:
        Image.new(mode, (6, 4), 0 if mode == "L" else (9, 0, 0)).save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: _array(path, np.zeros((6, 4, 7), bool)), "neither the first nor the last axis has the"),
        (lambda path: _array(path, np.zeros((5, 4, 5), bool)), "both the first and the last axis have the"),
        (lambda path: _array(path, np.zeros((5, 4), bool)), "no array of frames x height x width"),
        (lambda path: _array(path, np.full((5, 4, 6), 3)), "frame 0: holds values other than 0 and 1"),
        (lambda path: _array(path, np.full((5, 4, 6), np.nan)), "frame 0: holds values other than 0 and 1"),
        (lambda path: _array(path, np.array([[[1, 255]]] * 5)), "frame 0: holds values other than 0 and 1"),
        (lambda path: _array(path, np.array([[[1, -1]]] * 5)), "frame 0: holds values other than 0 and 1"),
        (lambda path: _images(path, "001.bmp", "003.bmp"), "number 2 is missing"),
        (lambda path: _images(path, "002.bmp", "003.bmp"), "the first mask is 002.bmp; those before it"),
        (lambda path: _images(path, "v_0001_gt.png"), "the first mask is v_0001_gt.png"),
        (lambda path: _images(path, "v_0000_gt.png"), "holds no v_new_tracks.txt or v_tracks.txt"),
        (lambda path: _images(path, "001.png", mode="RGB"), "001.png: has colours"),
        (lambda path: path / "absent.npy", "absent.npy: No such file"),
        (lambda path: path / "absent", "no pixel masks; they are a folder"),
    ],
)
def test_masks_that_cannot_be_read_are_named(tmp_path: Path, make: object, words: str) -> None:
    assert callable(make)
    path = make(tmp_path)
    with pytest.raises(VadbenchError, match=re.escape(words)) as caught:
        open_masks(path, 5).frame(0)
    assert str(path) in str(caught.value)


def test_a_truncated_array_and_pickled_objects_are_refused(tmp_path: Path) -> None:
    path = _array(tmp_path, RANDOM)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VadbenchError, match="no array that can be read"):
        open_masks(path, 5)
    np.save(path, np.array([[[open]]], dtype=object), allow_pickle=True)
    with pytest.raises(VadbenchError, match="no array that can be read"):
        open_masks(path, 1)


@pytest.mark.parametrize(
    ("miniature", "read"),
    [
        (ped2, lambda root: ped2_dataset.read(Ped2Data(), root)),
        (avenue, lambda root: avenue_dataset.read(AvenueData(), root)),
        (ubnormal, lambda root: ubnormal_dataset.read(UbnormalData(), root)),
    ],
)
def test_masks_of_miniatures_agree_with_frame_labels(tmp_path: Path, miniature: object, read: object) -> None:
    miniature.write(tmp_path)  # type: ignore[attr-defined]
    found: Dataset = read(tmp_path)  # type: ignore[operator]
    assert found.masks
    for id, path in found.masks.items():
        frames = found.videos[id].frames
        assert frames is not None
        truth = np.zeros(frames, bool)
        for start, end in found.videos[id].intervals or ():
            truth[start:end] = True
        masks = _read(open_masks(tmp_path / path, frames))
        np.testing.assert_array_equal(masks.any(axis=(1, 2)), truth)
        # The square of every event, and nothing of the normal object beside it.
        boxes = {tuple(box) for mask in masks for box in component_boxes(mask).tolist()}
        assert boxes == {(32, 16, 64, 48)}


@pytest.mark.real
def test_every_real_mask_of_ped2_agrees_with_its_label(real_data: Path, tmp_path: Path) -> None:
    script = load_script(real_data / "ped2" / "unpack.py")
    labels = parse_label_file(real_data / "ped2" / "labels" / "UCSDped2.m")
    abnormal = 0
    for number, intervals in enumerate(labels, 1):
        clip = f"Test{number:03d}"
        folder = tmp_path / f"{clip}_gt"
        folder.mkdir()
        name = "frame{:03d}.bmp" if clip in script.FRAME_PREFIX else "{:03d}.bmp"
        published = script.clip_masks(clip)
        for frame, mask in enumerate(published, 1):
            (folder / name.format(frame)).write_bytes(script.bmp_bytes(mask))
        masks = _read(open_masks(folder, len(published)))
        np.testing.assert_array_equal(masks, published == 1)
        truth = np.zeros(PUBLISHED_FRAMES[clip], bool)
        for start, end in intervals:
            truth[start:end] = True
        np.testing.assert_array_equal(masks.any(axis=(1, 2)), truth)
        abnormal += int(truth.sum())
    assert (len(labels), abnormal) == (12, 1648)


@pytest.mark.real
def test_real_masks_of_avenue(real_data: Path) -> None:
    script = load_script(real_data / "avenue" / "read_masks.py")
    for number, frames, abnormal in ((20, 273, 154), (21, 76, 53)):
        masks = _read(open_masks(real_data / "avenue" / "masks" / f"{number}_label.mat", frames))
        assert masks.shape == (frames, 360, 640)
        assert masks.any(axis=(1, 2)).sum() == abnormal
        np.testing.assert_array_equal(masks, script.load(number) == 1)
