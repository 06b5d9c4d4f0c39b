"""The stage `histograms`: the same from stored motion and from the encoder, and as a plain loop has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from shards import HEIGHT, RATE, WIDTH, decoded, write_list, write_shard

from vadbench.config import HistogramsSettings, MotionSettings
from vadbench.datasets import load_videos, videos_digest
from vadbench.errors import VadbenchError
from vadbench.models.hevc_vectors import HevcVectors
from vadbench.stages import run_stage
from vadbench.stages.frames import FRAME_SIZE, SIZE_SPEC
from vadbench.stages.orientation import orientation_histograms
from vadbench.store import ArraySpec, Part, PartWriter, link, verify

LENGTHS = {"a": 150, "b": 1, "c": 13, "d": 2}
MOTION = MotionSettings(preset="veryfast")
BOX = ArraySpec("float32", (4,), "pixels")


def write_regions(
    shard: Path,
    out: Path,
    *,
    stride: int = 1,
    skipped: Mapping[str, str] | None = None,
    frames: Mapping[str, int] = LENGTHS,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    weights: Mapping[str, str] | None = None,
) -> Path:
    """Random boxes in every `stride`-th frame; none in every fifth frame."""
    videos, random = load_videos(shard), np.random.default_rng(0)
    writer = PartWriter(
        out,
        stage="regions",
        settings={"stage": "regions"},
        revision=1,
        videos=[video.id for video in videos],
        arrays={FRAME_SIZE: SIZE_SPEC},
        ragged={"regions": {"box": BOX}},
        videos_digest=videos_digest(videos),
        weights=weights,
        attributes={"reads": {"stage": "frames", "settings": {"stage": "frames"}, "revision": 1}},
    )
    with writer:
        for video in videos:
            if reason := (skipped or {}).get(video.id):
                writer.skip(video.id, reason)
                continue
            with writer.video(video.id) as rows:
                for frame in range(0, frames[video.id], stride):
                    count = (frame + 3) % 5
                    corners = random.uniform((-8, -8), (WIDTH + 8, HEIGHT + 8), (count, 2, 2))
                    boxes = np.sort(corners, axis=1).reshape(-1, 4).astype(np.float32)
                    rows.append([frame], [frame / RATE], frame_size=[size], regions=[{"box": boxes}])
                rows.finish(frames[video.id])
        writer.complete()
    return out


def write_motion(shard: Path, out: Path, *, on_bad_video: Any = "fail", motion: Any = MOTION) -> Path:
    run_stage(motion, videos=shard, data_root=shard.parent, out=out, on_bad_video=on_bad_video)
    return out


def run_histograms(
    shard: Path,
    regions: Path | None,
    out: Path,
    motion: Path | MotionSettings | None,
    *,
    on_bad_video: Any = "fail",
    threads: int = 1,
    **settings: Any,
) -> Part:
    run_stage(
        HistogramsSettings(**settings),
        videos=shard,
        reads=regions,
        data_root=shard.parent,
        out=out,
        threads=threads,
        on_bad_video=on_bad_video,
        motion=motion,
    )
    return Part.open(out)


def histograms(part: Part, id: str) -> list[NDArray[Any]]:
    return part.ragged_rows(id, "regions", "histogram")


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shard(tmp_path_factory.mktemp("shard"), LENGTHS)


@pytest.fixture(scope="module")
def motion(shard: Path) -> Path:
    return write_motion(shard, shard.parent / "motion/part-0000.h5")


@pytest.fixture(scope="module")
def regions(shard: Path) -> Path:
    return write_regions(shard, shard.parent / "regions/part-0000.h5")


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("reading", [{}, {"zeros": "counted"}, {"average": "region"}])
def test_both_ways_are_a_plain_loop_over_decoded_frames(
    shard: Path, motion: Path, tmp_path: Path, stride: int, reading: dict[str, Any]
) -> None:
    source = Part.open(write_regions(shard, tmp_path / "regions/part-0000.h5", stride=stride))
    vectors, moving = HevcVectors(MOTION.preset, MOTION.crf), 0
    ways: list[Path | MotionSettings] = [motion, MOTION.model_copy(update={"keep": "none"})]
    parts = [
        run_histograms(shard, source.path, tmp_path / f"{number}/part-0000.h5", way, **reading)
        for number, way in enumerate(ways)
    ]
    assert parts[0].digest == parts[1].digest
    for id, length in LENGTHS.items():
        fields = list(vectors.fields(decoded(shard.parent / "videos" / f"{id}.mp4")))
        for part in parts:
            assert part.frame(id).tolist() == list(range(0, length, stride))
            assert np.array_equal(part.time(id), source.time(id))
            assert part.frame_count(id) == length
            for row, found in enumerate(histograms(part, id)):
                boxes = source.ragged(id, "regions", "box", row)
                field = fields[row * stride] if row else fields[min(1, length - 1)]
                expected = orientation_histograms(boxes, field, **reading)
                assert np.array_equal(found, expected)
                moving += int((found > 0).any(axis=1).sum())
    assert moving > 50


def test_the_first_frame_moves_as_the_second_and_an_only_frame_not_at_all(
    shard: Path, regions: Path, motion: Path, tmp_path: Path
) -> None:
    with (
        run_histograms(shard, regions, tmp_path / "part-0000.h5", motion) as part,
        Part.open(motion) as fields,
    ):
        rows, columns = fields.read("d", "grid", 1, 2)[0]
        second = fields.ragged("d", "field", "vector", 1).reshape(rows, columns, 2)
        with Part.open(regions) as source:
            boxes = source.ragged("d", "regions", "box", 0)
        assert np.array_equal(histograms(part, "d")[0], orientation_histograms(boxes, second))
        assert (histograms(part, "d")[0] > 0).any()
        assert histograms(part, "b")[0].tolist() == [[0] * 8] * 3


def test_a_part_says_what_its_motion_was_made_of(shard: Path, motion: Path, tmp_path: Path) -> None:
    regions = write_regions(shard, tmp_path / "regions/part-0000.h5", weights={"tiny.pt": "0" * 64})
    with (
        run_histograms(shard, regions, tmp_path / "part-0000.h5", motion) as part,
        Part.open(motion) as fields,
    ):
        assert part.attributes["motion"] == {"stage": "motion", "settings": MOTION.identity(), "revision": 1}
        assert all(part.attributes[name] == fields.attributes[name] for name in ("x265", "x265_options"))
        assert part.attributes["block"] == 8
        assert part.attributes["reads"] == {
            "stage": "regions",
            "settings": {"stage": "regions"},
            "revision": 1,
            "weights": {"tiny.pt": "0" * 64},
            "reads": {"stage": "frames", "settings": {"stage": "frames"}, "revision": 1},
        }
        assert part.settings == HistogramsSettings().identity()
        assert "pixels per frame" in part.groups["regions"]["histogram"].units
    link(tmp_path, 1)
    assert not verify(tmp_path)


def test_other_settings_of_the_motion_give_other_histograms(
    shard: Path, regions: Path, tmp_path: Path
) -> None:
    parts = [
        run_histograms(
            shard, regions, tmp_path / f"{crf}/part-0000.h5", MotionSettings(preset="veryfast", crf=crf)
        )
        for crf in (10, 28)
    ]
    assert parts[0].attributes["motion"] != parts[1].attributes["motion"]
    assert not all(map(np.array_equal, histograms(parts[0], "a"), histograms(parts[1], "a")))


def test_threads_change_nothing(shard: Path, regions: Path, tmp_path: Path) -> None:
    parts = [
        run_histograms(shard, regions, tmp_path / f"{n}/part-0000.h5", MOTION, threads=n) for n in (1, 2)
    ]
    assert parts[0].digest == parts[1].digest


def test_a_shard_without_videos_is_a_valid_part(tmp_path: Path) -> None:
    empty = write_list(tmp_path, [])
    regions = write_regions(empty, tmp_path / "regions/part-0000.h5")
    motion = write_motion(empty, tmp_path / "motion/part-0000.h5")
    parts = [
        run_histograms(empty, regions, tmp_path / f"{n}.h5", way) for n, way in enumerate((motion, MOTION))
    ]
    assert parts[0].videos == ()
    assert parts[0].digest == parts[1].digest


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Good videos, between them one whose second half is missing."""
    shard = write_shard(tmp_path / "bad", LENGTHS)
    file = shard.parent / "videos/c.mp4"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return shard


