"""Balanced batches: without replacement, recycled, and a function of seed and epoch alone."""

from collections import Counter

import pytest

from vadbench.errors import VadbenchError
from vadbench.methods.layers.batches import BalancedBatches

NORMAL = tuple(f"n{i}" for i in range(10))
ABNORMAL = tuple(f"a{i}" for i in range(4))


def batches(
    normal: tuple[str, ...] = NORMAL,
    abnormal: tuple[str, ...] = ABNORMAL,
    half_batch: int = 2,
    ends: str = "shorter",
    seed: int = 0,
) -> BalancedBatches:
    return BalancedBatches(normal, abnormal, half_batch, ends, seed)


@pytest.mark.parametrize(("ends", "steps"), [("shorter", 2), ("longer", 5)])
def test_the_epoch_ends_with_the_half_that_is_named(ends: str, steps: int) -> None:
    assert batches(ends=ends).steps_per_epoch == steps
    assert len(batches(ends=ends).epoch(0)) == steps


def test_each_half_holds_its_own_kind() -> None:
    for normal, abnormal in batches(ends="longer").epoch(3):
        assert len(normal) == len(abnormal) == 2
        assert set(normal) <= set(NORMAL)
        assert set(abnormal) <= set(ABNORMAL)


def test_a_pass_repeats_no_video_and_the_shorter_half_is_recycled() -> None:
    epoch = batches(ends="longer").epoch(0)
    assert Counter(video for normal, _ in epoch for video in normal) == Counter(NORMAL)
    drawn = [video for _, abnormal in epoch for video in abnormal]
    assert set(drawn[:4]) == set(drawn[4:8]) == set(ABNORMAL)
    # The second pass is shuffled anew: over some epochs its order differs from the first one's.
    orders = [[v for _, abnormal in batches(ends="longer").epoch(e) for v in abnormal] for e in range(5)]
    assert any(order[:4] != order[4:8] for order in orders)


def test_a_half_with_fewer_videos_gives_all_it_has() -> None:
    both = batches(half_batch=32)
    assert both.steps_per_epoch == 1
    ((normal, abnormal),) = both.epoch(0)
    assert (sorted(normal), sorted(abnormal)) == (sorted(NORMAL), sorted(ABNORMAL))


def test_order_depends_on_seed_and_epoch_and_nothing_else() -> None:
    assert batches().epoch(7) == batches().epoch(7)
    assert batches().epoch(7) != batches().epoch(8)
    assert batches().epoch(7) != batches(seed=1).epoch(7)


def test_every_video_has_its_turn() -> None:
    drawn = Counter(video for e in range(100) for normal, _ in batches().epoch(e) for video in normal)
    assert min(drawn[video] for video in NORMAL) > 20


@pytest.mark.parametrize(("halves", "missing"), [(((), ABNORMAL), "normal"), ((NORMAL, ()), "abnormal")])
def test_a_missing_kind_is_named(halves: tuple[tuple[str, ...], tuple[str, ...]], missing: str) -> None:
    with pytest.raises(VadbenchError, match=f"no {missing} training video"):
        batches(*halves)
