"""What the methods run for a frame, counted: against formulas by hand."""

import functools
from typing import Any

import pytest

from tiny_clip import CONFIG, write_architecture
from vadbench.config import (
    METHOD_SETTINGS,
    ClipSettings,
    FeatureSet,
    FramesSettings,
    HistogramsSettings,
    ImageTowerSettings,
    TextSettings,
    WindowsSettings,
)
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS, NetworkInputs
from vadbench.models.clip_tower import unfilled_clip
from vadbench.models.counting import Network, flops_of

D, W, CONTEXT = CONFIG["embed_dim"], CONFIG["text_cfg"]["width"], 32
TEXTS = TextSettings(
    template="a photo of {}", labels={"normal": ["street", "park"], "fire": "fire", "fall": "fall"}
)
CLASSES, PROMPTS = 3, 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    text = {**CONFIG["text_cfg"], "context_length": CONTEXT}
    return str(write_architecture(tmp_path_factory.mktemp("tiny"), text_cfg=text))


_clip = functools.cache(unfilled_clip)


def _network(tiny: str, method: str, features: FeatureSet | None = None, **values: Any) -> Network:
    settings = METHOD_SETTINGS[method](method=method, **values)
    usual: dict[str, FeatureSet] = {
        "frames": FramesSettings(),
        "clip": ClipSettings(model=tiny, weights="none"),
        "windows": WindowsSettings(model=tiny, weights="none", scales=("2/2", "3/1"), top=2, keep="all"),
        "histograms": HistogramsSettings(),
    }
    chosen = features or usual[settings.READS_STAGE]
    clip = _clip(tiny) if isinstance(chosen, ImageTowerSettings) else None
    network = METHODS[method].network(
        NetworkInputs(settings=settings, texts=TEXTS, features=chosen, clip=clip)
    )
    assert network is not None
    return network


def read_flops(length: int, texts: int) -> int:
    """Of texts of some tokens through the text tower, one layer, its end token projected."""
    layer = 4 * length * W**2 + 2 * length**2 * W + 8 * length * W**2
    return 2 * texts * (layer + W * D)


def stprompt_flops(rows: int) -> int:
    """Rows mixed by distance, D-4D-D, one confidence, a cosine with each class."""
    return 2 * (rows**2 * D + 8 * rows * D**2 + rows * D + rows * D * CLASSES)


@pytest.mark.parametrize("rows", [16, 256])
def test_stprompt_costs_what_its_equations_say(tiny: str, rows: int) -> None:
    network = _network(tiny, "stprompt", max_length=rows, prompt_before=3)
    assert network.frames == rows
    assert network.flops_per_frame() == {"network": stprompt_flops(rows) / rows}
    feed_forward, norms, classifier = 8 * D**2 + 5 * D, 2 * 2 * D, D + 1
    assert network.parameters == network.trainable == feed_forward + norms + classifier + 3 * W
    # `street`, `fire` and `fall` are a token each; but a class of several texts is called by its own name.
    assert network.texts is not None
    assert flops_of(network.texts) == read_flops(1 + 3 + 1 + 1, CLASSES)
    assert network.text_tower


def test_videos_that_are_scored_whole_are_counted_as_pieces_and_it_is_said(tiny: str) -> None:
    whole = _network(tiny, "stprompt", scoring="whole", max_length=32)
    assert whole.flops_per_frame() == _network(tiny, "stprompt", max_length=32).flops_per_frame()
    assert "scored whole, and are counted as if they had 32 frames" in whole.note


def test_a_branch_that_is_off_costs_nothing(tiny: str) -> None:
    rows = 16
    alone = _network(tiny, "stprompt", max_length=rows, a_branch=False, score="c_branch")
    assert alone.flops_per_frame()["network"] * rows == stprompt_flops(rows) - 2 * rows * D * CLASSES
    assert (alone.texts, alone.text_tower) == (None, False)
    localising = _network(tiny, "stprompt", a_branch=False, score="c_branch", localisation={})
    assert localising.text_tower
    assert localising.texts is None
    assert "GFLOPs once is without the queries" in localising.note
    assert "GFLOPs once is without the queries" in _network(tiny, "stprompt", localisation={}).note
    assert alone.note == ""
    bare = _network(tiny, "stprompt", max_length=rows, aggregate="none", temporal_adapter="none")
    assert bare.flops_per_frame()["network"] == 2 * (D + D * CLASSES)


