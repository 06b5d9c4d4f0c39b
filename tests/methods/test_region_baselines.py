"""Magnitude, nearest neighbours and Gaussian mixture: against loops and scikit-learn, and what they say."""

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from feature_sets import read_scores, score_inputs, train_inputs, weak_split, write_histograms_set
from vadbench.config import METHOD_SETTINGS, MotionMagnitudeSettings, RegionGmmSettings, RegionKnnSettings
from vadbench.errors import VadbenchError
from vadbench.methods import METHODS, region_gmm, region_knn
from vadbench.methods.layers.checkpoint import read_arrays, write_arrays
from vadbench.methods.layers.seeds import stream_generator
from vadbench.methods.motion_magnitude import largest_bins
from vadbench.store import Store

Rows = np.ndarray
Video = list[Rows]
# Frames in which nothing is found stand among the others.
TRAIN = {f"train-{number}": number for number in range(4)}


def walking(count: int, seed: int) -> Rows:
    """Regions that move to the right at one to two pixels per frame, and nowhere else."""
    draw = np.random.default_rng(seed)
    rows = np.zeros((count, 8), np.float32)
    rows[:, 4] = 1 + draw.random(count)
    rows[:, 3] = 0.3 * draw.random(count)
    return rows


def video(seed: int, *, frames: int = 20, odd: Rows | None = None) -> Video:
    rows = [walking(0 if number % 7 == 6 else 3, 100 * seed + number) for number in range(frames)]
    if odd is not None:
        for number in range(8, 12):
            rows[number] = np.concatenate([rows[number], odd[None]])
    return rows


def bins(*values: float) -> Rows:
    return np.array(values, np.float32)


ODD = {
    "faster": bins(0, 0, 0, 0, 6, 0, 0, 0),
    "backwards": bins(2, 0, 0, 0, 0, 0, 0, 0),
    "dancing": bins(2, 2, 2, 2, 2, 2, 2, 2),
}
"""What training has not seen."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    videos = {name: video(seed) for name, seed in TRAIN.items()}
    videos |= {f"test-{name}": video(50 + i, odd=odd) for i, (name, odd) in enumerate(ODD.items())}
    videos |= {"test-empty": [walking(0, 0)] * 5, "test-single": [walking(2, 9)], "test-none": []}
    return write_histograms_set(
        tmp_path_factory.mktemp("set"), videos, parts=3, skipped={"broken": "no frame"}
    )


def split_of(store: Store) -> Any:
    return weak_split(
        tuple(TRAIN), tuple(v for v in (*store.videos,) if v.startswith("test") or v == "broken")
    )


def scored(store: Store, settings: Any, folder: Path, **more: Any) -> dict[str, Rows]:
    method, split = METHODS[settings.method], split_of(store)
    if method.trains:
        method.train(train_inputs(store, split, settings, folder, **more))
    inputs = score_inputs(store, split, settings, folder, **more)
    method.score(inputs)
    return read_scores(inputs.out)


REGION_METHODS = ("motion_magnitude", "region_knn", "region_gmm", "local_patterns")


def made(name: str, **more: Any) -> Any:
    fast = {"hidden": 32, "epochs": 40, "batch_size": 32} if name == "local_patterns" else {}
    return METHOD_SETTINGS[name](method=name, **fast, **more)


@pytest.mark.parametrize("name", REGION_METHODS)
def test_what_moves_unlike_training_scores_higher(store: Store, tmp_path: Path, name: str) -> None:
    scores = scored(store, made(name, smooth_sigma=0), tmp_path)
    assert set(scores) == set(split_of(store).test)
    # The fastest bin alone cannot tell in which direction it is.
    for odd in ["faster"] if name == "motion_magnitude" else ODD:
        found = scores[f"test-{odd}"]
        normal = np.delete(found, range(8, 12))
        assert found[8:12].min() > normal.max(), odd
    assert len(scores["broken"]) == len(scores["test-none"]) == 0
    assert np.isfinite(np.concatenate(list(scores.values()))).all()


@pytest.mark.parametrize("name", REGION_METHODS)
def test_a_frame_without_regions_is_the_most_normal_of_the_training(
    store: Store, tmp_path: Path, name: str
) -> None:
    settings = made(name, smooth_sigma=0)
    empty = scored(store, settings, tmp_path)["test-empty"]
    if name == "motion_magnitude":
        expected = 0.0
    else:
        # The training videos, scored as if they were tested.
        inputs = score_inputs(
            store, weak_split((), tuple(TRAIN)), settings, tmp_path, out=tmp_path / "train.h5"
        )
        METHODS[name].score(inputs)
        of_training = read_scores(inputs.out)
        kept = [of_training[v][[n for n in range(20) if n % 7 != 6]] for v in TRAIN]
        expected = np.concatenate(kept).min()
    np.testing.assert_allclose(empty, expected, rtol=1e-5)


@pytest.mark.parametrize("name", REGION_METHODS)
def test_smoothing_is_part_of_the_method_and_of_scoring_alone(
    store: Store, tmp_path: Path, name: str
) -> None:
    rough = scored(store, made(name, smooth_sigma=0), tmp_path)
    smooth = read_scores(
        _score_again(store, made(name), tmp_path)  # the default's 9.5, from the same checkpoint
    )
    assert np.abs(np.diff(smooth["test-faster"])).max() < np.abs(np.diff(rough["test-faster"])).max() / 3
    np.testing.assert_array_equal(smooth["test-single"], rough["test-single"])


def _score_again(store: Store, settings: Any, folder: Path) -> Path:
    inputs = score_inputs(store, split_of(store), settings, folder, out=folder / "again.h5")
    METHODS[settings.method].score(inputs)
    return inputs.out


@pytest.mark.parametrize("name", ["region_knn", "region_gmm", "local_patterns"])
def test_shards_do_not_matter(store: Store, tmp_path: Path, name: str) -> None:
    videos = {
        v: store.ragged_rows(v, "regions", "histogram")
        for v in reversed(store.videos)
        if v not in store.skipped
    }
    other = write_histograms_set(tmp_path / "one", videos, parts=1, skipped={"broken": "no frame"})
    first = scored(store, made(name), tmp_path / "three")
    second = scored(other, made(name), tmp_path / "one-run")
    for v in first:
        np.testing.assert_array_equal(first[v], second[v])
    one, two = (
        read_arrays(tmp_path / folder / "checkpoint.safetensors")[0] for folder in ("three", "one-run")
    )
    for array in one:
        np.testing.assert_array_equal(one[array], two[array])


def test_magnitude_is_the_largest_bin() -> None:
    rows = np.random.default_rng(0).random((20, 8)).astype(np.float32)
    np.testing.assert_array_equal(largest_bins(rows), [max(row) for row in rows.tolist()])


def loop_distances(training: Rows, rows: Rows, k: int) -> list[float]:
    """Mean over the k nearest of the distance in units of the training's deviations."""
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    deviation = [d if len(set(column)) > 1 else 1 for d, column in zip(deviation, training.T, strict=True)]
    found = []
    for row in rows:
        distances = sorted(
            sum(((a - m) / d - (b - m) / d) ** 2 for a, b, m, d in zip(row, t, mean, deviation, strict=True))
            ** 0.5
            for t in training
        )
        found.append(sum(distances[:k]) / k)
    return found


