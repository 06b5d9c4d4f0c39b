"""Counts of FLOPs and parameters against formulas by hand, and against towers that compute for real."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.backends.mha import set_fastpath_enabled
from torch.nn.attention import SDPBackend, sdpa_kernel

from tiny_clip import CONFIG, write_architecture
from vadbench.models.clip_tower import load_clip, unfilled_clip
from vadbench.models.counting import Network, flops_of

META = torch.device("meta")
VISION, TEXT = CONFIG["vision_cfg"], CONFIG["text_cfg"]


def layer_flops(tokens: int, width: int) -> int:
    """Queries, keys, values and output; scores and weighted values; D-4D-D. 2 per multiply-add."""
    products = 4 * tokens * width**2 + 2 * tokens**2 * width + 8 * tokens * width**2
    return 2 * products


def tower_flops(tokens: int, width: int, layers: int, out: int) -> int:
    """A transformer whose one token that is read is projected."""
    return layers * layer_flops(tokens, width) + 2 * width * out


def patch_flops(patches: int, patch: int, width: int) -> int:
    """Every patch times one filter for each of the width's numbers."""
    return 2 * patches * 3 * patch**2 * width


@pytest.fixture(scope="module")
def architecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_architecture(tmp_path_factory.mktemp("tiny"))


def test_a_vision_transformer_costs_what_its_formula_says(architecture: Path) -> None:
    model = unfilled_clip(str(architecture))
    patches = (VISION["image_size"] // VISION["patch_size"]) ** 2
    expected = patch_flops(patches, VISION["patch_size"], VISION["width"])
    expected += tower_flops(patches + 1, VISION["width"], VISION["layers"], CONFIG["embed_dim"])
    assert flops_of(lambda: model.embed_images(model.blank_images(1))) == expected
    assert flops_of(lambda: model.embed_images(model.blank_images(5))) == 5 * expected


def test_a_text_costs_its_whole_context(architecture: Path) -> None:
    model = unfilled_clip(str(architecture))
    one = tower_flops(TEXT["context_length"], TEXT["width"], TEXT["layers"], CONFIG["embed_dim"])
    assert flops_of(lambda: model.embed_texts(["a", "a longer text"])) == 2 * one


def test_the_papers_tower_costs_17_56_gigamacs() -> None:
    model = unfilled_clip("ViT-B-16")
    expected = patch_flops(196, 16, 768) + tower_flops(197, 768, 12, 512)
    assert flops_of(lambda: model.embed_images(model.blank_images(1))) == expected
    assert expected / 2e9 == pytest.approx(17.56, abs=0.005)


def test_shapes_cost_what_a_real_tower_costs(architecture: Path) -> None:
    real, shapes = load_clip(str(architecture), "none", device="cpu"), unfilled_clip(str(architecture))
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    # The counter does not know what torch fuses on a CPU.
    set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            images = flops_of(lambda: real.encode_images(pixels))
            texts = flops_of(lambda: real.encode_texts(["a fight"]))
    finally:
        set_fastpath_enabled(True)
    assert images == flops_of(lambda: shapes.embed_images(shapes.blank_images(2)))
    assert texts == flops_of(lambda: shapes.embed_texts(["a fight"]))


def test_a_model_without_numbers_has_the_shapes_of_one_with(architecture: Path) -> None:
    real, shapes = load_clip(str(architecture), "none", device="cpu"), unfilled_clip(str(architecture))
    assert shapes.device == META
    assert (shapes.dimension, shapes.parameters) == (real.dimension, real.parameters)
    assert shapes.preprocess.crops == real.preprocess.crops
    assert unfilled_clip(str(architecture), 10).preprocess.crops[9] == "bottom_right_mirrored"


def test_a_network_sums_what_it_learned_and_divides_by_its_frames() -> None:
    frozen = nn.Linear(3, 5, device=META).requires_grad_(False)
    learned = nn.Linear(3, 7, bias=False, device=META)
    rows = torch.zeros(4, 3, device=META)
    network = Network(
        modules=[frozen, learned],
        parts={"frozen": lambda: frozen(rows), "learned": lambda: learned(rows)},
        frames=4,
    )
    assert (network.parameters, network.trainable) == (20 + 21, 21)
    assert network.flops_per_frame() == {"frozen": 2 * 15, "learned": 2 * 21}


def test_what_is_known_after_the_fit_only_is_no_number() -> None:
    assert Network().parameters == Network().trainable == 0
    fitted = Network(coefficients=9)
    assert (fitted.parameters, fitted.trainable, fitted.flops_per_frame()) == (9, 9, {})
    open_yet = Network(coefficients=None)
    assert open_yet.parameters is open_yet.trainable is None
