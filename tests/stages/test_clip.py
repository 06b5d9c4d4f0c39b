"""The stage `clip` against a plain loop over the stored frames."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from shards import run_clip, run_frames, write_list, write_shard

from tiny_clip import write_architecture, write_weights
from vadbench.datasets import load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.clip_tower import load_clip
from vadbench.models.weights import file_digest
from vadbench.stages import embedding
from vadbench.stages.images import read_image
from vadbench.store import Part

LENGTHS = {"a": 23, "b": 1, "c": 40, "d": 11}


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


@pytest.fixture(scope="module")
def frames(shard: Path) -> Path:
    return run_frames(shard, shard.parent / "frames/part-0000.h5").path


@pytest.fixture(scope="module")
def model(shard: Path) -> dict[str, Any]:
    architecture = write_architecture(shard.parent)
    return {"model": str(architecture), "weights": str(write_weights(architecture))}


def _plainly(
    frames: Path, id: str, model: dict[str, Any], every: int = 1, crops: int = 1
) -> NDArray[np.float32]:
    """One frame after another, (rows, crops, D)."""
    clip_model = load_clip(model["model"], model["weights"], crops=crops, device="cpu")
    with Part.open(frames) as part:
        rows = range(0, part.row_count(id), every)
        return np.stack(
            [clip_model.encode_images(clip_model.preprocess(read_image(part, id, row))) for row in rows]
        )


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("crops", [1, 10])
def test_embeddings_are_those_of_a_plain_loop(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path, every: int, crops: int
) -> None:
    with run_clip(shard, frames, tmp_path / "part-0000.h5", every=every, crops=crops, **model) as part:
        for id, length in LENGTHS.items():
            embeddings = part.read(id, "embedding")
            assert embeddings.dtype == np.float16
            assert embeddings.shape == (-(-length // every), crops, 16)
            assert np.allclose(embeddings, _plainly(frames, id, model, every, crops), rtol=2e-3, atol=2e-3)
            assert part.frame(id).tolist() == list(range(0, length, every))
            assert part.frame_count(id) == length
        with Part.open(frames) as read:
            assert np.array_equal(part.time("c"), read.time("c")[::every])


def test_the_part_says_what_it_was_made_with(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    with run_clip(shard, frames, tmp_path / "part-0000.h5", crops=5, **model) as part:
        assert part.weights == {"tiny.safetensors": file_digest(Path(model["weights"]))}
        assert part.attributes["crops"] == ["center", "top_left", "top_right", "bottom_left", "bottom_right"]
        assert part.attributes["precision"] == "fp32"
        assert part.attributes["preprocess"]["resizer"] == "Pillow"
        assert part.arrays["embedding"].units == "projected, not normalised"


def test_batch_size_and_threads_move_the_last_digits_only(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    parts = [
        run_clip(
            shard,
            frames,
            tmp_path / f"{size}-{threads}/part-0000.h5",
            batch_size=size,
            threads=threads,
            **model,
        )
        for size, threads in ((1, 1), (7, 1), (64, 2))
    ]
    for id in LENGTHS:
        first, *others = (part.read(id, "embedding") for part in parts)
        for other in others:
            assert np.allclose(first, other, rtol=2e-3, atol=2e-3)


def test_a_video_is_embedded_alike_beside_other_videos(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    alone = write_list(
        shard.parent / "videos",
        [{"id": "c", "path": "c.mp4", "bytes": (shard.parent / "videos/c.mp4").stat().st_size}],
    )
    own_frames = run_frames(alone, tmp_path / "frames/part-0000.h5").path
    with (
        run_clip(alone, own_frames, tmp_path / "clip/part-0000.h5", **model) as single,
        run_clip(shard, frames, tmp_path / "all/part-0000.h5", **model) as together,
    ):
        assert np.allclose(
            single.read("c", "embedding"), together.read("c", "embedding"), rtol=2e-3, atol=2e-3
        )


@pytest.mark.parametrize("finished", [1, 2, 3])
def test_a_run_that_broke_off_ends_with_the_same_bits(
    shard: Path,
    frames: Path,
    model: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    finished: int,
) -> None:
    """Broken off between videos: 23, 24 or 64 rows are there, which is in the middle of a batch of 7."""
    write, written = embedding.write_video, []

    def break_off(*arguments: Any) -> None:
        if len(written) == finished:
            raise KeyboardInterrupt
        written.append(arguments)
        write(*arguments)

    out, settings = tmp_path / "part-0000.h5", {**model, "batch_size": 7}
    with monkeypatch.context() as patch:
        patch.setattr(embedding, "write_video", break_off)
        with pytest.raises(KeyboardInterrupt):
            run_clip(shard, frames, out, **settings)
    rewritten: list[str] = []

    def watch(writer: Any, part: Any, id: str, *others: Any) -> None:
        rewritten.append(id)
        write(writer, part, id, *others)

    monkeypatch.setattr(embedding, "write_video", watch)
    resumed = run_clip(shard, frames, out, **settings)
    assert rewritten == list(LENGTHS)[finished:]
    undisturbed = run_clip(shard, frames, tmp_path / "other/part-0000.h5", **settings)
    assert resumed.digest == undisturbed.digest


def test_work_on_other_frames_is_not_continued(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "part-0000.h5"
    with monkeypatch.context() as patch:
        patch.setattr(embedding, "_computed", lambda *_: iter(np.zeros((24, 1, 16), np.float32)))
        with pytest.raises(IndexError):
            run_clip(shard, frames, out, **model)
    assert list(out.parent.glob(f".{out.name}.work/video-*.h5"))
    other = run_frames(shard, tmp_path / "frames/part-0000.h5", format="png").path
    with run_clip(shard, other, out, **model) as part:
        assert np.allclose(part.read("a", "embedding"), _plainly(other, "a", model), rtol=2e-3, atol=2e-3)


def test_videos_that_frames_skipped_are_skipped(model: dict[str, Any], tmp_path: Path) -> None:
    shard = write_shard(tmp_path, {"good": 9, "bad": 9, "fine": 5})
    (tmp_path / "videos/bad.mp4").write_bytes(b"")
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5", on_bad_video="skip").path
    with run_clip(shard, frames, tmp_path / "clip/part-0000.h5", **model) as part:
        assert list(part.skipped) == ["bad"]
        assert [part.row_count(id) for id in part.videos] == [9, 0, 5]
        assert np.allclose(
            part.read("fine", "embedding"), _plainly(frames, "fine", model), rtol=2e-3, atol=2e-3
        )


def test_an_empty_shard_is_a_valid_part(model: dict[str, Any], tmp_path: Path) -> None:
    shard = write_list(tmp_path, [])
    frames = run_frames(shard, tmp_path / "frames/part-0000.h5").path
    with run_clip(shard, frames, tmp_path / "clip/part-0000.h5", **model) as part:
        assert part.videos == ()


def test_a_part_of_another_stage_or_none_is_refused(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    made = run_clip(shard, frames, tmp_path / "part-0000.h5", **model).path
    with pytest.raises(VadbenchError, match="'frames'"):
        run_clip(shard, made, tmp_path / "again/part-0000.h5", **model)
    with pytest.raises(VadbenchError, match="missing"):
        run_clip(shard, tmp_path / "absent.h5", tmp_path / "again/part-0000.h5", **model)


def test_a_set_for_one_split_has_its_videos_alone(
    shard: Path, frames: Path, model: dict[str, Any], tmp_path: Path
) -> None:
    entries = json.loads(shard.read_text())["videos"]
    shutil.copytree(shard.parent / "videos", tmp_path / "videos")
    few = write_list(tmp_path, [entry for entry in entries if entry["id"] in ("b", "d")])
    some = run_clip(few, frames, tmp_path / "some.h5", split="mine", **model)
    every = run_clip(shard, frames, tmp_path / "every.h5", **model)
    with some, every:
        assert some.videos == ("b", "d")
        assert some.videos_digest == videos_digest(load_videos(few)) != every.videos_digest
        for id in some.videos:
            assert np.allclose(some.read(id, "embedding"), every.read(id, "embedding"), rtol=2e-3, atol=2e-3)
    with pytest.raises(VadbenchError, match="no video 'e'"):
        run_clip(
            write_list(tmp_path, [{"id": "e", "path": "e.mp4"}]),
            frames,
            tmp_path / "none.h5",
            split="mine",
            **model,
        )
