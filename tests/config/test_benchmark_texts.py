"""Label and query texts of all benchmarks, against the word list of the demo's model."""

from pathlib import Path

import pytest

from vadbench.config import load_benchmark
from vadbench.demo.words import word_list
from vadbench.models.words import words_of

CONFIG = Path(__file__).resolve().parents[2] / "config"
BENCHMARKS = sorted(path.stem for path in CONFIG.glob("*.yaml"))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_word_is_known_to_the_model_of_the_demo(name: str) -> None:
    settings = load_benchmark(name, CONFIG)
    texts = [text for _, text in settings.texts.prompts()]
    texts += [
        *settings.queries.background,
        *(t for group in settings.queries.abnormal.values() for t in group),
    ]
    unknown = {word for text in texts for word in words_of(text)} - set(word_list())
    assert not unknown, f"rephrase, or train the demo's model with: {sorted(unknown)}"


@pytest.mark.parametrize("name", [name for name in BENCHMARKS if name != "folder"])
def test_every_abnormal_class_can_be_asked_for(name: str) -> None:
    settings = load_benchmark(name, CONFIG)
    assert set(settings.queries.abnormal) == set(settings.texts.classes[1:])
