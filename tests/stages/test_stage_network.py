"""What the stages run for a frame, counted: against formulas by hand and a stage that runs for real."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.backends.mha import set_fastpath_enabled
from torch.nn.attention import SDPBackend, sdpa_kernel

from tiny_clip import write_architecture
from tiny_detector import write_tiny_detector
from vadbench.config import ClipSettings, FramesSettings, RegionsSettings, WindowsSettings
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import load_clip
from vadbench.models.counting import Network, flops_of
from vadbench.models.detector import load_detector, unfilled_detector
from vadbench.stages import stage_network
from vadbench.stages.windows import WindowModel

WIDTH, LAYERS, OUT = 768, 12, 512


def tower_flops(tokens: int) -> int:
    """Of ViT-B, from tokens to the projected class token; 2 per multiply-add."""
    layer = 4 * tokens * WIDTH**2 + 2 * tokens**2 * WIDTH + 8 * tokens * WIDTH**2
    return 2 * (LAYERS * layer + WIDTH * OUT)


PATCHES = 2 * 196 * 3 * 16**2 * WIDTH
"""The convolution that makes the 14 x 14 tokens of an image."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_architecture(tmp_path_factory.mktemp("tiny")))


def _network(settings: ClipSettings | WindowsSettings) -> Network:
    network = stage_network(settings)
    assert network is not None
    assert network.frames == 1
    return network


def test_decoding_has_no_network() -> None:
    assert stage_network(FramesSettings()) is None


def test_the_papers_windows_cost_their_tokens() -> None:
    network = _network(WindowsSettings(model="ViT-B-16", weights="none", keep="all", mode="tokens"))
    assert network.flops_per_frame() == {
        "image": PATCHES + tower_flops(197),
        "windows 2/2": PATCHES + 49 * tower_flops(1 + 2 * 2),
        "windows 5/3": PATCHES + 16 * tower_flops(1 + 5 * 5),
    }
    gigamacs = [count / 2e9 for count in network.flops_per_frame().values()]
    assert gigamacs == pytest.approx([17.56, 20.97, 35.65], abs=0.005)
    assert (network.parameters, network.trainable) == (86_192_640, 0)


def test_crops_cost_an_image_each() -> None:
    settings = WindowsSettings(model="ViT-B-16", weights="none", keep="all", mode="crop")
    image = PATCHES + tower_flops(197)
    assert _network(settings).flops_per_frame() == {
        "image": image,
        "windows 2/2": 49 * image,
        "windows 5/3": 16 * image,
    }
    ten = ClipSettings(model="ViT-B-16", weights="none", crops=10)
    assert _network(ten).flops_per_frame() == {"10 crops": 10 * image}


@pytest.mark.parametrize("keep", ["none", "test", "all"])
@pytest.mark.parametrize("mode", ["tokens", "crop"])
def test_a_count_is_that_of_the_stage_itself(tiny: str, keep: str, mode: str) -> None:
    settings = WindowsSettings(model=tiny, weights="none", scales=("2/2", "3/1"), top=2, keep=keep, mode=mode)
    model = WindowModel(load_clip(tiny, "none", device="cpu"), settings)
    pixels = np.stack([model.prepare(np.zeros((48, 64, 3), np.uint8))])
    set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            real = flops_of(lambda: model.embed(pixels, np.array([keep != "none"])))
    finally:
        set_fastpath_enabled(True)
    network = _network(settings)
    assert sum(network.flops_per_frame().values()) == real
    assert ("only of tested videos" in network.note) == (keep == "test")


def test_a_detectors_count_is_that_of_frames_that_it_sees(tmp_path: Path) -> None:
    write_tiny_detector(tmp_path / "tiny.pt")
    network = stage_network(RegionsSettings(weights=str(tmp_path / "tiny.pt"), image_size=96))
    assert network is not None
    detector = load_detector(tmp_path / "tiny.pt", device="cpu", image_size=96)
    prepared = [detector.prepare(np.zeros((80, 80, 3), np.uint8))]
    assert prepared[0].pixels.shape == (96, 96, 3)
    assert network.flops_per_frame() == {"detector": flops_of(lambda: detector.detect(prepared))}
    assert network.trainable == 0
    assert stage_network(RegionsSettings(window=60)) is None


def test_the_shares_that_the_note_names_are_those_of_wide_frames(tmp_path: Path) -> None:
    file = tmp_path / "tiny.pt"
    write_tiny_detector(file)
    detector, unfilled = load_detector(file, device="cpu"), unfilled_detector(file)
    square = stage_network(RegionsSettings(weights=str(file)))
    assert square is not None
    for (height, width), share in {(240, 320): 3 / 4, (360, 640): 3 / 5}.items():
        seen = detector.prepare(np.zeros((height, width, 3), np.uint8)).pixels.shape[:2]
        flops = flops_of(partial(unfilled, torch.zeros(1, 3, *seen, device="meta")))
        assert flops / square.flops_per_frame()["detector"] == pytest.approx(share, rel=0.01)


@pytest.mark.real
def test_yolov8n_has_the_flops_that_are_printed_of_it(real_data: Path) -> None:
    """ultralytics prints 8.7 GFLOPs at 640 pixels and 3.2 million parameters."""
    network = stage_network(RegionsSettings(weights=str(real_data / "weights/yolov8n_from_int8.pt")))
    assert network is not None
    assert network.flops_per_frame()["detector"] / 1e9 == pytest.approx(8.7, abs=0.05)
    assert (network.parameters or 0) / 1e6 == pytest.approx(3.2, abs=0.05)


def test_windows_that_do_not_fit_their_model_are_refused(tiny: str) -> None:
    with pytest.raises(VadbenchError, match="larger than"):
        stage_network(WindowsSettings(model=tiny, weights="none", scales=("7/1",)))
