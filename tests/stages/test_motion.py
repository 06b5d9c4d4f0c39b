"""The stage `motion` against the encoder's vectors of plainly decoded frames."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shards import HEIGHT, RATE, WIDTH, decoded, write_list, write_shard

from vadbench.config import MotionSettings
from vadbench.errors import VadbenchError
from vadbench.models import hevc_vectors
from vadbench.models.hevc_vectors import EncoderFrame, HevcVectors
from vadbench.stages import motion, run_stage
from vadbench.store import Part
from vadbench.video import VideoReader

LENGTHS = {"a": 23, "b": 1, "c": 40, "d": 2}


def run_motion(
    shard: Path, out: Path, *, on_bad_video: Any = "fail", threads: int = 2, **settings: Any
) -> Part:
    run_stage(
        MotionSettings(**settings),
        videos=shard,
        data_root=shard.parent,
        out=out,
        threads=threads,
        on_bad_video=on_bad_video,
    )
    return Part.open(out)


def field(part: Part, id: str, row: int) -> np.ndarray[Any, Any]:
    rows, columns = part.read(id, "grid", row, row + 1)[0]
    return part.ragged(id, "field", "vector", row).reshape(rows, columns, 2)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


@pytest.mark.parametrize("threads", [1, 2])
def test_fields_are_those_of_plain_decoding(shard: Path, tmp_path: Path, threads: int) -> None:
    vectors = HevcVectors("fast", 20)
    with run_motion(shard, tmp_path / "part-0000.h5", preset="fast", crf=20, threads=threads) as part:
        assert part.videos == tuple(LENGTHS)
        for id, length in LENGTHS.items():
            plain = list(vectors.fields(decoded(shard.parent / "videos" / f"{id}.mp4")))
            assert part.frame_count(id) == part.row_count(id) == length
            assert part.frame(id).tolist() == list(range(length))
            assert np.allclose(part.time(id), part.frame(id) / RATE)
            assert part.read(id, "frame_size").tolist() == [[WIDTH, HEIGHT]] * length
            assert np.array_equal([field(part, id, row) for row in range(length)], plain)


def test_a_part_says_how_it_was_encoded(shard: Path, tmp_path: Path) -> None:
    vectors = HevcVectors()
    with run_motion(shard, tmp_path / "part-0000.h5") as part:
        assert part.attributes["x265"] == vectors.version
        assert part.attributes["x265_options"] == vectors.options
        assert (part.attributes["block"], part.attributes["intra"]) == (8, -32768)
        assert (field(part, "a", 0) == -32768).all()
        assert part.settings == MotionSettings().identity()


def test_nothing_is_stored_where_nothing_is_kept(shard: Path, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="keep is none"):
        run_motion(shard, tmp_path / "part-0000.h5", keep="none")
    assert not (tmp_path / "part-0000.h5").exists()
    with pytest.raises(VadbenchError, match="keep is none"):
        run_motion(tmp_path / "no list.json", tmp_path / "part-0000.h5", keep="none")


def test_runs_with_other_threads_are_identical(shard: Path, tmp_path: Path) -> None:
    parts = [run_motion(shard, tmp_path / f"{n}/part-0000.h5", threads=n) for n in (1, 2)]
    assert parts[0].digest == parts[1].digest


def test_a_shard_without_videos_is_a_valid_part(tmp_path: Path) -> None:
    with run_motion(write_list(tmp_path, []), tmp_path / "motion/part-0000.h5") as part:
        assert part.videos == ()


@pytest.fixture
def shard_with_bad_videos(tmp_path: Path) -> Path:
    """Good videos, and between them one cut off in the middle and one missing."""
    shard = write_shard(tmp_path / "bad", {"first": 20, "cut": 60, "gone": 5, "last": 9})
    videos = shard.parent / "videos"
    content = (videos / "cut.mp4").read_bytes()
    (videos / "cut.mp4").write_bytes(content[: len(content) // 2])
    (videos / "gone.mp4").unlink()
    return shard


def test_a_bad_video_ends_the_run_by_default(shard_with_bad_videos: Path, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"cut\.mp4"):
        run_motion(shard_with_bad_videos, tmp_path / "part-0000.h5")
    assert not (tmp_path / "part-0000.h5").exists()


def test_bad_videos_are_skipped_by_name_and_leave_the_others_alone(
    shard_with_bad_videos: Path, tmp_path: Path
) -> None:
    with run_motion(shard_with_bad_videos, tmp_path / "part-0000.h5", on_bad_video="skip") as part:
        assert set(part.skipped) == {"cut", "gone"}
        assert [part.row_count(id) for id in part.videos] == [20, 0, 0, 9]
        assert all(reason.startswith(f"videos/{id}.mp4") for id, reason in part.skipped.items())
        plain = list(HevcVectors().fields(decoded(shard_with_bad_videos.parent / "videos/last.mp4")))
        assert np.array_equal([field(part, "last", row) for row in range(9)], plain)


def test_an_error_of_the_encoder_names_the_video_and_is_never_skipped(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = hevc_vectors._Encoding.encode

    def fail(encoding: hevc_vectors._Encoding, frame: Any) -> object:
        if encoding._given == 5:
            raise OSError("the pipe broke")
        return encode(encoding, frame)

    monkeypatch.setattr(hevc_vectors._Encoding, "encode", fail)
    with pytest.raises(VadbenchError, match=r"the pipe broke") as raised:
        run_motion(shard, tmp_path / "part-0000.h5", on_bad_video="skip")
    assert str(raised.value).startswith(f"{shard.parent / 'videos/a.mp4'}: x265 ")


def test_a_frame_of_another_size_names_the_video(
    shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = motion._converted

    def other_size(reader: VideoReader) -> Iterator[tuple[int, float, EncoderFrame]]:
        for index, time, frame in converted(reader):
            yield index, time, frame._replace(size=(64, 32)) if index == 1 else frame

    monkeypatch.setattr(motion, "_converted", other_size)
    with pytest.raises(VadbenchError) as raised:
        run_motion(shard, tmp_path / "part-0000.h5")
    before = f"where frames before it are {WIDTH}x{HEIGHT}"
    assert str(raised.value) == f"{shard.parent / 'videos/a.mp4'}: frame 1: is 64x32 {before}"


def test_a_run_that_broke_off_goes_on_where_it_was(shard_with_bad_videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "part-0000.h5"
    with pytest.raises(VadbenchError):
        run_motion(shard_with_bad_videos, out)
    shard = write_shard(shard_with_bad_videos.parent, {"first": 20, "cut": 60, "gone": 5, "last": 9})
    undisturbed = run_motion(shard, tmp_path / "other/part-0000.h5")
    # What is finished is not looked at again.
    (shard.parent / "videos/first.mp4").unlink()
    with run_motion(shard, out) as part:
        assert part.digest == undisturbed.digest


@pytest.mark.real
def test_walkers_of_avenue_move_before_a_still_background(real_data: Path, tmp_path: Path) -> None:
    path = "avenue/testing_videos/21.avi"
    shard = tmp_path / "0000.json"
    videos = [{"id": "21", "path": path, "bytes": (real_data / path).stat().st_size}]
    shard.write_text(json.dumps({"benchmark": "avenue", "shard": 0, "shards": 1, "videos": videos}))
    out = tmp_path / "part-0000.h5"
    run_stage(MotionSettings(), videos=shard, data_root=real_data, out=out)
    with Part.open(out) as part:
        assert part.frame_count("21") == 76
        fields = np.array([field(part, "21", row) for row in range(1, 76)])
    assert fields.shape == (75, 45, 80, 2)
    moving = (np.abs(fields) >= 4).any(-1) & (fields[..., 0] != -32768)
    assert 0.02 < moving.mean() < 0.3
    assert (fields == 0).all(-1).mean() > 0.6