@pytest.mark.parametrize("k", [1, 5, 30])
def test_distances_are_those_of_the_loop(k: int) -> None:
    draw = np.random.default_rng(0)
    # Bins of unlike size, so that one that forgets to standardise would differ, and one that is constant.
    training, rows = (draw.random((n, 8)) * np.arange(1, 9) ** 2 for n in (30, 12))
    training[:, 3] = 0.1
    found = region_knn.region_scores(region_knn.fit(training), k)(rows)
    np.testing.assert_allclose(found, loop_distances(training, rows, k), rtol=1e-6)


def test_the_likelihood_from_arrays_is_scikit_learns(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    # Components that overlap, so that more than the nearest one counts.
    training = np.concatenate(
        [draw.normal(c / 4, 1, size=(80, 8)) @ draw.normal(size=(8, 8)) for c in range(3)]
    )
    rows = np.concatenate([training[::5], draw.normal(2, 4, size=(50, 8))])
    write_arrays(tmp_path / "x.safetensors", region_gmm.fit(training, 4, seed=3))
    found = region_gmm.region_scores(read_arrays(tmp_path / "x.safetensors")[0])(rows)
    scaler = StandardScaler().fit(training)
    state = int(stream_generator(3, "initialisation").integers(2**32))
    mixture = GaussianMixture(4, covariance_type="full", random_state=state).fit(scaler.transform(training))
    np.testing.assert_allclose(found, -mixture.score_samples(scaler.transform(rows)), rtol=1e-8)


def test_one_gaussian_is_known_by_heart() -> None:
    """Of one component: D/2 log 2 pi + half the squared distance in deviations, for independent bins."""
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=8)))
    found = region_gmm.region_scores(region_gmm.fit(3 + 2 * signs, 1, seed=0))(
        np.array([[3.0] * 8, [3.0] * 7 + [9.0]])
    )
    np.testing.assert_allclose(found, 4 * np.log(2 * np.pi) + np.array([0, 4.5]), rtol=1e-4)


def test_a_seed_moves_the_mixture_and_not_the_neighbours(store: Store, tmp_path: Path) -> None:
    for name, moves in (("region_gmm", True), ("region_knn", False)):
        settings = made(name, max_rows=60)
        arrays = []
        for seed in (0, 1):
            run = tmp_path / name / str(seed)
            METHODS[name].train(train_inputs(store, split_of(store), settings, run, seed=seed))
            arrays.append(read_arrays(run / "checkpoint.safetensors")[0])
        assert (not np.array_equal(arrays[0]["mean"], arrays[1]["mean"])) == moves