def test_the_ranker_costs_its_layers(tiny: str) -> None:
    network = _network(tiny, "sultani")
    products = D * 512 + 512 * 32 + 32
    assert network.flops_per_frame() == {"network": 2 * products}
    assert network.parameters == network.trainable == products + 512 + 32 + 1
    assert not network.text_tower


def test_the_ranker_of_windows_sees_those_of_the_first_scale_twice(tiny: str) -> None:
    network = _network(tiny, "sultani_patch")
    one = 2 * (D * 512 + 512 * 32 + 32)
    first, second = 2 * 2, 2 * 2
    assert network.flops_per_frame() == {"scores": first * one, "window scores": (first + second) * one}
    assert "heat maps" in network.note


def vadclip_flops(rows: int) -> int:
    """A block of the transformer, two graphs of two layers, two residual networks, one of them of classes."""
    block = 4 * rows * D**2 + 2 * rows**2 * D + 8 * rows * D**2
    half = D // 2
    first, second = rows * D * half + rows**2 * half, rows * half**2 + rows**2 * half
    graph = first + second + 5 * rows * D * half
    similarities = rows**2 * D
    joined, residual, confidence = rows * D**2, 8 * rows * D**2, rows * D
    prompted = rows * D + 8 * CLASSES * D**2
    return 2 * (
        block + 2 * graph + similarities + joined + residual + confidence + prompted + rows * D * CLASSES
    )


def test_vadclip_costs_what_its_layers_say(tiny: str) -> None:
    rows = 32
    values = {"max_length": rows, "layers": 1, "prompt_before": 2, "prompt_after": 2}
    network = _network(tiny, "vadclip", **values)
    assert network.flops_per_frame() == {"network": vadclip_flops(rows) / rows}
    assert network.texts is not None
    assert flops_of(network.texts) == read_flops(1 + 2 + 1 + 2 + 1, CLASSES)
    ten = ClipSettings(model=tiny, weights="none", crops=10)
    crops = _network(tiny, "vadclip", ten, test_crop="mean", **values)
    assert crops.flops_per_frame()["network"] > 9 * network.flops_per_frame()["network"]
    assert _network(tiny, "vadclip", ten, **values).flops_per_frame() == network.flops_per_frame()
    windows = _network(tiny, "vadclip_windows", **values)
    assert windows.flops_per_frame() == network.flops_per_frame()
    assert "heat maps" in windows.note


def test_zero_shot_has_nothing_but_the_towers(tiny: str) -> None:
    network = _network(tiny, "zero_shot")
    assert (network.parameters, network.trainable, network.flops_per_frame()) == (0, 0, {})
    assert network.texts is not None
    assert flops_of(network.texts) == read_flops(CONTEXT, PROMPTS)
    assert network.text_tower


@pytest.mark.parametrize(("depth", "hidden"), [(7, 512), (5, 6)])
def test_the_reconstruction_module_costs_its_layers(tiny: str, depth: int, hidden: int) -> None:
    network = _network(tiny, "local_patterns", depth=depth, hidden=hidden)
    products = 8 * hidden + (depth - 2) * hidden**2 + hidden * 8
    assert network.flops_per_frame() == {"network": 2 * products}
    assert network.parameters == network.trainable == products + (depth - 1) * hidden + 8
    assert "of one region" in network.note


def test_a_method_without_a_network_says_so(tiny: str) -> None:
    assert _network(tiny, "linear_svm").parameters == D + 1
    assert _network(tiny, "one_class_svm").parameters is None
    assert _network(tiny, "region_knn").parameters is None
    # Three weights, three means, and the half and the diagonal of three covariances.
    assert _network(tiny, "region_gmm", components=3).parameters == 3 + 3 * 8 + 3 * 36
    assert _network(tiny, "frame_difference").parameters == _network(tiny, "motion_magnitude").parameters == 0
    without = ("linear_svm", "one_class_svm", "region_knn", "region_gmm", "frame_difference")
    for name in (*without, "motion_magnitude"):
        network = _network(tiny, name)
        assert network.flops_per_frame() == {}
        assert network.texts is None
        assert "no network" in network.note


def test_every_method_says_what_it_runs(tiny: str) -> None:
    for name in METHODS:
        _network(tiny, name)


def test_a_method_that_says_nothing_is_no_error(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("vadbench.methods.sultani.network")
    with pytest.raises(AssertionError):
        _network(tiny, "sultani")


def test_features_without_a_model_have_no_size(tiny: str) -> None:
    with pytest.raises(VadbenchError, match="the set clip has no model"):
        _network(tiny, "sultani", FramesSettings())
