"""The shipped settings and the rest of the package agree."""

import pytest
from settings_files import CONFIG_FOLDER

from vadbench.config import load_benchmark
from vadbench.demo.texts import LABEL_TEXTS
from vadbench.demo.words import word_list
from vadbench.models.words import words_of


def test_the_demo_is_scored_with_the_texts_its_model_is_judged_by() -> None:
    assert load_benchmark("demo", CONFIG_FOLDER).texts.labels == LABEL_TEXTS


@pytest.mark.parametrize("name", sorted(file.stem for file in CONFIG_FOLDER.glob("*.yaml")))
def test_the_demo_model_knows_every_word_of_every_text(name: str) -> None:
    texts = [text for _, text in load_benchmark(name, CONFIG_FOLDER).texts.prompts()]
    unknown = {word for text in texts for word in words_of(text)} - set(word_list())
    assert not unknown
