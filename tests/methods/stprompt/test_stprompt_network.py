"""The network against equations 4 and 5 written out, and what padding may not do."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vadbench.config import StPromptSettings
from vadbench.methods.layers.distance_attention import distance_attention
from vadbench.methods.stprompt.adapter import DistanceLayer, Kind, TemporalAdapter, TransformerLayer
from vadbench.methods.stprompt.model import StPrompt

WIDTH = 6
LENGTHS = torch.tensor([1, 5, 9])
KINDS: tuple[Kind, ...] = ("none", "transformer", "transformer+distance", "distance")

Rows = np.ndarray


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with every parameter drawn, so that each of them counts."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
    return module.double().requires_grad_(False)


def made_rows(width: int = WIDTH, time: int = 9, seed: int = 1) -> Tensor:
    return torch.randn(3, time, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def loop_norm(row: Rows, norm: nn.LayerNorm) -> Rows:
    scaled = (row - row.mean()) / math.sqrt(((row - row.mean()) ** 2).mean() + norm.eps)
    result: Rows = scaled * norm.weight.numpy() + norm.bias.numpy()
    return result


def loop_feed_forward(row: Rows, feed_forward: nn.Sequential) -> Rows:
    first, last = feed_forward[0], feed_forward[2]
    hidden = first.weight.numpy() @ row + first.bias.numpy()
    assert len(hidden) == 4 * WIDTH
    gelu = [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in hidden]
    result: Rows = last.weight.numpy() @ np.array(gelu) + last.bias.numpy()
    return result


def loop_distance(rows: Rows, layer: DistanceLayer, sigma: float) -> Rows:
    """Equation 4 for one video (T, D), row by row."""
    adapted = []
    for i in range(len(rows)):
        powers = [math.exp(-abs(i - j) / sigma) for j in range(len(rows))]
        mixed = sum(power / sum(powers) * row for power, row in zip(powers, rows, strict=True))
        x_tm = loop_norm(mixed, layer.mixed_norm)
        adapted.append(loop_norm(loop_feed_forward(x_tm, layer.feed_forward) + x_tm, layer.norm))
    return np.array(adapted)


def loop_transformer(rows: Rows, layer: TransformerLayer) -> Rows:
    """A vanilla encoder layer of one head for one video (T, D), row by row."""
    joined = rows @ layer.attention.joined.weight.numpy().T + layer.attention.joined.bias.numpy()
    query, key, value = np.split(joined, 3, axis=1)
    encoded = []
    for i in range(len(rows)):
        powers = [math.exp(query[i] @ key[j] / math.sqrt(WIDTH)) for j in range(len(rows))]
        attended = sum(power / sum(powers) * row for power, row in zip(powers, value, strict=True))
        out = layer.attention.out.weight.numpy() @ attended + layer.attention.out.bias.numpy()
        mixed = loop_norm(rows[i] + out, layer.attention_norm)
        encoded.append(loop_norm(loop_feed_forward(mixed, layer.feed_forward) + mixed, layer.norm))
    return np.array(encoded)


def per_video(rows: Tensor, loop: Callable[[Rows], Rows]) -> list[Rows]:
    return [loop(rows[video, :length].numpy()) for video, length in enumerate(LENGTHS.tolist())]


def assert_same(result: Tensor, expected: list[Rows]) -> None:
    for video, length in enumerate(LENGTHS.tolist()):
        np.testing.assert_allclose(result[video, :length].numpy(), expected[video], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sigma", [0.7, math.e, 10.0])
@pytest.mark.parametrize("layers", [1, 2])
def test_distance_is_equation_4(sigma: float, layers: int) -> None:
    adapter = drawn(TemporalAdapter(WIDTH, "distance", layers=layers, sigma=sigma))
    assert [type(layer) for layer in adapter.layers] == [DistanceLayer] * layers

    def loop(rows: Rows) -> Rows:
        for layer in adapter.layers:
            rows = loop_distance(rows, layer, sigma)
        return rows

    rows = made_rows()
    assert_same(adapter(rows, LENGTHS), per_video(rows, loop))


def test_transformer_is_a_vanilla_encoder_layer() -> None:
    adapter = drawn(TemporalAdapter(WIDTH, "transformer", layers=1, sigma=1.0))
    assert [type(layer) for layer in adapter.layers] == [TransformerLayer]
    rows = made_rows()
    assert_same(
        adapter(rows, LENGTHS), per_video(rows, lambda video: loop_transformer(video, adapter.layers[0]))
    )


def test_both_are_the_transformer_then_the_distances() -> None:
    adapter = drawn(TemporalAdapter(WIDTH, "transformer+distance", layers=1, sigma=2.0))
    first, second = adapter.layers
    rows = made_rows()
    expected = per_video(rows, lambda video: loop_distance(loop_transformer(video, first), second, 2.0))
    assert_same(adapter(rows, LENGTHS), expected)


def test_without_adapter_rows_stay() -> None:
    adapter = TemporalAdapter(WIDTH, "none", layers=3, sigma=1.0)
    assert not list(adapter.parameters())
    rows = made_rows()
    assert torch.equal(adapter(rows, LENGTHS), rows)


def settings(**more: object) -> StPromptSettings:
    return StPromptSettings(**{"layers": 1, "sigma": 2.0, **more})


def network(**more: object) -> StPrompt:
    made = drawn(StPrompt(None, WIDTH, settings(**more)))
    assert isinstance(made, StPrompt)
    return made


TEXTS = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


@pytest.mark.parametrize("spatial", [True, False])
def test_both_branches_are_the_loop(spatial: bool) -> None:
    """A = sigmoid of w x_TA + b; equation 5: M = cos(x_CLIP + x_TA, prompt), x_TA made of x_CLIP + x_AS."""
    model = network()
    rows = made_rows(2 * WIDTH if spatial else WIDTH)
    output = model(rows, LENGTHS, TEXTS)
    assert output.logits is not None
    assert output.similarities is not None
    for video, length in enumerate(LENGTHS.tolist()):
        frames = rows[video, :length, :WIDTH].numpy()
        mixed = frames + rows[video, :length, WIDTH:].numpy() if spatial else frames
        adapted = loop_distance(mixed, model.adapter.layers[0], 2.0)
        for t in range(length):
            assert model.classifier is not None
            logit = float(model.classifier.weight[0].numpy() @ adapted[t] + model.classifier.bias[0].item())
            assert float(output.logits[video, t]) == pytest.approx(logit, rel=1e-4)
            seen = frames[t] + adapted[t]
            for c, text in enumerate(TEXTS.numpy()):
                cosine = seen @ text / math.sqrt(seen @ seen) / math.sqrt(text @ text)
                assert float(output.similarities[video, t, c]) == pytest.approx(cosine, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind: Kind) -> None:
    model = network(temporal_adapter=kind)
    rows = made_rows(2 * WIDTH)
    longer = torch.cat([rows, torch.zeros(3, 5, 2 * WIDTH, dtype=torch.float64)], dim=1)
    for video, length in enumerate(LENGTHS.tolist()):
        longer[video, length:] = 1000.0 * made_rows(2 * WIDTH, 14, seed=3)[video, length:]
    plain, padded = model(rows, LENGTHS, TEXTS), model(longer, LENGTHS, TEXTS)
    for video, length in enumerate(LENGTHS.tolist()):
        alone = model(rows[video : video + 1, :length], LENGTHS[video : video + 1], TEXTS)
        for one, two, three in zip(plain, padded, alone, strict=True):
            torch.testing.assert_close(two[video, :length], one[video, :length], rtol=1e-9, atol=1e-12)
            torch.testing.assert_close(three[0], one[video, :length], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_videos_of_a_batch_know_nothing_of_each_other(kind: Kind) -> None:
    model = network(temporal_adapter=kind)
    rows, turned = made_rows(2 * WIDTH), torch.tensor([2, 0, 1])
    plain, other = model(rows, LENGTHS, TEXTS), model(rows[turned], LENGTHS[turned], TEXTS)
    for one, two in zip(plain, other, strict=True):
        torch.testing.assert_close(two, one[turned], rtol=1e-9, atol=1e-12)


def test_rows_reach_as_far_as_the_adapter_lets_them() -> None:
    """A change of the last row: without adapter it stays there, with one it is seen before; never behind an
    end."""
    rows = made_rows(time=9)
    other = rows.clone()
    other[2, 8, 0] += 1
    for kind in KINDS:
        model = network(temporal_adapter=kind)
        change = model(rows, LENGTHS, TEXTS)[0] - model(other, LENGTHS, TEXTS)[0]
        assert not change[:2].any()
        assert bool(change[2, :8].abs().max() > 1e-6) is (kind != "none")


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_difference_quotients(kind: Kind) -> None:
    """Of every parameter, one number each, and of what comes in."""
    model = network(temporal_adapter=kind).requires_grad_(True)
    rows, texts = made_rows(2 * WIDTH).requires_grad_(), TEXTS.clone().requires_grad_()

    def value() -> Tensor:
        logits, similarities = model(rows, LENGTHS, texts)
        assert logits is not None
        assert similarities is not None
        real = torch.arange(9) < LENGTHS[:, None]
        weights = torch.linspace(0.5, 2, 4, dtype=torch.float64)
        return (logits * real).sum() + (similarities * real[..., None] * weights).sum()

    value().backward()
    inputs = {"rows": rows, "texts": texts}
    for name, tensor in {**dict(model.named_parameters()), **inputs}.items():
        assert tensor.grad is not None, name
        place = int(tensor.grad.abs().argmax())
        with torch.no_grad():
            values = []
            for step in (1e-6, -1e-6):
                tensor.view(-1)[place] += step
                values.append(float(value()))
                tensor.view(-1)[place] -= step
        quotient = (values[0] - values[1]) / 2e-6
        assert float(tensor.grad.view(-1)[place]) == pytest.approx(quotient, rel=1e-3, abs=1e-6), name
        assert quotient != 0, name


def test_switched_off_branches_are_not_there() -> None:
    rows = made_rows()
    alone = network(a_branch=False, score="c_branch")(rows, LENGTHS, None)
    assert alone.similarities is None
    assert alone.logits is not None
    model = network(c_branch=False)
    assert model.classifier is None
    assert model(rows, LENGTHS, TEXTS).logits is None


def test_distances_are_those_of_the_shared_layer() -> None:
    """Equation 4 written in matrices, with a width that float32 tells from its neighbours."""
    layer = drawn(DistanceLayer(WIDTH, math.e))
    rows = made_rows()
    mixed = layer.mixed_norm(distance_attention(LENGTHS, 9, math.e).double() @ rows)
    expected = layer.norm(layer.feed_forward(mixed) + mixed)
    torch.testing.assert_close(layer(rows, LENGTHS)[2], expected[2], rtol=1e-4, atol=1e-6)
