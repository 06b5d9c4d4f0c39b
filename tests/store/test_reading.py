"""What is written is what is read, in whatever pieces it comes and is asked for."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from part_samples import HEADER, make_rows, row_count, write_part

from vadbench.errors import VadbenchError
from vadbench.store import ArraySpec, Part, PartWriter

GROUPS = {"jpeg": {"bytes": ArraySpec("uint8")}, "boxes": {"corner": ArraySpec("float32", (4,))}}

finite = st.floats(-100, 100, width=16)
rows_of_video = st.lists(
    st.tuples(
        npst.arrays(np.float16, (3,), elements=finite),
        npst.arrays(np.uint8, st.integers(0, 5)),
        npst.arrays(np.float32, st.tuples(st.integers(0, 3), st.just(4)), elements=finite),
    ),
    max_size=6,
)


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what is read back here comes from memory anyway."""
    monkeypatch.setattr("vadbench.store.files.sync", lambda path: None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(videos=st.lists(rows_of_video, max_size=4), pieces=st.randoms(use_true_random=False))
@pytest.mark.usefixtures("quick_disk")
def test_ragged_rows_come_back_whatever_the_pieces(videos: list[Any], pieces: Any, tmp_path: Path) -> None:
    path = tmp_path / "part-0000.h5"
    ids = [f"video {number}" for number in range(len(videos))]
    arrays = {"embedding": ArraySpec("float16", (3,))}
    with PartWriter(
        path, stage="s", settings={}, revision=1, videos=ids, arrays=arrays, ragged=GROUPS
    ) as writer:
        for id, rows in zip(ids, videos, strict=True):
            with writer.video(id) as video:
                first = 0
                while first < len(rows):
                    last = pieces.randint(first, len(rows))
                    chunk = rows[first:last]
                    video.append(
                        frame=np.arange(first, last),
                        time=np.arange(first, last) / 25,
                        embedding=np.array([row[0] for row in chunk]).reshape(-1, 3),
                        jpeg=[{"bytes": row[1]} for row in chunk],
                        boxes=[{"corner": row[2]} for row in chunk],
                    )
                    first = last
                video.finish(frames=len(rows))
        writer.complete()
    with Part.open(path) as part:
        assert part.videos == tuple(ids)
        for id, rows in zip(ids, videos, strict=True):
            assert part.row_count(id) == part.frame_count(id) == len(rows)
            embedding = np.array([row[0] for row in rows]).reshape(-1, 3)
            assert np.array_equal(part.read(id, "embedding"), embedding)
            for number in pieces.sample(range(len(rows)), len(rows)):
                assert np.array_equal(part.ragged(id, "jpeg", "bytes", number), rows[number][1])
                assert np.array_equal(part.ragged(id, "boxes", "corner", number), rows[number][2])


def test_a_part_says_what_it_was_made_with(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a"])
    with Part.open(tmp_path / "part-0000.h5") as part:
        found = {
            "stage": part.stage,
            "settings": part.settings,
            "revision": part.revision,
            "weights": part.weights,
            "videos_digest": part.videos_digest,
            "attributes": part.attributes,
            "arrays": part.arrays,
            "ragged": part.groups,
        }
    assert found == HEADER


def test_slices_are_those_of_the_video(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a", "b", "c"])
    with Part.open(tmp_path / "part-0000.h5") as part:
        rows = row_count("b")
        whole = np.concatenate([make_rows("b", row)["embedding"] for row in range(rows)]).astype(np.float16)
        images = [make_rows("b", row)["jpeg"][0]["bytes"] for row in range(rows)]
        for cut in (slice(0, None), slice(3, 7), slice(-2, None), slice(5, 5), slice(7, 3), slice(0, 10**6)):
            assert np.array_equal(part.read("b", "embedding", cut.start, cut.stop), whole[cut])
            assert part.frame("b", cut.start, cut.stop).tolist() == list(range(0, 4 * rows, 4))[cut]
            found = part.ragged_rows("b", "jpeg", "bytes", cut.start, cut.stop)
            assert [image.tolist() for image in found] == [image.tolist() for image in images[cut]]
        assert part.time("b").tolist() == [4 * row / 25 for row in range(rows)]


def test_reading_a_row_loads_that_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_part(tmp_path / "part-0000.h5", ["a", "b", "c"])
    asked: list[int] = []
    get = h5py.Dataset.__getitem__

    def counting(self: h5py.Dataset, args: Any, **keywords: Any) -> Any:
        found = get(self, args, **keywords)
        asked.append(np.asarray(found).nbytes)
        return found

    with Part.open(tmp_path / "part-0000.h5") as part:
        monkeypatch.setattr(h5py.Dataset, "__getitem__", counting)
        part.read("b", "embedding", 3, 4)
        assert asked == [2 * 8 * 2]
        asked.clear()
        image = part.ragged("b", "jpeg", "bytes", 3)
        assert asked[-1] == image.nbytes


def test_a_part_without_videos_is_valid(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", [])
    with Part.open(tmp_path / "part-0000.h5") as part:
        assert part.videos == ()
        assert part.arrays == HEADER["arrays"]


def test_skipped_videos_have_no_rows_and_a_reason(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a", "bad", "c"], skip=["bad"])
    with Part.open(tmp_path / "part-0000.h5") as part:
        assert part.skipped == {"bad": "no such file"}
        assert part.row_count("bad") == part.frame_count("bad") == 0
        assert len(part.read("bad", "score")) == 0
        assert part.row_count("c") == row_count("c")


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a"])
    with Part.open(tmp_path / "part-0000.h5") as part:
        with pytest.raises(VadbenchError, match=r"no video 'x'"):
            part.read("x", "score")
        with pytest.raises(VadbenchError, match=r"no 'scores'; it holds embedding, score"):
            part.read("a", "scores")
        with pytest.raises(VadbenchError, match=r"no 'regions'; it holds boxes, jpeg"):
            part.ragged("a", "regions", "corner", 0)


def test_a_missing_part_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=rf"missing.*vadbench verify --repair {tmp_path}$"):
        Part.open(tmp_path / "part-0000.h5")


def test_something_else_is_not_a_part(tmp_path: Path) -> None:
    text = tmp_path / "part-0000.h5"
    text.write_text("not HDF5")
    with pytest.raises(VadbenchError, match="damaged"):
        Part.open(text)
    with h5py.File(tmp_path / "part-0001.h5", "w") as file:
        file.attrs["store_version"] = 1
    with pytest.raises(VadbenchError, match="damaged"):
        Part.open(tmp_path / "part-0001.h5")


def test_layout_is_the_documented_one(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a", "b"])
    with h5py.File(tmp_path / "part-0000.h5") as file:
        assert file["videos/id"].asstr()[:].tolist() == ["a", "b"]
        assert file["videos/start"][:].tolist() == [0, row_count("a")]
        assert file["videos/count"][:].tolist() == [row_count("a"), row_count("b")]
        assert file["videos/frames"][:].tolist() == [4 * row_count("a"), 4 * row_count("b")]
        assert file["rows/frame"].dtype == np.int32
        assert file["rows/time"].dtype == np.float64
        assert file["rows/time"].attrs["units"] == b"s"
        assert file["rows/embedding"].dtype == np.float16
        counts = file["rows/jpeg_count"][:]
        assert np.array_equal(file["rows/jpeg_start"][:], np.cumsum(counts) - counts)
        for group in file.values():
            for dataset in group.values():
                assert dataset.chunks
                assert dataset.fletcher32


@pytest.mark.parametrize(("dtype", "compressed"), [("uint8", False), ("float16", False), ("int32", True)])
def test_compressed_where_it_pays(dtype: str, compressed: bool, tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", [], arrays={"x": ArraySpec(dtype)}, ragged={})
    with h5py.File(tmp_path / "part-0000.h5") as file:
        assert (file["rows/x"].compression is not None) is compressed
