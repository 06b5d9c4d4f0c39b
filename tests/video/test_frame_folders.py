"""Frame folders: the order of their frames, and images that are read as they are meant or not at all."""

import random
from pathlib import Path

import numpy as np
import pytest
from clip_files import number_of, numbered_image, read_numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from vadbench.errors import VadbenchError
from vadbench.video import open_video, probe
from vadbench.video.listing import frame_files


def write_folder(folder: Path, names: list[str]) -> Path:
    """Images numbered by their place in `names`."""
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        PillowImage.fromarray(numbered_image(number)).save(folder / name)
    return folder


def first_image(folder: Path) -> np.ndarray:
    with open_video(folder) as reader:
        return next(reader.frames()).image


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:03d}.tif" for number in range(1, 13)],
        [f"frame{number:03d}.png" for number in range(12)],
        [f"{number}.jpg" for number in range(5, 17)],
        [f"cam-2_{number}.BMP" for number in range(98, 110)],
        ["1.jpg", "02.png", "3.bmp", "0004.tif"],
    ],
    ids=["padded", "prefixed", "unpadded", "growing", "mixed"],
)
def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path, names: list[str]) -> None:
    folder = write_folder(tmp_path / "clip", names)
    assert read_numbers(folder) == list(range(len(names)))
    assert read_numbers(folder, stride=5) == list(range(0, len(names), 5))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 120), st.sampled_from(["", "img_", "7-"]), st.randoms())
