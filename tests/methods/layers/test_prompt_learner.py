"""The prompt learner against the tower's parts called one by one, and where its gradients go."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tiny_clip import CONFIG, write_architecture, write_weights
from vadbench.config import TextSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.prompt_learner import PromptLearner, class_texts
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.models.open_clip_import import import_open_clip

# One word, two words, three: prompts end at three positions.
TEXTS = ("normal", "car accident", "people running away")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ClipModel:
    """Heads see each other and the outputs have the size of a trained model's."""
    architecture = write_architecture(tmp_path_factory.mktemp("tiny"))
    return load_clip(str(architecture), str(write_weights(architecture)), device="cpu")


@pytest.fixture(scope="module")
def demo() -> ClipModel:
    return load_clip("demo", "demo", device="cpu")


def learner(
    model: ClipModel, before: int = 2, after: int = 3, texts: tuple[str, ...] = TEXTS
) -> PromptLearner:
    return PromptLearner(model, texts, before, after, torch.Generator().manual_seed(0))


@cache
def tokenizer() -> Any:
    return import_open_clip().SimpleTokenizer()


def by_hand(model: ClipModel, text: str, context: torch.Tensor, before: int) -> torch.Tensor:
    """One prompt (D,): token by token, the transformer spelled out, padded in full."""
    towers = model._towers
    table = towers.token_embedding.weight
    rows = [table[tokenizer().sot_token_id], *context[:before]]
    rows += [table[token] for token in tokenizer().encode(text)]
    rows += [*context[before:], table[tokenizer().eot_token_id]]
    end = len(rows) - 1
    length = towers.context_length
    x = torch.stack(rows + [table[0]] * (length - len(rows))) + towers.positional_embedding
    for block in towers.transformer.resblocks:
        x = x + _attention(block.attn, block.ln_1(x))
        x = x + block.mlp(block.ln_2(x))
    result: torch.Tensor = towers.ln_final(x)[end] @ towers.text_projection
    return result


def _attention(attention: torch.nn.MultiheadAttention, x: torch.Tensor) -> torch.Tensor:
    """Causal attention: row t sees rows 0 to t."""
    q, k, v = (x @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, dim=-1)
    size = x.shape[-1] // attention.num_heads
    later = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
    parts = []
    for head in range(attention.num_heads):
        part = slice(head * size, (head + 1) * size)
        logits = (q[:, part] @ k[:, part].T / size**0.5).masked_fill(later, -torch.inf)
        parts.append(logits.softmax(dim=1) @ v[:, part])
    return attention.out_proj(torch.cat(parts, dim=1))