def test_videos_that_either_source_skipped_are_skipped_in_both_ways(bad: Path, tmp_path: Path) -> None:
    regions = write_regions(bad, tmp_path / "regions/part-0000.h5", skipped={"a": "videos/a.mp4: is empty"})
    motion = write_motion(bad, tmp_path / "motion/part-0000.h5", on_bad_video="skip")
    parts = [
        run_histograms(bad, regions, tmp_path / f"{n}.h5", way, on_bad_video="skip")
        for n, way in enumerate((motion, MOTION))
    ]
    assert parts[0].skipped["a"] == "videos/a.mp4: is empty"
    assert parts[0].skipped["c"].startswith("videos/c.mp4")
    assert [parts[0].row_count(id) for id in LENGTHS] == [0, 1, 0, 2]
    assert parts[0].digest == parts[1].digest


def test_a_bad_video_ends_the_run_by_default(bad: Path, tmp_path: Path) -> None:
    regions = write_regions(bad, tmp_path / "regions/part-0000.h5")
    with pytest.raises(VadbenchError, match=r"c\.mp4"):
        run_histograms(bad, regions, tmp_path / "part-0000.h5", MOTION)
    assert not (tmp_path / "part-0000.h5").exists()


def test_a_run_that_broke_off_goes_on_where_it_was(bad: Path, tmp_path: Path) -> None:
    regions, out = write_regions(bad, tmp_path / "regions/part-0000.h5"), tmp_path / "part-0000.h5"
    with pytest.raises(VadbenchError):
        run_histograms(bad, regions, out, MOTION)
    write_shard(bad.parent, LENGTHS)
    with run_histograms(bad, regions, tmp_path / "other/part-0000.h5", MOTION) as part:
        undisturbed = part.digest
    # What is finished is not looked at again, and the other way goes on with it.
    (bad.parent / "videos/a.mp4").unlink()
    with run_histograms(bad, regions, out, MOTION) as part:
        assert part.digest == undisturbed


