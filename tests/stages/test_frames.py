"""The stage `frames` against plain decoding."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shards import RATE, decoded, run_frames, write_list, write_shard

from vadbench.errors import VadbenchError
from vadbench.stages.images import read_image

LENGTHS = {"a": 23, "b": 1, "c": 40}
BAD = {"first": 20, "cut": 60, "middle": 8, "empty": 5, "gone": 5, "last": 9}


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


def _video(shard: Path, id: str) -> Path:
    return shard.parent / "videos" / f"{id}.mp4"


@pytest.mark.parametrize("stride", [1, 4, 50])
@pytest.mark.parametrize("threads", [1, 2])
def test_png_frames_are_the_decoders_pixels(shard: Path, tmp_path: Path, stride: int, threads: int) -> None:
    with run_frames(shard, tmp_path / "part-0000.h5", format="png", stride=stride, threads=threads) as part:
        assert part.videos == tuple(LENGTHS)
        for id, length in LENGTHS.items():
            plain = decoded(_video(shard, id), stride)
            assert part.frame_count(id) == length
            assert part.frame(id).tolist() == list(range(0, length, stride))
            assert np.allclose(part.time(id), part.frame(id) / RATE)
            stored = [read_image(part, id, row) for row in range(part.row_count(id))]
            assert np.array_equal(stored, plain)


def test_jpeg_frames_are_close_to_the_decoders_pixels(shard: Path, tmp_path: Path) -> None:
    with run_frames(shard, tmp_path / "part-0000.h5") as part:
        plain = decoded(_video(shard, "c"))
        stored = [read_image(part, "c", row) for row in range(40)]
    difference = np.abs(np.array(stored, int) - plain)
    assert difference.mean() < 2


def test_short_side_resizes_like_pillow(shard: Path, tmp_path: Path) -> None:
    with run_frames(shard, tmp_path / "part-0000.h5", format="png", short_side=18, stride=7) as part:
        plain = [
            np.asarray(Image.fromarray(image).resize((24, 18), Image.Resampling.BICUBIC))
            for image in decoded(_video(shard, "a"), 7)
        ]
        assert np.array_equal([read_image(part, "a", row) for row in range(4)], plain)
        height, width = decoded(_video(shard, "a"), 7)[0].shape[:2]
        assert (width, height) != (24, 18)
        assert part.read("a", "frame_size").tolist() == [[width, height]] * 4


def test_runs_with_other_threads_are_identical(shard: Path, tmp_path: Path) -> None:
    parts = [run_frames(shard, tmp_path / f"{n}/part-0000.h5", threads=n) for n in (1, 2)]
    assert parts[0].digest == parts[1].digest


def test_a_shard_without_videos_is_a_valid_part(tmp_path: Path) -> None:
    with run_frames(write_list(tmp_path, []), tmp_path / "frames/part-0000.h5") as part:
        assert part.videos == ()


@pytest.fixture
def shard_with_bad_videos(tmp_path: Path) -> Path:
    """Three good videos, one cut off in the middle, one empty, one missing."""
    shard = write_shard(tmp_path / "bad", BAD)
    videos = shard.parent / "videos"
    content = (videos / "cut.mp4").read_bytes()
    (videos / "cut.mp4").write_bytes(content[: len(content) // 2])
    (videos / "empty.mp4").write_bytes(b"")
    (videos / "gone.mp4").unlink()
    return shard


def test_a_bad_video_ends_the_run_by_default(shard_with_bad_videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "part-0000.h5"
    with pytest.raises(VadbenchError, match=r"cut\.mp4"):
        run_frames(shard_with_bad_videos, out)
    assert not out.exists()


def test_bad_videos_are_skipped_by_name_and_leave_the_others_alone(
    shard_with_bad_videos: Path, tmp_path: Path
) -> None:
    with run_frames(
        shard_with_bad_videos, tmp_path / "part-0000.h5", format="png", on_bad_video="skip"
    ) as part:
        assert set(part.skipped) == {"cut", "empty", "gone"}
        assert [part.row_count(id) for id in part.videos] == [20, 0, 8, 0, 0, 9]
        assert [part.frame_count(id) for id in part.videos] == [20, 0, 8, 0, 0, 9]
        assert all(reason.startswith(f"videos/{id}.mp4") for id, reason in part.skipped.items())
        stored = [read_image(part, "last", row) for row in range(9)]
    assert np.array_equal(stored, decoded(_video(shard_with_bad_videos, "last")))


def test_an_error_that_is_not_the_videos_is_never_skipped(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vadbench.stages import frames

    def fail(image: object, format: str) -> None:
        raise VadbenchError("the disk is full")

    monkeypatch.setattr(frames, "encode_image", fail)
    with pytest.raises(VadbenchError, match="disk"):
        run_frames(shard, tmp_path / "part-0000.h5", on_bad_video="skip")


def test_a_run_that_broke_off_goes_on_where_it_was(shard_with_bad_videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "part-0000.h5"
    with pytest.raises(VadbenchError):
        run_frames(shard_with_bad_videos, out)
    shard = write_shard(shard_with_bad_videos.parent, BAD)
    undisturbed = run_frames(shard, tmp_path / "other/part-0000.h5")
    # What is finished is not looked at again.
    _video(shard, "first").unlink()
    with run_frames(shard, out) as part:
        assert part.digest == undisturbed.digest
