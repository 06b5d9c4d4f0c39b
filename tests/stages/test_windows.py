"""The stage `windows` against a plain loop over the stored frames."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from shards import run_clip, run_frames, run_windows, write_list, write_shard

from tiny_clip import write_architecture, write_weights
from vadbench.config import WindowScale, WindowsSettings
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import load_clip
from vadbench.models.weights import file_digest
from vadbench.models.window_tokens import WindowEncoder
from vadbench.stages import embedding
from vadbench.stages.images import read_image
from vadbench.stages.spatial import spatial_aggregates
from vadbench.stages.windows import FrameWindows, WindowModel
from vadbench.store import Part, link, verify

LENGTHS = {"a": 23, "b": 1, "c": 40, "d": 11}
SCALES = ("2/2", "3/1")
AGGREGATES = ("average", "attention", "selection_average", "selection_attention")


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


@pytest.fixture(scope="module")
def frames(shard: Path) -> Path:
    return run_frames(shard, shard.parent / "frames/part-0000.h5").path


@pytest.fixture(scope="module")
def tiny(shard: Path) -> dict[str, Any]:
    """Settings with a model of 4 x 4 tokens."""
    architecture = write_architecture(shard.parent)
    weights = write_weights(architecture)
    return {"model": str(architecture), "weights": str(weights), "scales": SCALES, "top": 3}


@pytest.fixture(scope="module")
def made(shard: Path, frames: Path, tiny: dict[str, Any]) -> Iterator[Part]:
    """With the windows of one video kept."""
    out = shard.parent / "windows/part-0000.h5"
    with run_windows(shard, frames, out, keep="test", test_videos=["c"], **tiny) as part:
        yield part


def _windows(frames: Path, id: str, tiny: dict[str, Any], scale: str, every: int = 1) -> NDArray[np.float32]:
    """One frame after another, (rows, windows, D)."""
    model = load_clip(tiny["model"], tiny["weights"], device="cpu")
    encoder = WindowEncoder(model, [WindowScale.parse(scale)])
    with Part.open(frames) as part:
        rows = range(0, part.row_count(id), every)
        return np.concatenate(
            [encoder.encode(0, encoder.preprocess(read_image(part, id, row))) for row in rows]
        )


def _motion(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, windows): second differences within one video, whose ends are repeated."""
    padded = np.concatenate([windows[:1], windows, windows[-1:]])
    return np.linalg.norm(2 * windows - padded[:-2] - padded[2:], axis=2)


