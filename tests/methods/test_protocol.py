"""The table of methods, crops, skipped videos, and scorings that were killed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_clip_set
from vadbench.config import METHOD_SETTINGS, LinearSvmSettings, ZeroShotSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.checkpoint import write_arrays
from vadbench.methods.layers.features import Features, embeddings, training_videos
from vadbench.methods.layers.scores import write_scores
from vadbench.store import Part


def test_every_method_with_settings_is_in_the_table() -> None:
    assert set(METHODS) == set(METHOD_SETTINGS)
    assert METHODS["sultani"].trains
    assert not METHODS["zero_shot"].trains


def test_names_are_known_without_torch() -> None:
    code = "import sys, vadbench.methods; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_method_without_training_says_so(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="zero_shot has no training"):
        METHODS["zero_shot"].train(train_inputs(None, weak_split(), ZeroShotSettings(), tmp_path))


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    draw = np.random.default_rng(0)
    videos = {id: draw.normal(size=(5 + i, 5, 4)) for i, id in enumerate(["abnormal-0", "b", "c"])}
    videos["empty"] = np.zeros((0, 5, 4))
    return write_clip_set(tmp_path_factory.mktemp("clip"), videos, parts=2, skipped={"broken": "no frame"})


def test_of_several_crops_the_centre_is_taken(features: Features) -> None:
    np.testing.assert_array_equal(embeddings(features, "b"), features.read("b", "embedding")[:, 0])
    assert embeddings(features, "b").shape == (6, 4)
    assert embeddings(features, "b").dtype == np.float32


def test_training_videos_without_rows_are_left_out_and_named(
    features: Features, caplog: pytest.LogCaptureFixture
) -> None:
    split = weak_split(("c", "broken", "abnormal-0", "empty", "b"))
    videos = training_videos(features, split, train_inputs(features, split, None, Path()).annotations)
    assert (videos.normal, videos.abnormal) == (("c", "b"), ("abnormal-0",))
    assert "broken, empty" in caplog.text


def test_scores_carry_frames_times_and_reasons(features: Features, tmp_path: Path) -> None:
    split = weak_split((), ("c", "broken", "empty", "b"))
    inputs = score_inputs(features, split, LinearSvmSettings(), tmp_path)
    write_scores(inputs, lambda video: {"score": embeddings(features, video)[:, 0]}, selection="last")
    with Part.open(tmp_path / "scores.h5") as scores:
        assert scores.stage == "scores"
        assert scores.videos == split.test
        assert dict(scores.skipped) == {"broken": "no frame"}
        assert scores.attributes["selection"] == "last"
        for video in ("c", "empty", "b"):
            assert scores.frame_count(video) == features.frame_count(video)
            np.testing.assert_array_equal(scores.frame(video), features.frame(video))
            np.testing.assert_array_equal(scores.time(video), features.time(video))
            np.testing.assert_array_equal(scores.read(video, "score"), embeddings(features, video)[:, 0])


def test_an_interrupted_scoring_continues_but_not_from_another_checkpoint(
    features: Features, tmp_path: Path
) -> None:
    split = weak_split((), ("abnormal-0", "b", "c"))
    inputs = score_inputs(features, split, LinearSvmSettings(), tmp_path)
    checkpoint = tmp_path / "checkpoint.safetensors"
    write_arrays(checkpoint, {}, {"training": {"rows": 1}})
    asked: list[str] = []

    def rows(video: str, value: float = 1.0, fail: str = "") -> dict[str, np.ndarray]:
        asked.append(video)
        if video == fail:
            raise KeyboardInterrupt
        return {"score": np.full(features.row_count(video), value, np.float32)}

    with pytest.raises(KeyboardInterrupt):
        write_scores(inputs, lambda video: rows(video, fail="c"), checkpoint=checkpoint)
    assert not inputs.out.exists()
    asked.clear()
    write_scores(inputs, rows, checkpoint=checkpoint)
    assert asked == ["c"]
    inputs.out.unlink()
    with pytest.raises(KeyboardInterrupt):
        write_scores(inputs, lambda video: rows(video, fail="c"), checkpoint=checkpoint)
    write_arrays(checkpoint, {}, {"training": {"rows": 2}})
    write_scores(inputs, lambda video: rows(video, 2.0), checkpoint=checkpoint)
    assert {value for scores in read_scores(inputs.out).values() for value in scores.tolist()} == {2.0}
    assert json.loads((tmp_path / "settings.json").read_text())["training"] == {"rows": 2}


def test_scores_that_are_no_numbers_are_refused(features: Features, tmp_path: Path) -> None:
    inputs = score_inputs(features, weak_split((), ("b",)), LinearSvmSettings(), tmp_path)
    with pytest.raises(VadbenchError, match="b"):
        write_scores(inputs, lambda video: {"score": np.full(6, np.nan, np.float32)})
