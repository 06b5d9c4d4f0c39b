"""Which step counts: what is held out, what is compared, and what the second training does."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from feature_sets import train_inputs, weak_split, write_clip_set
from vadbench.config import SultaniSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.checkpoint import read_arrays, read_record
from vadbench.methods.layers.features import LabelledVideos
from vadbench.methods.layers.selection import best_step, held_out, video_auc
from vadbench.methods.layers.training import Moment

VIDEOS = LabelledVideos(tuple(f"n{i}" for i in range(20)), tuple(f"a{i}" for i in range(5)))


def test_each_label_gives_its_share() -> None:
    kept, out = held_out(VIDEOS, 0.2, seed=0)
    assert (len(out.normal), len(out.abnormal)) == (4, 1)
    assert sorted(kept.normal + out.normal) == sorted(VIDEOS.normal)
    assert sorted(kept.abnormal + out.abnormal) == sorted(VIDEOS.abnormal)
    assert held_out(VIDEOS, 0.2, seed=0) == (kept, out)
    assert any(held_out(VIDEOS, 0.2, seed=seed)[1] != out for seed in (1, 2))


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.5, 2), (0.99, 4)])
def test_at_least_one_video_stays_and_one_is_held_out(share: float, expected: int) -> None:
    kept, out = held_out(VIDEOS, share, seed=0)
    assert len(out.abnormal) == expected
    assert kept.abnormal


def test_one_video_of_a_label_cannot_be_split() -> None:
    with pytest.raises(
        VadbenchError, match="two abnormal training videos or more, here are 1; write selection: last"
    ):
        held_out(LabelledVideos(VIDEOS.normal, ("a",)), 0.2, seed=0)


def test_a_video_counts_by_its_largest_score() -> None:
    scores = {
        "n0": np.array([0.4, 0.4, 0.4]),
        "n1": np.array([0.1, 0.6]),
        "a0": np.array([0.0, 0.5, 0.0]),
        "a1": np.array([0.7]),
    }
    # By maxima a1 beats both and a0 beats n0 only; by means or turned round it would be another number.
    assert video_auc(LabelledVideos(("n0", "n1"), ("a0", "a1")), scores.__getitem__) == 0.75


def test_of_equal_values_the_earliest_step_counts() -> None:
    history = [Moment(10, 1.0, 0.5), Moment(20, 0.5, 0.9), Moment(30, 0.4, 0.9), Moment(40, 0.3, 0.7)]
    assert best_step(history) == 20


WIDTH = 6


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(0)
    names = [f"{kind}-{i}" for i in range(6) for kind in ("normal", "abnormal")]
    videos = {name: draw.normal(size=(40, WIDTH)) + ("abnormal" in name) for name in names}
    store = write_clip_set(tmp_path_factory.mktemp("clip"), videos)
    return store, weak_split(tuple(names[:8]), tuple(names[8:]))


def settings(**more: object) -> SultaniSettings:
    return SultaniSettings(**{"epochs": 5, "min_steps": 20, "lr": 1e-3, "half_batch": 2, **more})


def test_held_out_trains_again_on_all_videos_for_the_chosen_steps(
    benchmark, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    judged: list[LabelledVideos] = []
    values = iter([0.2, 0.8, 0.6, 0.8, 0.1])

    def judge(videos: LabelledVideos, _score: object) -> float:
        judged.append(videos)
        return next(values)

    monkeypatch.setattr("vadbench.methods.layers.weak.video_auc", judge)
    METHODS["sultani"].train(
        train_inputs(store, split, settings(selection="held_out", held_out=0.25), tmp_path / "a")
    )
    training = read_record(tmp_path / "a" / "checkpoint.safetensors")["training"]
    assert training["steps"] == 8
    assert training["selection"]["values"] == [[4, 0.2], [8, 0.8], [12, 0.6], [16, 0.8], [20, 0.1]]
    out = training["selection"]["held_out"]
    assert len(out) == 2
    assert set(out) < set(split.train)
    assert {video for videos in judged for video in (*videos.normal, *videos.abnormal)} == set(out)
    assert (training["normal"], training["abnormal"]) == (4, 4)
    # The same as a training on all videos, of the same schedule, that stops there.
    watched = settings(selection="best_on_test", variant="x")
    values = iter([0.2, 0.8, 0.6, 0.8, 0.1])
    METHODS["sultani"].train(
        train_inputs(store, split, watched, tmp_path / "b", evaluate_on_test=lambda scores: next(values))
    )
    one, other = (read_arrays(tmp_path / name / "checkpoint.safetensors")[0] for name in "ab")
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_the_held_out_videos_do_not_train_the_choice(benchmark, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    drawn: list[set[str]] = []
    from vadbench.methods.layers import weak

    train = weak.train

    def watching(learner, batches, *more, **named):  # type: ignore[no-untyped-def]
        drawn.append({*batches.normal, *batches.abnormal})
        return train(learner, batches, *more, **named)

    monkeypatch.setattr(weak, "train", watching)
    METHODS["sultani"].train(train_inputs(store, split, settings(selection="held_out"), tmp_path))
    out = read_record(tmp_path / "checkpoint.safetensors")["training"]["selection"]["held_out"]
    assert drawn == [set(split.train) - set(out), set(split.train)]


def test_a_training_of_an_earlier_revision_is_not_continued(benchmark, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    judged: list[int] = []

    def stopped(_scores: object) -> float:
        judged.append(len(judged))
        if len(judged) == 3:
            raise KeyboardInterrupt
        return 0.5

    inputs = train_inputs(
        store, split, settings(selection="best_on_test"), tmp_path, evaluate_on_test=stopped
    )
    with pytest.raises(KeyboardInterrupt):
        METHODS["sultani"].train(inputs)
    monkeypatch.setattr(SultaniSettings, "REVISION", 2)
    METHODS["sultani"].train(inputs)
    assert len(judged) == 3 + 5


def test_best_on_test_judges_all_test_videos(benchmark, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, split = benchmark
    seen: list[Mapping[str, np.ndarray]] = []

    def evaluate(scores: Mapping[str, np.ndarray]) -> float:
        seen.append(scores)
        return 0.5

    # As a run's command gets them: without the label, which no output depends on.
    given = SultaniSettings.model_validate(
        settings(selection="best_on_test", variant="best-on-test").identity()
    )
    METHODS["sultani"].train(train_inputs(store, split, given, tmp_path, evaluate_on_test=evaluate))
    assert len(seen) == 5
    assert {video: len(rows) for video, rows in seen[0].items()} == dict.fromkeys(split.test, 40)
