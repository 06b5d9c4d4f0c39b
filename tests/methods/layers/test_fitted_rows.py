"""Batches of fitted training videos, read once while memory allows."""

import numpy as np
import pytest
import torch

from vadbench.methods.layers import fitted_rows
from vadbench.methods.layers.fitted_rows import FittedRows
from vadbench.methods.layers.lengths import bin_means, picked_rows

VIDEOS = {
    str(length): np.random.default_rng(length).normal(size=(length, 3)).astype(np.float32)
    for length in (1, 4, 9, 30)
}


def made(reads: list[str], **more: object) -> FittedRows:
    def read(video: str) -> np.ndarray:
        reads.append(video)
        return VIDEOS[video]

    given = {"max_length": 8, "resample": "mean", "device": torch.device("cpu")} | more
    return FittedRows(read, **given)  # type: ignore[arg-type]


def test_a_batch_is_as_long_as_its_longest_video() -> None:
    rows, lengths = made([]).batch(["4", "1"])
    assert lengths.tolist() == [4, 1]
    np.testing.assert_array_equal(rows[0], VIDEOS["4"])
    np.testing.assert_array_equal(rows[1, :1], VIDEOS["1"])
    assert not rows[1, 1:].any()
    assert made([], pad_to=8).batch(["4", "1"])[0].shape == (2, 8, 3)


def test_longer_videos_are_reduced() -> None:
    rows, lengths = made([]).batch(["30", "4", "9"])
    assert lengths.tolist() == [8, 4, 8]
    np.testing.assert_array_equal(rows[0], bin_means(VIDEOS["30"], 8))
    np.testing.assert_array_equal(made([], resample="pick").batch(["30"])[0][0], picked_rows(VIDEOS["30"], 8))


def test_videos_are_read_once_while_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    videos = made(reads)
    first = [videos.batch(["4", "30"])[0] for _ in range(2)]
    assert reads == ["4", "30"]
    assert torch.equal(*first)
    monkeypatch.setattr(fitted_rows, "MOST_BYTES", 4 * 3 * 4)
    reads.clear()
    videos = made(reads)
    second = [videos.batch(["4", "30"])[0] for _ in range(2)]
    assert reads == ["4", "30", "30"]
    assert torch.equal(second[0], first[0])
    assert torch.equal(second[1], first[0])