def test_any_whole_numbering_is_put_in_order(
    tmp_path_factory: pytest.TempPathFactory, first: int, count: int, prefix: str, order: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("frames")
    numbers = list(range(first, first + count))
    order.shuffle(numbers)
    for number in numbers:
        (folder / f"{prefix}{number}.png").touch()
    assert [int(path.stem.removeprefix(prefix)) for path in frame_files(folder)] == sorted(numbers)


def test_litter_and_other_files_are_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", ["001.tif", "002.tif"])
    for name in ("._001.tif", ".DS_Store", "UCSDped2.m~", "notes.txt", "Thumbs.db"):
        (folder / name).write_bytes(b"litter")
    (folder / "003.tif").mkdir()
    assert read_numbers(folder) == [0, 1]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["001.tif", "002.tif", "004.tif"], "number 3 is missing between 002.tif and 004.tif"),
        (["1.png", "01.png"], "01.png and 1.png have the same frame number"),
        (["001.tif", "001.png"], "001.png and 001.tif have the same frame number"),
        (["a_001.png", "b_002.png"], "a_001.png and b_002.png are not of one series"),
        (["001.png", "002.png", "cover.png"], "cover.png has no frame number"),
        ([], "holds no frames"),
    ],
)
def test_a_folder_whose_order_is_in_doubt_is_refused(tmp_path: Path, names: list[str], words: str) -> None:
    folder = write_folder(tmp_path / "clip", names)
    with pytest.raises(VadbenchError) as caught:
        read_numbers(folder)
    assert words in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_change_of_size_names_the_frame(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", ["1.png", "2.png", "3.png"])
    PillowImage.fromarray(numbered_image(2, 80, 48)).save(folder / "3.png")
    with pytest.raises(VadbenchError, match=r"clip: frame 2: is 80x48 .* 64x48"):
        read_numbers(folder)


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "bmp"])
def test_damaged_images_name_folder_frame_and_file(tmp_path: Path, suffix: str) -> None:
    names = [f"{number:03d}.{suffix}" for number in range(1, 6)]
    folder = write_folder(tmp_path / "clip", names)
    data = (folder / names[3]).read_bytes()
    for content in (b"", data[: len(data) // 2], b"no image at all"):
        (folder / names[3]).write_bytes(content)
        with pytest.raises(VadbenchError, match=rf"clip: frame 3: {names[3]}") as caught:
            read_numbers(folder)
        assert "\n" not in str(caught.value)


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64 * 48).astype(np.uint16).reshape(48, 64)
    expected = np.repeat((ramp >> 8).astype(np.uint8)[..., None], 3, axis=2)
    for name in ("1.png", "1.tif"):
        folder = tmp_path / name
        folder.mkdir()
        PillowImage.fromarray(ramp).save(folder / name)
        np.testing.assert_array_equal(first_image(folder), expected)


def test_sixteen_bit_tiff_of_either_byte_order(tmp_path: Path) -> None:
    ramp = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20
    for order in "<>":
        folder = tmp_path / ("big" if order == ">" else "little")
        folder.mkdir()
        mode = "I;16B" if order == ">" else "I;16"
        data = ramp.astype(f"{order}u2").tobytes()
        PillowImage.frombytes(mode, (64, 48), data).save(folder / "1.tif")
        np.testing.assert_array_equal(first_image(folder)[..., 0], ramp >> 8)


def test_grey_palette_and_bilevel_images_become_rgb(tmp_path: Path) -> None:
    grey = PillowImage.fromarray(numbered_image(77)).convert("L")
    for mode in ("L", "1", "P"):
        folder = tmp_path / mode
        folder.mkdir()
        image = grey.convert(mode)
        image.save(folder / "1.png")
        read = first_image(folder)
        np.testing.assert_array_equal(read, np.asarray(image.convert("RGB")))
        assert number_of(read) == 77


def test_a_palette_of_colours_is_looked_up(tmp_path: Path) -> None:
    image = PillowImage.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.save(tmp_path / "1.png")
    assert first_image(tmp_path)[0, 0].tolist() == [200, 100, 50]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_dropped_where_it_hides_nothing(tmp_path: Path, mode: str) -> None:
    image = PillowImage.fromarray(numbered_image(5)).convert(mode)
    image.save(tmp_path / "1.png")
    assert number_of(first_image(tmp_path)) == 5


def _transparent(kind: str) -> PillowImage.Image:
    if kind == "palette":
        image = PillowImage.fromarray(numbered_image(5)).convert("P")
        image.info["transparency"] = 0
        return image
    if kind == "colour key":
        image = PillowImage.new("RGB", (8, 8))
        image.info["transparency"] = (0, 0, 0)
        return image
    if kind == "16 bit":
        image = PillowImage.fromarray(np.zeros((8, 8), np.uint16))
        image.info["transparency"] = 0
        return image
    image = PillowImage.fromarray(numbered_image(5)).convert(kind)
    image.putalpha(254)
    return image


@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette", "colour key", "16 bit"])
def test_transparent_pixels_are_refused(tmp_path: Path, kind: str) -> None:
    image = _transparent(kind)
    image.save(tmp_path / "1.png", transparency=image.info.get("transparency"))
    with pytest.raises(VadbenchError, match=r"frame 0: 1\.png: .*transparent"):
        first_image(tmp_path)


@pytest.mark.parametrize("mode", ["F", "I", "CMYK", "LAB"])
def test_images_without_a_defined_brightness_are_refused(tmp_path: Path, mode: str) -> None:
    PillowImage.new(mode, (8, 8)).save(tmp_path / "1.tif")
    with pytest.raises(VadbenchError, match=rf"frame 0: 1\.tif: .*mode {mode}"):
        first_image(tmp_path)


def test_twelve_bit_tiff_is_refused(tmp_path: Path) -> None:
    """Pillow opens it in a 16-bit mode without scaling: it would come out black."""
    path = tmp_path / "1.tif"
    PillowImage.fromarray(np.full((8, 8), 4095, np.uint16)).save(path)
    data = path.read_bytes()
    entry = data.index(bytes([2, 1, 3, 0, 1, 0, 0, 0, 16, 0]))  # BitsPerSample, SHORT, one value: 16
    path.write_bytes(data[: entry + 8] + bytes([12]) + data[entry + 9 :])
    with pytest.raises(VadbenchError, match=r"12 bits a pixel"):
        first_image(tmp_path)


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_several_pictures_in_one_file_are_refused(tmp_path: Path, suffix: str) -> None:
    images = [PillowImage.fromarray(numbered_image(number)) for number in (1, 2)]
    images[0].save(tmp_path / f"1.{suffix}", save_all=True, append_images=images[1:])
    with pytest.raises(VadbenchError, match="several pictures"):
        first_image(tmp_path)


@pytest.mark.parametrize("suffix", ["jpg", "tif", "png"])
def test_the_orientation_of_a_camera_is_applied(tmp_path: Path, suffix: str) -> None:
    image = PillowImage.fromarray(numbered_image(9)).rotate(90, expand=True)
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # turn right to see it upright
    image.save(tmp_path / f"1.{suffix}", exif=exif, **({"quality": 95} if suffix == "jpg" else {}))
    assert number_of(first_image(tmp_path)) == 9


def test_only_images_are_opened_whatever_the_name_says(tmp_path: Path) -> None:
    """Pillow hands PostScript to another program."""
    (tmp_path / "1.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(touch pwned) system\n"
    )
    with pytest.raises(VadbenchError, match=r"frame 0: 1\.png"):
        first_image(tmp_path)


def test_images_off_the_stride_are_counted_and_not_opened(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", [f"{number}.png" for number in range(6)])
    (folder / "3.png").write_bytes(b"")
    with open_video(folder) as reader:
        assert [frame.index for frame in reader.frames(4)] == [0, 4]
        assert reader.decoded == 6


def test_the_header_of_a_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "clip", ["1.png", "2.png"])
    assert probe(folder) == (64, 48, 10.0, 2)