@pytest.mark.parametrize("sides", [(2, 3), (5, 0), (0, 4), (1, 1)])
@pytest.mark.parametrize("kind", ["tiny", "demo"])
def test_prompts_are_the_towers_parts_by_hand(
    kind: str, sides: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    made = learner(model, *sides)
    with torch.no_grad():
        made.context.mul_(30)  # as large as token embeddings, so that each vector and its place count
        result = made()
        for row, text in enumerate(TEXTS):
            expected = by_hand(model, text, made.context, sides[0])
            torch.testing.assert_close(result[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["tiny", "demo"])
def test_vectors_of_zero_are_words_of_zero(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    made = learner(model)
    with torch.no_grad():
        made.context.zero_()
        for row, text in enumerate(TEXTS):
            zeros = torch.zeros(5, made.context.shape[1])
            torch.testing.assert_close(made()[row], by_hand(model, text, zeros, 2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["tiny", "demo"])
def test_without_vectors_a_prompt_is_the_plain_text(kind: str, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(kind)
    with torch.no_grad():
        plain = learner(model, 0, 0)()
    np.testing.assert_allclose(plain.numpy(), model.encode_texts(TEXTS), rtol=1e-4, atol=1e-5)


def test_vectors_in_the_place_of_words_are_those_words(demo: ClipModel) -> None:
    """`people` and `away` as the context of `running` give the text `people running away`."""
    made = learner(demo, 1, 1, ("running",))
    tower = demo.text_tower()
    words = torch.tensor([*tower.tokens("people"), *tower.tokens("away")])
    with torch.no_grad():
        made.context.copy_(tower.embedded(words))
        result = made().numpy()
    np.testing.assert_allclose(result, demo.encode_texts(["people running away"]), rtol=1e-4, atol=1e-5)


def test_a_longer_neighbour_changes_nothing(tiny: ClipModel) -> None:
    """The shorter prompts are padded behind their end when a longer text stands beside them."""
    with torch.no_grad():
        alone, beside = learner(tiny, texts=TEXTS[:1])(), learner(tiny)()
    torch.testing.assert_close(alone[0], beside[0], rtol=1e-5, atol=1e-6)


def test_openai_form_reads_the_shifted_end(tmp_path: Path) -> None:
    """ViT-B-16's text tower, of one layer to be quick; the unshifted end would not see the last vector."""
    open_clip = import_open_clip()
    form = open_clip.get_model_config("ViT-B-16")
    form["text_cfg"]["layers"], form["vision_cfg"]["layers"] = 1, 1
    file = tmp_path / "one.json"
    file.write_text(json.dumps({**form, "quick_gelu": True}))
    model = load_clip(str(file), "none", device="cpu")
    assert model.text_tower().context_length == 77
    made = learner(model, 10, 10)
    with torch.no_grad():
        for row, text in enumerate(TEXTS):
            expected = by_hand(model, text, made.context, 10)
            torch.testing.assert_close(made()[row], expected, rtol=1e-4, atol=1e-5)
        before = made()
        made.context[-1, ::2] += 1
        assert (made() - before).abs().amax(dim=1).min() > 1e-4


def digest(model: ClipModel) -> str:
    state = model._towers.state_dict()
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in state.values())).hexdigest()


def test_gradients_reach_every_vector_and_nothing_frozen(tiny: ClipModel) -> None:
    before = digest(tiny)
    made = learner(tiny).train()
    assert [name for name, _ in made.named_parameters()] == ["context"]
    assert list(made.state_dict()) == ["context"]
    made.to("cpu").train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.1)
    embeddings = functional.normalize(made(), dim=1)
    (embeddings @ embeddings.T).sum().backward()
    assert made.context.grad is not None
    assert (made.context.grad.abs().amax(dim=1) > 0).all()
    start = made.context.detach().clone()
    optimizer.step()
    assert not torch.equal(made.context, start)
    for name, value in tiny._towers.named_parameters():
        assert value.grad is None, name
        assert not value.requires_grad
    assert not any(module.training for module in tiny._towers.modules())
    assert digest(tiny) == before


def test_the_gradient_is_the_difference_quotient(tiny: ClipModel) -> None:
    made = learner(tiny)
    towards = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        made.context.mul_(30)
    (made() * towards).sum().backward()
    assert made.context.grad is not None
    for place in ((0, 3), (4, 7)):
        with torch.no_grad():
            values = []
            for step in (1e-2, -1e-2):
                made.context[place] += step
                values.append(float((made() * towards).sum()))
                made.context[place] -= step
        quotient = (values[0] - values[1]) / 2e-2
        assert float(made.context.grad[place]) == pytest.approx(quotient, rel=0.02, abs=1e-4)


def test_the_context_is_drawn_small_by_the_generator(tiny: ClipModel) -> None:
    drawn = learner(tiny, 6, 5).context.detach()
    assert drawn.shape == (11, 32)
    assert float(drawn.std()) == pytest.approx(0.01, rel=0.1)
    assert abs(float(drawn.mean())) < 0.002
    assert torch.equal(drawn, learner(tiny, 6, 5).context)
    torch.manual_seed(5)
    own = PromptLearner(tiny, TEXTS, 6, 5).context.detach()
    torch.manual_seed(5)
    assert torch.equal(own, PromptLearner(tiny, TEXTS, 6, 5).context)
    assert not torch.equal(own, drawn)


def test_too_long_a_prompt_is_named(tiny: ClipModel) -> None:
    longest = " ".join(["walking"] * 9)
    learner(tiny, 2, 3, (longest,))
    message = r"prompt around 'walking.* has 17 tokens .* reads 16; shorten the text by 1 token"
    with pytest.raises(VadbenchError, match=message):
        learner(tiny, 2, 3, ("normal", longest + " walking"))


def test_words_that_the_demo_does_not_know_are_named(demo: ClipModel) -> None:
    with pytest.raises(VadbenchError, match="the word 'zeppelin' of the text"):
        learner(demo, texts=("normal", "zeppelin"))


def test_another_form_of_tower_is_refused(tmp_path: Path) -> None:
    for number, changes in enumerate(
        ({"no_causal_mask": True}, {"pool_type": "last"}, {"proj_type": "none"})
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = {**CONFIG["text_cfg"], "width": 16, **changes}  # type: ignore[dict-item]
        model = load_clip(str(write_architecture(folder, text_cfg=text)), "none", device="cpu")
        with pytest.raises(VadbenchError, match="CLIP's own form of text tower"):
            learner(model)


def test_a_class_with_several_texts_is_called_by_its_name() -> None:
    texts = TextSettings(
        template="a photo of {}",
        labels={"fire": "flames", "normal": ("a street", "people walking"), "fall": ("a fall", "a slip")},
    )
    assert class_texts(texts) == ["normal", "flames", "fall"]
