"""VadCLIP's network against a plain loop over one video, in both forms; padding that changes nothing."""

import math
from typing import Any

import pytest
import torch

from vadbench.config import VadClipSettings
from vadbench.methods.vadclip.model import Output, VadClip

WIDTH, MOST = 8, 14
LENGTHS = (5, 14, 9)
TEXTS = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(5))


def made(seed: int = 0, **more: Any) -> VadClip:
    """A network away from its initialisation: every bias and norm counts."""
    given = {"max_length": MOST, "attn_window": 4, "layers": 2} | more
    torch.manual_seed(seed)
    model = VadClip(torch.nn.Module(), WIDTH, VadClipSettings(**given))  # type: ignore[arg-type]
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.2 * torch.randn_like(value))
    return model.eval().requires_grad_(False)


def batch(seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Videos with a common direction, so that some cosines lie above 0.7, zero behind their ends."""
    torch.manual_seed(seed)
    rows = torch.randn(3, 1, WIDTH) + 0.7 * torch.randn(3, MOST, WIDTH)
    for video, length in enumerate(LENGTHS):
        rows[video, length:] = 0
    return rows, torch.tensor(LENGTHS)


def mlp(layers: Any, x: torch.Tensor) -> torch.Tensor:
    hidden = layers[0].weight @ x + layers[0].bias
    result: torch.Tensor = layers[2].weight @ (hidden * torch.sigmoid(1.702 * hidden)) + layers[2].bias
    return result


def norm(layer: Any, x: torch.Tensor) -> torch.Tensor:
    spread = (x - x.mean()) / math.sqrt(float(x.var(unbiased=False)) + 1e-5)
    result: torch.Tensor = spread * layer.weight + layer.bias
    return result


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value) for value in values]
    return [power / sum(powers) for power in powers]


def same_window(i: int, j: int, form: str) -> bool:
    """Windows of 4 in 14 rows: the last block takes rows 8 to 13."""
    return abs(i - j) <= 2 if form == "paper" else min(i // 4, 2) == min(j // 4, 2)


def local_by_hand(model: VadClip, rows: list[torch.Tensor], form: str) -> list[torch.Tensor]:
    x = [row + model.position[t] for t, row in enumerate(rows)]
    for block in model.local.blocks:
        joined = [block.attention.joined(norm(block.before_attention, row)).split(WIDTH) for row in x]
        after = []
        for i, row in enumerate(x):
            others = [j for j in range(len(x)) if same_window(i, j, form)]
            weights = softmax([float(joined[i][0] @ joined[j][1]) / math.sqrt(WIDTH) for j in others])
            found = sum(w * joined[j][2] for w, j in zip(weights, others, strict=True))
            after.append(row + block.attention.out(found))
        x = [row + mlp(block.feed_forward, norm(block.before_feed_forward, row)) for row in after]
    return x


def graph_by_hand(stream: Any, x: list[torch.Tensor], adjacency: list[list[float]]) -> list[torch.Tensor]:
    for layer in (stream.first, stream.second):
        out = []
        for i, row in enumerate(x):
            value = sum(adjacency[i][j] * (layer.weight.weight @ x[j]) for j in range(len(x)))
            if isinstance(layer.residual, torch.nn.Conv1d):
                value = value + layer.residual.bias
                for offset in range(-2, 3):
                    if 0 <= i + offset < len(x):
                        value = value + layer.residual.weight[:, :, offset + 2] @ x[i + offset]
            else:
                value = value + row
            out.append(value * torch.sigmoid(1.702 * value))
        x = out
    return x


def by_hand(model: VadClip, video: torch.Tensor, length: int, form: str) -> Output:
    """Both branches of one video (T, D) of which `length` rows are real; all T of them take part."""
    x = local_by_hand(model, list(video), form)
    rows = len(x)
    similar = [[0.0] * rows for _ in range(rows)]
    for i in range(length):
        kept = [c if (c := cosine(x[i], x[j])) > 0.7 else 0.0 for j in range(length)]
        similar[i][:length] = softmax(kept)
    near = [[math.exp(-abs(i - j) / math.e) for j in range(rows)] for i in range(rows)]
    if form == "paper":
        near = [softmax([-float(abs(i - j)) for j in range(rows)]) for i in range(rows)]
    streams = zip(graph_by_hand(model.similar, x, similar), graph_by_hand(model.near, x, near), strict=True)
    v = [model.joined(torch.cat(both)) for both in streams]
    logits = [model.classifier(row + mlp(model.classifier_residual, row))[0] for row in v]
    weights = [logit.sigmoid() if form == "paper" else logit for logit in logits]
    found = sum(weight * row for weight, row in zip(weights, v, strict=True))
    shown = [text + found / found.norm() for text in TEXTS]
    shown = [text + mlp(model.prompt_residual, text) for text in shown]
    similarities = torch.tensor([[cosine(row, text) for text in shown] for row in v])
    return Output(torch.stack(logits), similarities)


@pytest.mark.parametrize("form", ["code", "paper"])
def test_both_branches_are_the_loop_over_each_videos_own_rows(form: str) -> None:
    model = made(constants=form)
    rows, lengths = batch()
    output = model(rows, lengths, TEXTS)
    for video, length in enumerate(LENGTHS):
        expected = by_hand(model, rows[video, :length], length, form)
        torch.testing.assert_close(output.logits[video, :length], expected.logits, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(
            output.similarities[video, :length], expected.similarities, rtol=1e-3, atol=1e-4
        )


@pytest.mark.parametrize("form", ["code", "paper"])
def test_padding_changes_nothing(form: str) -> None:
    model = made(constants=form)
    rows, lengths = batch()
    output = model(rows, lengths, TEXTS)
    for video, length in enumerate(LENGTHS):
        alone = model(rows[video : video + 1, :length], lengths[video : video + 1], TEXTS)
        for one, other in zip(alone, output, strict=True):
            torch.testing.assert_close(one[0], other[video, :length], rtol=1e-4, atol=1e-5)
    dirty = rows.clone()
    for video, length in enumerate(LENGTHS):
        dirty[video, length:] = 37.0
    spoiled = model(dirty, lengths, TEXTS)
    for video, length in enumerate(LENGTHS):
        for one, other in zip(spoiled, output, strict=True):
            torch.testing.assert_close(one[video, :length], other[video, :length], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["code", "paper"])
def test_literal_padding_lets_zeros_take_part(form: str) -> None:
    literal, masked = made(constants=form, literal_padding=True), made(constants=form)
    rows, lengths = batch()
    output, other = literal(rows, lengths, TEXTS), masked(rows, lengths, TEXTS)
    for video, length in enumerate(LENGTHS):
        expected = by_hand(literal, rows[video], length, form)
        torch.testing.assert_close(output.logits[video], expected.logits, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(output.similarities[video], expected.similarities, rtol=1e-3, atol=1e-4)
        differs = (output.logits[video, :length] - other.logits[video, :length]).abs().max()
        assert (float(differs) > 1e-3) == (length < MOST)


def test_the_forms_of_code_and_paper_differ() -> None:
    rows, lengths = batch()
    code, paper = (made(constants=form)(rows, lengths, TEXTS) for form in ("code", "paper"))
    assert not torch.allclose(code.logits, paper.logits, atol=1e-2)


def test_the_order_of_videos_changes_nothing() -> None:
    model = made()
    rows, lengths = batch()
    turned = model(rows.flip(0), lengths.flip(0), TEXTS)
    for one, other in zip(model(rows, lengths, TEXTS), turned, strict=True):
        torch.testing.assert_close(one, other.flip(0))


def test_gradients_reach_every_parameter_and_the_texts() -> None:
    model = made().requires_grad_(True)
    rows, lengths = batch()
    texts = TEXTS.clone().requires_grad_()
    output = model(rows, lengths, texts)
    (output.similarities * torch.randn(3, MOST, 4)).sum().backward(retain_graph=True)
    assert texts.grad is not None
    assert texts.grad.abs().amin() > 0
    # The A-branch shows the C-branch its confidences, so that all parts but none are reached by it.
    for name, value in model.named_parameters():
        assert value.grad is not None, name
        assert value.grad.any(), name


def test_the_number_of_parameters_is_that_of_the_public_code() -> None:
    """12.64 million for UCF-Crime, 9.49 for XD-Violence, of which 77 x 512 are the table of vectors."""
    for benchmark, millions in (("ucf_crime", 12.64), ("xd_violence", 9.49)):
        settings = VadClipSettings(constants_of=benchmark)  # type: ignore[arg-type]
        model = VadClip(torch.nn.Module(), 512, settings)  # type: ignore[arg-type]
        count = sum(value.numel() for value in model.parameters())
        assert (count + 77 * 512) / 1e6 == pytest.approx(millions, abs=0.006)
