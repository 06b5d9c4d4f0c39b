"""The controls: labels are dealt out anew and nothing else, and each training starts anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_sets import train_inputs, write_clip_set
from vadbench.config import LinearSvmSettings, MethodSettings, SultaniSettings
from vadbench.datasets import Annotations, VideoAnnotation
from vadbench.datasets.annotations import SplitLists
from vadbench.demo import checks
from vadbench.demo.controls import shuffled_labels, trained_auc
from vadbench.methods import METHODS
from vadbench.store import Store

TRAIN = tuple(f"train-{number:02d}" for number in range(20))
TEST = tuple(f"test-{number}" for number in range(4))
SETTINGS = {"linear_svm": LinearSvmSettings(), "sultani": SultaniSettings(min_steps=4, epochs=2)}


@pytest.fixture
def annotations() -> Annotations:
    """Eight of twenty training videos are abnormal, and every truth is there that a file can hold."""
    events = {video: 1 + number % 2 for number, video in enumerate((*TRAIN[:8], *TEST[:2]))}
    classes = ("normal", "fire", "fall")
    videos = {
        video: VideoAnnotation(
            classes=(classes[events[video]],) if video in events else (),
            intervals=((20, 60),) if video in events else (),
            segments=((classes[events[video]], 20, 60),) if video in events else (),
            boxes=((30, 0.0, 0.0, 9.0, 9.0),) if video in events else (),
        )
        for video in (*TRAIN, *TEST)
    }
    split = SplitLists(train=TRAIN, test=TEST, supervision="weak")
    return Annotations(benchmark="made", classes=classes, splits={"weak": split}, videos=videos)


@pytest.fixture
def features(tmp_path: Path) -> Store:
    draw = np.random.default_rng(0)
    return write_clip_set(tmp_path / "clip", {video: draw.normal(size=(40, 8)) for video in (*TRAIN, *TEST)})


def test_shuffling_deals_the_training_labels_out_anew_and_touches_nothing_else(
    annotations: Annotations,
) -> None:
    shuffled = shuffled_labels(annotations, 3)
    assert shuffled == shuffled_labels(annotations, 3)
    assert shuffled != shuffled_labels(annotations, 4)
    before = sorted(str(annotations.videos[video].classes) for video in TRAIN)
    assert sorted(str(shuffled.videos[video].classes) for video in TRAIN) == before
    for video in TEST:
        assert shuffled.videos[video] == annotations.videos[video]
    assert shuffled.splits == annotations.splits
    assert list(shuffled.videos) == list(annotations.videos)


def test_every_training_video_is_called_abnormal_equally_often(annotations: Annotations) -> None:
    called = np.zeros(len(TRAIN))
    for seed in range(500):
        shuffled = shuffled_labels(annotations, seed)
        called += [shuffled.is_abnormal(video) for video in TRAIN]
    # Five standard deviations of a share of 500.
    assert np.abs(called / 500 - 8 / 20).max() < 5 * np.sqrt(0.4 * 0.6 / 500)


@pytest.mark.parametrize("name", SETTINGS)
def test_training_reads_shuffled_labels_and_no_other_truth(
    features: Store, annotations: Annotations, name: str, tmp_path: Path
) -> None:
    shuffled = shuffled_labels(annotations, 0)
    bare = shuffled.model_copy(
        update={
            "videos": {
                video: VideoAnnotation(classes=("fire",) if shuffled.is_abnormal(video) else ())
                for video in TRAIN
            }
        }
    )
    files = []
    for number, labels in enumerate((shuffled, bare, annotations)):
        run = tmp_path / str(number)
        split = annotations.split("weak")
        METHODS[name].train(train_inputs(features, split, SETTINGS[name], run, annotations=labels))
        files.append((run / "checkpoint.safetensors").read_bytes())
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_the_run_seed_of_a_control_reaches_the_initialisation(
    features: Store, annotations: Annotations
) -> None:
    settings = SETTINGS["sultani"]
    first, other = (trained_auc(features, annotations, settings, seed=seed) for seed in (0, 1))
    assert first == trained_auc(features, annotations, settings)
    assert first != other


def test_no_two_shuffles_share_a_run_seed(
    features: Store, annotations: Annotations, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, Annotations]] = []
    monkeypatch.setattr(checks, "trained_auc", _recorded(seen))
    values = checks.shuffled_aucs(features.folder, annotations, SETTINGS["sultani"])
    assert values == [0.5] * checks.SHUFFLES
    assert [seed for seed, _ in seen] == list(range(checks.SHUFFLES))
    assert [labels for _, labels in seen] == [
        shuffled_labels(annotations, seed) for seed in range(checks.SHUFFLES)
    ]


def _recorded(seen: list[tuple[int, Annotations]]) -> Callable[..., float]:
    def trained(_: Store, labels: Annotations, __: MethodSettings, *, seed: int, **___: Any) -> float:
        seen.append((seed, labels))
        return 0.5

    return trained