@pytest.mark.parametrize("way", ["stored", "made anew"])
@pytest.mark.parametrize("frames", [13, 9, 200])
def test_regions_of_a_video_of_another_length_are_refused(
    shard: Path, motion: Path, tmp_path: Path, way: str, frames: int
) -> None:
    regions = write_regions(shard, tmp_path / "regions/part-0000.h5", frames={**LENGTHS, "a": frames})
    with pytest.raises(VadbenchError, match=f"a: its regions are of {frames} frames, its motion of 150"):
        run_histograms(shard, regions, tmp_path / "part-0000.h5", motion if way == "stored" else MOTION)


@pytest.mark.parametrize("way", ["stored", "made anew"])
@pytest.mark.parametrize("size", [(2 * WIDTH, HEIGHT), (WIDTH, HEIGHT + 2)])
@pytest.mark.parametrize("length", [1, 7])
def test_regions_of_a_video_of_another_size_are_refused(
    tmp_path: Path, way: str, size: tuple[int, int], length: int
) -> None:
    shard = write_shard(tmp_path, {"a": length})
    regions = write_regions(shard, tmp_path / "regions/part-0000.h5", frames={"a": length}, size=size)
    motion = write_motion(shard, tmp_path / "motion/part-0000.h5") if way == "stored" else MOTION
    expected = f"a: its regions are of frames of {size[0]}x{size[1]} pixels, its motion of {WIDTH}x{HEIGHT};"
    with pytest.raises(VadbenchError, match=expected):
        run_histograms(shard, regions, tmp_path / "part-0000.h5", motion)


def test_sources_that_do_not_fit_are_refused(
    shard: Path, regions: Path, motion: Path, tmp_path: Path
) -> None:
    out = tmp_path / "part-0000.h5"
    with pytest.raises(VadbenchError, match="needs --motion, the part of 'motion'"):
        run_histograms(shard, regions, out, None)
    with pytest.raises(VadbenchError, match="a part of 'regions', but histograms reads parts of 'motion'"):
        run_histograms(shard, regions, out, regions)
    with pytest.raises(VadbenchError, match="a part of 'motion', but histograms reads parts of 'regions'"):
        run_histograms(shard, motion, out, motion)
    with pytest.raises(VadbenchError, match="needs --reads"):
        run_histograms(shard, None, out, motion)
    other = write_shard(tmp_path / "other", {"a": 5})
    foreign = write_motion(other, tmp_path / "motion/part-0000.h5")
    with pytest.raises(VadbenchError, match="made of other videos"):
        run_histograms(shard, regions, out, foreign)
    with pytest.raises(VadbenchError, match="lists other videos"):
        run_histograms(other, regions, out, MOTION)
    assert not out.exists()


def test_a_set_for_one_split_takes_its_videos_from_both_sources(
    shard: Path, regions: Path, motion: Path, tmp_path: Path
) -> None:
    chosen = [video.model_dump() for video in load_videos(shard) if video.id in ("b", "c")]
    some = write_list(tmp_path, chosen)
    (tmp_path / "videos").symlink_to(shard.parent / "videos")
    parts = [
        run_histograms(some, regions, tmp_path / f"{n}.h5", way, split="one_class")
        for n, way in enumerate((motion, MOTION))
    ]
    assert parts[0].videos == ("b", "c")
    assert parts[0].digest == parts[1].digest
    with run_histograms(shard, regions, tmp_path / "all.h5", motion) as whole:
        assert all(map(np.array_equal, histograms(parts[0], "c"), histograms(whole, "c")))
