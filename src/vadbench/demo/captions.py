"""What is true of an image, what a caption claims, and which captions of a batch are true of which images."""

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vadbench.demo.cameras import AREAS, PLACES, Place
from vadbench.demo.events import ACTIVITIES, EVENT_CLASSES
from vadbench.demo.texts import (
    ABNORMAL_PHRASES,
    NORMAL_PHRASES,
    PHRASES,
    PLACE_PHRASES,
    PREFIXES,
)

_PLACE_SHARE = {
    True: 0.5,
    False: 0.1,
}  # how often a caption of a whole view, or of a part of one, names the place


@dataclass(frozen=True)
class Facts:
    """What an image shows.

    Attributes:
        events: abnormal activities in view.
        ordinary: normal activities in view; {"empty"} where there is no activity at all.
        place: where it is.
        area: what fills at least half of a view without activity; None elsewhere.
        whole: whether it is a whole view and not a part of its tokens.
    """

    events: frozenset[str]
    ordinary: frozenset[str]
    place: Place
    area: str | None
    whole: bool


@dataclass(frozen=True)
class Caption:
    """A text and what it claims; a claim that is None is not made."""

    text: str
    abnormal: bool | None = None
    """Only whether anything abnormal is in view."""
    events: frozenset[str] = frozenset()
    ordinary: frozenset[str] = frozenset()
    place: Place | None = None
    area: str | None = None


def facts_of(visible: list[str], place: Place, area: str | None, whole: bool) -> Facts:
    """Facts from the list of visible activities."""
    events = frozenset(name for name in visible if name in EVENT_CLASSES)
    ordinary = frozenset(visible) - events
    if not visible:
        return Facts(events, frozenset(["empty"]), place, area, whole)
    return Facts(events, ordinary, place, None, whole)


def random_caption(facts: Facts, rng: random.Random) -> Caption:
    """A caption that is true of an image, in random words; it always names the events in view."""
    prefix = rng.choice(PREFIXES)
    if rng.random() < 0.08:
        abnormal = bool(facts.events)
        return Caption(prefix + rng.choice(ABNORMAL_PHRASES if abnormal else NORMAL_PHRASES), abnormal)
    if "empty" in facts.ordinary:
        return _empty_caption(facts, prefix, rng)
    said = _mentioned(facts, rng)
    named = rng.random() < _PLACE_SHARE[facts.whole]
    text = prefix + " and ".join(rng.choice(PHRASES[name]) for name in said)
    if named:
        text += " " + PLACE_PHRASES[facts.place][0]
    ordinary = frozenset(said) - facts.events
    return Caption(text, None, facts.events, ordinary, facts.place if named else None)


def _empty_caption(facts: Facts, prefix: str, rng: random.Random) -> Caption:
    if facts.area is not None and rng.random() < (0.3 if facts.whole else 0.75):
        words = prefix if rng.random() < 0.3 else "a picture of "
        return Caption(words + facts.area, ordinary=facts.ordinary, area=facts.area)
    if facts.whole and rng.random() < 0.5:
        return Caption(prefix + PLACE_PHRASES[facts.place][1], ordinary=facts.ordinary, place=facts.place)
    return Caption(prefix + rng.choice(PHRASES["empty"]), ordinary=facts.ordinary)


def _mentioned(facts: Facts, rng: random.Random) -> list[str]:
    """The events, and some of what else is in view; one normal activity at least where there is no event."""
    events, ordinary = sorted(facts.events), sorted(facts.ordinary)
    rng.shuffle(ordinary)
    if events:
        return events + ordinary[: int(rng.random() < 0.25)]
    return ordinary[: 1 + int(rng.random() < 0.4) + int(rng.random() < 0.2)]


def truth_table(facts: list[Facts], captions: list[Caption]) -> NDArray[np.float32]:
    """(images, captions): 1 where the caption is true of the image, else 0.

    A caption that names no event is false of an image with one: it would leave out the main thing.
    """
    image_bits = np.array([[_bits(fact.events), _bits(fact.ordinary)] for fact in facts])
    text_bits = np.array([[_bits(caption.events), _bits(caption.ordinary)] for caption in captions])
    places = np.array([PLACES.index(fact.place) for fact in facts])
    areas = np.array([_index(AREAS, fact.area) for fact in facts])
    said_places = np.array([_index(PLACES, caption.place) for caption in captions])
    said_areas = np.array([_index(AREAS, caption.area) for caption in captions])
    kinds = np.array([-1 if caption.abnormal is None else int(caption.abnormal) for caption in captions])

    same_events = image_bits[:, None, 0] == text_bits[None, :, 0]
    shown = (text_bits[None, :, 1] & ~image_bits[:, None, 1]) == 0
    place_fits = (said_places[None] < 0) | (said_places[None] == places[:, None])
    area_fits = (said_areas[None] < 0) | (said_areas[None] == areas[:, None])
    kind_fits = kinds[None] == (image_bits[:, None, 0] > 0)
    claims_fit = same_events & shown & place_fits & area_fits
    true: NDArray[np.bool_] = np.where(kinds[None] >= 0, kind_fits, claims_fit)
    return true.astype(np.float32)


def _bits(names: frozenset[str]) -> int:
    return sum(1 << ACTIVITIES.index(name) for name in names)


def _index(names: tuple[str, ...], name: str | None) -> int:
    return -1 if name is None else names.index(name)
