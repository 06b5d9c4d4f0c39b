"""Captions against what images show."""

import random
import re

import numpy as np
import pytest

from vadbench.demo.cameras import AREAS, PLACES
from vadbench.demo.captions import Caption, Facts, facts_of, random_caption, truth_table
from vadbench.demo.events import ACTIVITIES, EVENT_CLASSES
from vadbench.demo.texts import BACKGROUND_TEXTS, LABEL_TEXTS, PHRASES
from vadbench.demo.words import word_list

FIGHT = facts_of(["fighting", "walk"], "street", None, whole=True)
WALK = facts_of(["walk", "car"], "plaza", None, whole=True)
WALL = facts_of([], "garage", "wall", whole=False)


def test_facts_without_activity_are_empty() -> None:
    assert WALL.ordinary == {"empty"}
    assert FIGHT.events == {"fighting"}
    assert FIGHT.ordinary == {"walk"}
    assert facts_of(["car"], "street", "road", whole=False).area is None


@pytest.mark.parametrize("facts", [FIGHT, WALK, WALL])
def test_a_random_caption_is_true_of_its_image(facts: Facts) -> None:
    rng = random.Random(0)
    captions = [random_caption(facts, rng) for _ in range(300)]
    assert truth_table([facts], captions).all()
    assert len({caption.text for caption in captions}) > 30


def test_captions_of_an_event_name_it() -> None:
    rng = random.Random(1)
    for _ in range(200):
        caption = random_caption(FIGHT, rng)
        assert caption.abnormal or any(phrase in caption.text for phrase in PHRASES["fighting"])


def test_which_captions_are_true_of_which_images() -> None:
    captions = [
        Caption("a fight", events=frozenset(["fighting"])),
        Caption("people walking", ordinary=frozenset(["walk"])),
        Caption("people walking on a square", ordinary=frozenset(["walk"]), place="plaza"),
        Caption("people walking on a street", ordinary=frozenset(["walk"]), place="street"),
        Caption("a picture of wall", ordinary=frozenset(["empty"]), area="wall"),
        Caption("a picture of sky", ordinary=frozenset(["empty"]), area="sky"),
        Caption("normal", abnormal=False),
        Caption("an anomaly", abnormal=True),
    ]
    expected = [[1, 0, 0, 0, 0, 0, 0, 1], [0, 1, 1, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 0, 1, 0]]
    assert np.array_equal(truth_table([FIGHT, WALK, WALL], captions), expected)


def test_every_activity_has_texts_and_every_word_is_listed() -> None:
    assert tuple(PHRASES) == ACTIVITIES
    assert tuple(LABEL_TEXTS) == ("normal", *EVENT_CLASSES)
    words = set(word_list())
    texts = [phrase for group in (PHRASES, LABEL_TEXTS) for phrases in group.values() for phrase in phrases]
    for place in PLACES:
        facts = facts_of([], place, AREAS[0], whole=True)
        texts += [random_caption(facts, random.Random(i)).text for i in range(50)]
    for text in (*texts, *BACKGROUND_TEXTS):
        assert set(re.findall(r"[a-z]+", text)) <= words


def test_the_background_texts_are_those_of_the_paper() -> None:
    assert BACKGROUND_TEXTS[0] == "a picture of sky"
    assert BACKGROUND_TEXTS[-1] == "a picture of blank"
    assert len(BACKGROUND_TEXTS) == 13


def test_label_words_of_the_real_benchmarks_are_listed() -> None:
    labels = """normal abuse arrest arson assault burglary explosion fighting roadaccidents robbery shooting
    shoplifting stealing vandalism riot car accident jaywalking loitering skateboarding knockout ignite"""
    assert set(labels.split()) <= set(word_list())