def _assert_close(one: NDArray[Any], other: NDArray[Any]) -> None:
    assert one.shape == other.shape
    assert np.allclose(one, other, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("every", [1, 5])
def test_motion_and_aggregates_are_those_of_a_plain_loop(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, every: int
) -> None:
    with run_windows(shard, frames, tmp_path / "part-0000.h5", every=every, **tiny) as part:
        assert set(part.arrays) == {
            "embedding",
            "motion",
            "frame_size",
            *(f"aggregate_{name}" for name in AGGREGATES),
        }
        for id, length in LENGTHS.items():
            windows = _windows(frames, id, tiny, "2/2", every)
            motion = part.read(id, "motion")
            assert motion.dtype == np.float32
            _assert_close(motion, _motion(windows).reshape(-1, 2, 2))
            for row, own in enumerate(windows):
                # From the motion that is stored: where two windows move alike, either may be chosen.
                expected = spatial_aggregates(own, motion[row].ravel(), 3)
                for name in AGGREGATES:
                    found = part.read(id, f"aggregate_{name}", row, row + 1)
                    assert found.dtype == np.float16
                    _assert_close(found[0], expected[name])
            assert part.frame(id).tolist() == list(range(0, length, every))
            assert part.frame_count(id) == length
        with Part.open(frames) as read:
            assert np.array_equal(part.time("c"), read.time("c")[::every])


def test_a_video_of_one_row_has_no_motion(made: Part) -> None:
    assert made.row_count("b") == 1
    assert not made.read("b", "motion").any()
    assert np.array_equal(made.read("b", "aggregate_attention"), made.read("b", "aggregate_average"))


def test_the_windows_of_kept_videos_are_stored_at_all_scales(
    frames: Path, tiny: dict[str, Any], made: Part
) -> None:
    assert set(made.groups) == {"windows_2_2", "windows_3_1"}
    for group, scale in zip(("windows_2_2", "windows_3_1"), SCALES, strict=True):
        for id, length in LENGTHS.items():
            rows = made.ragged_rows(id, group, "embedding")
            assert [len(row) for row in rows] == [4 if id == "c" else 0] * length
        stored = np.stack(made.ragged_rows("c", group, "embedding"))
        assert stored.dtype == np.float16
        _assert_close(stored, _windows(frames, "c", tiny, scale))


def test_keep_all_and_none(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, made: Part
) -> None:
    with run_windows(shard, frames, tmp_path / "all/part-0000.h5", keep="all", **tiny) as part:
        for id in LENGTHS:
            counts = [len(row) for row in part.ragged_rows(id, "windows_3_1", "embedding")]
            assert counts == [4] * LENGTHS[id]
    with run_windows(shard, frames, tmp_path / "none/part-0000.h5", **tiny) as part:
        assert not part.groups
        for name in ("embedding", "motion", "aggregate_selection_average"):
            assert np.array_equal(part.read("c", name), made.read("c", name))


def test_other_scales_are_computed_for_kept_videos_only(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, counts = WindowEncoder.encode, [0, 0]

    def counting(self: WindowEncoder, scale: int, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        counts[scale] += len(pixels)
        return encode(self, scale, pixels)

    monkeypatch.setattr(WindowEncoder, "encode", counting)
    run_windows(shard, frames, tmp_path / "part-0000.h5", keep="test", test_videos=["a", "d"], **tiny)
    assert counts == [sum(LENGTHS.values()), LENGTHS["a"] + LENGTHS["d"]]


def test_the_frames_embedding_is_that_of_clip(
    shard: Path, frames: Path, tiny: dict[str, Any], made: Part, tmp_path: Path
) -> None:
    model = {"model": tiny["model"], "weights": tiny["weights"]}
    with run_clip(shard, frames, tmp_path / "clip/part-0000.h5", **model) as clip:
        for id in LENGTHS:
            assert np.array_equal(made.read(id, "embedding"), clip.read(id, "embedding"))


def test_squash_embeds_the_whole_frame(
    shard: Path, frames: Path, tiny: dict[str, Any], made: Part, tmp_path: Path
) -> None:
    settings = {**tiny, "frame_preprocess": "squash"}
    with run_windows(shard, frames, tmp_path / "part-0000.h5", **settings) as part:
        whole = _windows(frames, "c", tiny, "4/4")
        _assert_close(part.read("c", "embedding"), whole)
        assert not np.allclose(part.read("c", "embedding"), made.read("c", "embedding"), atol=0.05)
        assert np.array_equal(part.read("c", "motion"), made.read("c", "motion"))
        assert part.attributes["preprocess"]["resize_mode"] == "squash"  # type: ignore[index]


def test_normalised_windows_change_motion_and_weights_not_what_is_summed(
    shard: Path, frames: Path, tiny: dict[str, Any], made: Part, tmp_path: Path
) -> None:
    settings = {**tiny, "normalise_windows": True}
    with run_windows(shard, frames, tmp_path / "part-0000.h5", **settings) as part:
        windows = _windows(frames, "a", tiny, "2/2")
        motion = part.read("a", "motion")
        _assert_close(
            motion, _motion(windows / np.linalg.norm(windows, axis=2, keepdims=True)).reshape(-1, 2, 2)
        )
        assert not np.allclose(motion, made.read("a", "motion"), atol=0.01)
        expected = [spatial_aggregates(*row, 3) for row in zip(windows, motion.reshape(-1, 4), strict=True)]
        for name in AGGREGATES:
            _assert_close(part.read("a", f"aggregate_{name}"), np.stack([row[name] for row in expected]))


def test_crops_are_another_way(
    shard: Path, frames: Path, tiny: dict[str, Any], made: Part, tmp_path: Path
) -> None:
    settings = {**tiny, "mode": "crop", "keep": "test", "test_videos": ["d"]}
    with run_windows(shard, frames, tmp_path / "part-0000.h5", **settings) as part:
        model = load_clip(tiny["model"], tiny["weights"], device="cpu")
        encoder = WindowEncoder(model, [WindowScale(3, 1)], "crop")
        with Part.open(frames) as read:
            expected = encoder.encode(0, encoder.preprocess(read_image(read, "d", 4)))[0]
        _assert_close(part.ragged("d", "windows_3_1", "embedding", 4), expected)
        assert not np.allclose(part.read("d", "motion"), made.read("d", "motion"), atol=0.01)


def test_the_part_says_what_it_was_made_with(made: Part, tiny: dict[str, Any]) -> None:
    assert made.weights == {"tiny.safetensors": file_digest(Path(tiny["weights"]))}
    said = made.attributes
    assert (said["scales"], said["grids"], said["tokens"]) == (["2/2", "3/1"], [[2, 2], [2, 2]], [4, 4])
    assert (said["image_size"], said["precision"]) == ([32, 32], "fp32")
    assert made.arrays["embedding"].shape == (1, 16)
    assert made.arrays["motion"].shape == (2, 2)
    assert made.groups["windows_3_1"]["embedding"].units == "projected, not normalised"
    settings = WindowsSettings.model_validate(dict(made.settings))
    assert settings.window_scales == (WindowScale(2, 2), WindowScale(3, 1))


def test_the_part_is_sound_and_damage_is_found(made: Part) -> None:
    link(made.path.parent, 1)
    assert verify(made.path.parent) == []
    content = bytearray(made.path.read_bytes())
    stored = np.concatenate(made.ragged_rows("c", "windows_3_1", "embedding"))
    place = content.index(stored.tobytes()[:200])
    content[place + 5] ^= 1
    damaged = made.path.parent.parent / "damaged/part-0000.h5"
    damaged.parent.mkdir()
    damaged.write_bytes(content)
    assert [(damage.dataset, damage.videos) for damage in verify(damaged)] == [
        ("windows_3_1/embedding", ("c",))
    ]


def test_batch_size_and_threads_move_the_last_digits_only(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, made: Part
) -> None:
    for size, threads in ((1, 1), (7, 1), (64, 2)):
        settings = {**tiny, "batch_size": size, "threads": threads, "keep": "test", "test_videos": ["c"]}
        out = tmp_path / f"{size}-{threads}/part-0000.h5"
        with run_windows(shard, frames, out, **settings) as part:
            for id in LENGTHS:
                for name in ("embedding", "motion", "aggregate_average", "aggregate_attention"):
                    _assert_close(part.read(id, name), made.read(id, name))
            for one, other in zip(
                *(each.ragged_rows("c", "windows_3_1", "embedding") for each in (part, made)), strict=True
            ):
                _assert_close(one, other)


def test_a_video_is_embedded_alike_beside_other_videos(
    shard: Path, tiny: dict[str, Any], made: Part, tmp_path: Path
) -> None:
    size = (shard.parent / "videos/c.mp4").stat().st_size
    alone = write_list(shard.parent / "videos", [{"id": "c", "path": "c.mp4", "bytes": size}])
    own_frames = run_frames(alone, tmp_path / "frames/part-0000.h5").path
    with run_windows(alone, own_frames, tmp_path / "windows/part-0000.h5", **tiny) as single:
        for name in ("embedding", "motion", "aggregate_average", "aggregate_attention"):
            _assert_close(single.read("c", name), made.read("c", name))


def _break_off(monkeypatch: pytest.MonkeyPatch, finished: int) -> None:
    """Interrupt the run when so many videos are written."""
    write, written = embedding.write_video, []

    def writing(*arguments: Any) -> None:
        if len(written) == finished:
            raise KeyboardInterrupt
        written.append(arguments)
        write(*arguments)

    monkeypatch.setattr(embedding, "write_video", writing)


@pytest.mark.parametrize("finished", [1, 2, 3])
def test_a_run_that_broke_off_ends_with_the_same_bits(
    shard: Path,
    frames: Path,
    tiny: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: int,
) -> None:
    """Broken off between videos: 23, 24 or 64 rows are there, which is in the middle of a batch of 7.

    On some machines the bits do not tell which frames shared a batch, so the batches are compared too.
    """
    embed, batches = WindowModel.embed, []

    def watched(self: WindowModel, pixels: NDArray[np.uint8], kept: NDArray[np.bool_]) -> list[FrameWindows]:
        batches.append((pixels.tobytes(), kept.tolist()))
        return embed(self, pixels, kept)

    monkeypatch.setattr(WindowModel, "embed", watched)
    out = tmp_path / "part-0000.h5"
    settings = {**tiny, "batch_size": 7, "keep": "test", "test_videos": ["a", "c"]}
    with monkeypatch.context() as patch:
        _break_off(patch, finished)
        with pytest.raises(KeyboardInterrupt):
            run_windows(shard, frames, out, **settings)
    assert len(list(out.parent.glob(f".{out.name}.work/video-*.h5"))) == finished
    batches.clear()
    resumed = run_windows(shard, frames, out, **settings)
    of_resumed = batches.copy()
    batches.clear()
    undisturbed = run_windows(shard, frames, tmp_path / "other/part-0000.h5", **settings)
    assert of_resumed == batches[sum(list(LENGTHS.values())[:finished]) // 7 :]
    assert resumed.digest == undisturbed.digest
    assert resumed.path.read_bytes() == undisturbed.path.read_bytes()


def test_work_with_other_kept_videos_is_not_continued(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, settings = tmp_path / "part-0000.h5", {**tiny, "keep": "test"}
    with monkeypatch.context() as patch:
        _break_off(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            run_windows(shard, frames, out, test_videos=["a"], **settings)
    with run_windows(shard, frames, out, test_videos=["d"], **settings) as part:
        kept = [id for id in LENGTHS if len(part.ragged(id, "windows_2_2", "embedding", 0))]
    assert kept == ["d"]


def test_videos_that_frames_skipped_are_skipped(tiny: dict[str, Any], tmp_path: Path) -> None:
    shard = write_shard(tmp_path, {"good": 9, "bad": 9, "fine": 5})
    (tmp_path / "videos/bad.mp4").write_bytes(b"")
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5", on_bad_video="skip").path
    settings = {**tiny, "keep": "test", "test_videos": ["bad", "fine"]}
    with run_windows(shard, frames, tmp_path / "windows/part-0000.h5", **settings) as part:
        assert list(part.skipped) == ["bad"]
        assert [part.row_count(id) for id in part.videos] == [9, 0, 5]
        windows = _windows(frames, "fine", tiny, "2/2")
        _assert_close(part.read("fine", "motion"), _motion(windows).reshape(-1, 2, 2))
        assert verify(part.path) == []


def test_an_empty_shard_is_a_valid_part(tiny: dict[str, Any], tmp_path: Path) -> None:
    shard = write_list(tmp_path, [])
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5").path
    with run_windows(shard, frames, tmp_path / "windows/part-0000.h5", keep="all", **tiny) as part:
        assert part.videos == ()
        assert set(part.groups) == {"windows_2_2", "windows_3_1"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scales": ("5/3",), "top": 1}, r"5/3.* grid of 4 x 4 tokens"),
        ({"scales": ("2/2", "3/2")}, r"3/2.* grid of 4 x 4 tokens"),
        ({"top": 5}, r"top: 5 .* 2/2, has 2 x 2 on the model's grid of 4 x 4 tokens; use 4 or less"),
        ({"keep": "test"}, "needs --test-videos"),
        ({"keep": "test", "test_videos": ["a", "z"]}, "no video 'z'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(VadbenchError, match=said):
        run_windows(shard, frames, tmp_path / "part-0000.h5", **{**tiny, **changes})
    assert not list(tmp_path.iterdir())


def test_as_many_as_there_are_may_be_selected(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path
) -> None:
    with run_windows(shard, frames, tmp_path / "part-0000.h5", **{**tiny, "top": 4}) as part:
        selected, every = (part.read("c", f"aggregate_{name}") for name in ("selection_average", "average"))
        _assert_close(selected, every)


@pytest.mark.parametrize("keep", ["none", "all"])
def test_the_planned_bytes_of_a_row_are_those_stored(
    shard: Path, frames: Path, tiny: dict[str, Any], tmp_path: Path, keep: str
) -> None:
    settings = {**tiny, "keep": keep}
    with run_windows(shard, frames, tmp_path / "part-0000.h5", **settings) as part:
        stored = sum(part.read("c", name).nbytes for name in part.arrays) + sum(
            rows.nbytes for group in part.groups for rows in part.ragged_rows("c", group, "embedding")
        )
    model = WindowModel(load_clip(tiny["model"], tiny["weights"], device="cpu"), WindowsSettings(**settings))
    assert model.row_bytes(keep == "all") * LENGTHS["c"] == stored
