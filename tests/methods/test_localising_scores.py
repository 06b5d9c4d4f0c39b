"""STPrompt on a set that keeps windows: heat maps and boxes beside its scores."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from feature_sets import score_inputs, train_inputs, weak_split
from tiny_clip import write_architecture, write_weights
from vadbench.config import LocalisationSettings, QuerySettings, StPromptSettings, TextSettings
from vadbench.datasets import Split
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS
from vadbench.methods.layers.localisation import Localiser, video_class
from vadbench.models.clip_tower import ClipModel, load_clip
from vadbench.store import ArraySpec, Part, PartWriter, Store, link

TEXTS = TextSettings(labels={"normal": ("people",), "fire": ("a fire",), "fall": ("a fall",)})
QUERIES = QuerySettings(background=("sky", "road", "wall"), abnormal={"fire": ("flames",)})
SIDES = ("left", "top", "right", "bottom")


class Benchmark(NamedTuple):
    store: Store
    split: Split
    clip: ClipModel
    run: Path


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    """Two training videos, two test videos with windows, and a run trained for one step."""
    folder = tmp_path_factory.mktemp("windows")
    architecture = write_architecture(folder)
    weights = write_weights(architecture)
    clip = load_clip(str(architecture), str(weights), device="cpu", precision="fp32")
    split = weak_split(("normal", "abnormal"), ("test 1", "test 2"))
    store = _write(folder / "set", split, clip, {"model": str(architecture), "weights": str(weights)})
    run = tmp_path_factory.mktemp("run")
    METHODS["stprompt"].train(train_inputs(store, split, _settings(None), run, texts=TEXTS))
    return Benchmark(store, split, clip, run)


def _write(folder: Path, split: Split, clip: ClipModel, settings: dict[str, object]) -> Store:
    draw = np.random.default_rng(0)
    width = clip.dimension
    vector = ArraySpec("float16", (width,))
    with PartWriter(
        folder / "part-0000.h5",
        stage="windows",
        settings={**settings, "seed": 0, "keep": "test", "scales": ["2/2", "4/4"]},
        revision=1,
        videos=[*split.train, *split.test],
        arrays={
            "embedding": ArraySpec("float16", (1, width)),
            "aggregate_selection_attention": vector,
            "frame_size": ArraySpec("int32", (2,)),
        },
        ragged={f"windows_{scale}": {"embedding": vector} for scale in ("2_2", "4_4")},
        weights={clip.weights_name: clip.weights_sha256},
        attributes={"tokens": [4, 4]},
    ) as writer:
        for video in writer.videos:
            kept = video in split.test
            rows = {
                f"windows_{scale}": [{"embedding": draw.normal(size=(count * kept, width))} for _ in range(5)]
                for scale, count in (("2_2", 4), ("4_4", 1))
            }
            with writer.video(video) as out:
                out.append(
                    np.arange(5) * 4,
                    np.arange(5) / 6,
                    embedding=draw.normal(size=(5, 1, width)),
                    aggregate_selection_attention=draw.normal(size=(5, width)),
                    frame_size=[(64, 48)] * 5,
                    **rows,
                )
                out.finish(frames=20)
        writer.complete()
    link(folder, 1)
    return Store.open(folder)


def _settings(localisation: LocalisationSettings | None, **more: Any) -> StPromptSettings:
    return StPromptSettings(epochs=1, half_batch=1, localisation=localisation, **more)


def _score(benchmark: Benchmark, out: Path, settings: StPromptSettings, queries: QuerySettings) -> Part:
    inputs = score_inputs(
        benchmark.store, benchmark.split, settings, benchmark.run, texts=TEXTS, queries=queries, out=out
    )
    METHODS["stprompt"].score(inputs)
    return Part.open(out)


@pytest.mark.parametrize("queries", ["all", "video_class"])
def test_heat_and_boxes_are_the_localiser_s_and_scores_stay(
    benchmark: Benchmark, tmp_path: Path, queries: str
) -> None:
    asked = LocalisationSettings(queries=queries, tau=0.3, threshold=0.45)
    plain = _score(benchmark, tmp_path / "plain.h5", _settings(None), QUERIES)
    found = _score(benchmark, tmp_path / "found.h5", _settings(asked), QUERIES)
    localiser = Localiser(benchmark.store, QUERIES, TEXTS, benchmark.clip, asked)
    assert not plain.groups
    with plain, found:
        for video in benchmark.split.test:
            np.testing.assert_array_equal(found.read(video, "score"), plain.read(video, "score"))
            name = video_class(plain.read(video, "class_scores"), TEXTS.classes)
            expected = localiser.rows(video, name)
            np.testing.assert_allclose(found.read(video, "heat"), expected["heat"], atol=1e-3)
            assert found.read(video, "frame_size").tolist() == [[64, 48]] * 5
            for row, boxes in enumerate(expected["boxes"]):
                for side in (*SIDES, "score"):
                    np.testing.assert_array_equal(found.ragged(video, "boxes", side, row), boxes[side])


def test_the_queries_are_part_of_what_scores_depend_on(benchmark: Benchmark, tmp_path: Path) -> None:
    with _score(benchmark, tmp_path / "a.h5", _settings(LocalisationSettings()), QUERIES) as part:
        assert part.settings["queries"] == QUERIES.identity()
    with _score(benchmark, tmp_path / "b.h5", _settings(None), QUERIES) as part:
        assert "queries" not in part.settings


def test_without_prompts_the_model_is_loaded_for_the_queries(benchmark: Benchmark, tmp_path: Path) -> None:
    off = {"a_branch": False, "score": "c_branch"}
    run = tmp_path / "run"
    METHODS["stprompt"].train(
        train_inputs(benchmark.store, benchmark.split, _settings(None, **off), run, texts=TEXTS)
    )
    with _score(
        benchmark._replace(run=run), tmp_path / "c.h5", _settings(LocalisationSettings(), **off), QUERIES
    ) as part:
        assert part.groups.keys() == {"boxes"}


def test_videos_without_kept_windows_are_named(benchmark: Benchmark, tmp_path: Path) -> None:
    other = benchmark._replace(split=weak_split((), ("normal",)))
    with pytest.raises(VadbenchError, match="'normal'"):
        _score(other, tmp_path / "d.h5", _settings(LocalisationSettings()), QUERIES)


def test_a_found_class_needs_the_prompts() -> None:
    with pytest.raises(ValueError, match="video_class needs the branch"):
        _settings(LocalisationSettings(queries="video_class"), a_branch=False, score="c_branch")