def test_of_many_regions_as_many_as_allowed_are_kept(store: Store, tmp_path: Path) -> None:
    METHODS["region_knn"].train(
        train_inputs(store, split_of(store), RegionKnnSettings(max_rows=50), tmp_path)
    )
    arrays, record = read_arrays(tmp_path / "checkpoint.safetensors")
    assert arrays["rows"].shape == (50, 8)
    assert record["training"] == {"normal": 4, "regions": 4 * 18 * 3, "rows": 50}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            RegionKnnSettings(k=7),
            "k is 7, but only 6 training regions are there or kept; write k: 6 or less",
        ),
        (RegionKnnSettings(k=5, max_rows=4), "k is 5, but only 4 .* raise max_rows"),
        (RegionGmmSettings(components=7), "7 components, but only 6 training regions .* components: 6"),
        (RegionGmmSettings(components=3, max_rows=2), "3 components, but only 2 .* raise max_rows"),
    ],
)
def test_too_few_regions_say_what_to_do(tmp_path: Path, settings: Any, message: str) -> None:
    store = write_histograms_set(tmp_path, {"train": [walking(3, 0), walking(3, 1)]})
    with pytest.raises(VadbenchError, match=f"{settings.method}: {message}") as error:
        METHODS[settings.method].train(train_inputs(store, weak_split(("train",)), settings, tmp_path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["region_knn", "region_gmm", "local_patterns"])
@pytest.mark.parametrize("still", [0.0, 0.1])
def test_of_a_static_training_whatever_moves_is_abnormal(tmp_path: Path, name: str, still: float) -> None:
    """All regions alike, as in a video in which nothing moves, or under a camera that pans evenly."""
    rows = np.full((3, 8), still, np.float32)
    moving = [rows, rows + bins(0, 0, 0, 0, 1, 0, 0, 0), rows + bins(0, 0, 0, 0, 3, 0, 0, 0)]
    store = write_histograms_set(tmp_path / "set", {"train": [rows] * 10, "test": moving})
    settings, split = made(name, smooth_sigma=0), weak_split(("train",), ("test",))
    METHODS[name].train(train_inputs(store, split, settings, tmp_path))
    METHODS[name].score(score_inputs(store, split, settings, tmp_path))
    still_score, slow, fast = read_scores(tmp_path / "scores.h5")["test"]
    assert still_score < slow < fast
    assert np.isfinite([still_score, fast]).all()


@pytest.mark.parametrize("name", ["region_knn", "region_gmm"])
def test_bins_that_depend_on_each_other_are_no_fault(tmp_path: Path, name: str) -> None:
    """Rank one: every bin a multiple of the first. What breaks the rule is far away."""
    base = np.random.default_rng(0).random((60, 1))
    training = base * np.arange(1, 9)
    fitted = {
        "region_knn": lambda: region_knn.region_scores(region_knn.fit(training), 5),
        "region_gmm": lambda: region_gmm.region_scores(region_gmm.fit(training, 5, 0)),
    }[name]()
    breaking = training[:10].copy()
    breaking[:, 4] = 5 * (1 - base[:10, 0])
    assert (fitted(breaking) > fitted(training[:10])).all()


def test_fewer_distinct_regions_than_components_leave_no_component_empty() -> None:
    """An empty one would stand between the two that were seen, where nothing was."""
    seen = np.array([[0.0] * 8, [1.0] * 8])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        arrays = region_gmm.fit(np.repeat(seen, 10, axis=0), 5, seed=0)
    assert len(arrays["weights"]) == 2
    scores = region_gmm.region_scores(arrays)
    assert scores(np.full((1, 8), 0.5)).min() > 1000 + scores(seen).max()


@settings(max_examples=30)
@given(
    scale=st.floats(0.1, 10),
    seed=st.integers(0, 100),
    order=st.permutations(range(8)),
)
def test_units_and_the_order_of_bins_do_not_matter(scale: float, seed: int, order: list[int]) -> None:
    draw = np.random.default_rng(seed)
    training, rows = draw.random((25, 8)), draw.random((5, 8))
    for fitted in (
        lambda given: region_knn.region_scores(region_knn.fit(given), 3),
        lambda given: region_gmm.region_scores(region_gmm.fit(given, 1, 0)),
    ):
        plain, changed = fitted(training)(rows), fitted(scale * training[:, order])(scale * rows[:, order])
        np.testing.assert_allclose(plain, changed, rtol=1e-6)


def test_settings_refuse_what_makes_no_sense() -> None:
    for kind, values in (
        (MotionMagnitudeSettings, {"smooth_sigma": -1}),
        (RegionKnnSettings, {"k": 0}),
        (RegionGmmSettings, {"components": 0}),
        (METHOD_SETTINGS["local_patterns"], {"depth": 6}),
        (METHOD_SETTINGS["local_patterns"], {"features": "cmam"}),
    ):
        with pytest.raises(ValueError, match=next(iter(values))):
            kind(**values)
    assert METHOD_SETTINGS["local_patterns"](depth="9").depth == 9
