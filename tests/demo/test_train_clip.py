"""The training of the demo's CLIP: its images, windows of tokens, what it writes, what it never sees."""

import hashlib

import numpy as np
import pytest
import torch

from vadbench.demo.events import ACTIVITIES
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.plan import benchmark_plan, scene_of
from vadbench.demo.scenes import build_scene
from vadbench.demo.towers import Vocabulary, embed_windows, load_towers, text_embeddings
from vadbench.demo.train_clip import TrainSettings, choose_windows, train_clip
from vadbench.demo.training_images import (
    HELD_OUT_CAMERAS,
    TRAINING_CAMERAS,
    LabelledImages,
    render_training_images,
    visible_activities,
)

TINY = TrainSettings(
    steps=3, images=6, windows=4, warmup=2, cameras=2, scenes=6, width=32, layers=1, evaluations=1
)


@pytest.fixture(scope="module")
def images() -> LabelledImages:
    return render_training_images(range(1000, 1003), scenes=8, workers=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        fewer_held_out_cameras(patch)
        train_clip(folder, TINY, workers=1)
    return folder


def fewer_held_out_cameras(patch: pytest.MonkeyPatch) -> None:
    from vadbench.demo import held_out

    few = held_out.held_out_images.__wrapped__(range(500, 502))
    patch.setattr(held_out, "held_out_images", lambda: few)


def test_benchmark_training_and_held_out_cameras_have_different_numbers() -> None:
    for size in ("default", "mini"):
        for seed in range(5):
            assert all(video.camera < 100 for video in benchmark_plan(seed, size).videos)
    assert min(TRAINING_CAMERAS) >= 1000
    assert set(HELD_OUT_CAMERAS) <= set(range(500, 560))


def test_benchmark_training_and_held_out_frames_differ() -> None:
    def digest(camera: int, seed: int, frame: int) -> str:
        return hashlib.sha256(SceneRenderer(build_scene(camera, seed)).frame(frame).tobytes()).hexdigest()

    # A sample of the model's renders against every video of the benchmark; all the others differ by their
    # cameras' numbers (above).
    training = {digest(camera, seed, 0) for camera in TRAINING_CAMERAS[::50] for seed in (0, 1)}
    held_out = {digest(camera, seed, 0) for camera in HELD_OUT_CAMERAS[::6] for seed in (0, 1)}
    videos = [video for size in ("default", "mini") for video in benchmark_plan(0, size).videos]
    benchmark = {hashlib.sha256(SceneRenderer(scene_of(v)).frame(0).tobytes()).hexdigest() for v in videos}
    expected = 2 * len(TRAINING_CAMERAS[::50]) + 2 * len(HELD_OUT_CAMERAS[::6]) + len(videos)
    assert len(training | held_out | benchmark) == expected


def test_training_images_follow_from_their_camera(images: LabelledImages) -> None:
    again = render_training_images(range(1000, 1001), scenes=8, workers=1)
    assert np.array_equal(images.pixels[: len(again)], again.pixels)
    assert images.pixels.shape[1:] == (128, 128, 3)
    assert images.coverage.shape[1:] == (12, 8, 8)
    assert set(np.concatenate([visible_activities(c) for c in images.coverage])) <= set(ACTIVITIES)


def test_windows_show_activities_well_or_not_at_all(images: LabelledImages) -> None:
    rng = np.random.default_rng(0)
    for rows, columns in ((2, 2), (5, 3)):
        corners = choose_windows(images.coverage, rows, columns, rng)
        assert (corners >= 0).all()
        assert (corners[:, 0] <= 8 - rows).all()
        assert (corners[:, 1] <= 8 - columns).all()


def test_a_window_of_all_tokens_is_the_whole_image(trained, images: LabelledImages) -> None:
    visual = load_towers(trained).visual
    pixels = torch.randn(3, 3, 128, 128)
    with torch.inference_mode():
        whole = visual(pixels)
        window = embed_windows(visual, pixels, np.zeros((3, 2), np.int64), 8, 8)
        part = embed_windows(visual, pixels, np.array([[0, 0], [3, 2], [6, 6]]), 2, 2)
    assert torch.allclose(whole, window, atol=1e-5)
    assert not torch.allclose(whole, part, atol=1e-2)


def test_a_window_reads_its_own_tokens_only(trained) -> None:
    visual = load_towers(trained).visual
    pixels = torch.randn(1, 3, 128, 128)
    changed = pixels.clone()
    changed[:, :, :32] = 0  # the two upper rows of tokens
    corners = np.array([[2, 3]])
    with torch.inference_mode():
        before, after = (embed_windows(visual, p, corners, 3, 3) for p in (pixels, changed))
    assert torch.equal(before, after)


def test_weights_keep_the_words_of_the_list_only(trained) -> None:
    from safetensors.torch import load_file

    state = load_file(trained / "clip.safetensors")
    table = state["token_embedding.weight"]
    kept = torch.zeros(len(table), dtype=torch.bool)
    kept[Vocabulary().used] = True
    assert table.dtype == torch.float16
    assert not table[~kept].any()
    assert table[kept].any(dim=1).all()
    assert (trained / "words.txt").read_text().split() == sorted((trained / "words.txt").read_text().split())


def test_training_is_reproducible(trained, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer_held_out_cameras(monkeypatch)
    train_clip(tmp_path, TINY, workers=1)
    assert (tmp_path / "clip.safetensors").read_bytes() == (trained / "clip.safetensors").read_bytes()


def test_compact_tokens_embed_as_the_whole_vocabulary_does(trained) -> None:
    vectors = text_embeddings(load_towers(trained), ["a fire", "people walking"])
    assert vectors.shape == (2, 128)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    tokens = Vocabulary().tokens(["a fire"])
    assert tokens.argmax() == 3  # start, "a", "fire", end: the end token is still the largest
