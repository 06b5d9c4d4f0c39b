"""A linked set reads as one, through `Store` and through any HDF5 tool."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from part_samples import HEADER, SHARDS, make_rows, row_count, write_part, write_set

from vadbench.errors import VadbenchError
from vadbench.store import Part, Store, link, set_settings, verify
from vadbench.store import store as store_module

IDS = [id for shard in SHARDS for id in shard]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "clip")


def test_a_store_reads_what_its_parts_hold(folder: Path) -> None:
    with Store.open(folder) as store:
        assert store.videos == tuple(IDS)
        assert (store.stage, store.settings, store.revision) == ("sample", HEADER["settings"], 2)
        assert (store.weights, store.arrays, store.groups) == (
            HEADER["weights"],
            HEADER["arrays"],
            HEADER["ragged"],
        )
        for id in IDS:
            rows = [make_rows(id, row) for row in range(row_count(id))]
            assert store.row_count(id) == len(rows)
            assert store.frame_count(id) == 4 * len(rows)
            assert store.frame(id).tolist() == [row["frame"][0] for row in rows]
            assert store.time(id).tolist() == [row["time"][0] for row in rows]
            assert store.read(id, "score", 2, 5).tolist() == [
                np.float32(row["score"][0]) for row in rows[2:5]
            ]
            tracks = store.ragged_rows(id, "boxes", "track")
            assert [track.tolist() for track in tracks] == [row["boxes"][0]["track"].tolist() for row in rows]


def test_any_hdf5_tool_reads_the_whole(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Also after the folder has moved, and from another working folder.
    moved = folder.rename(tmp_path / "moved")
    monkeypatch.chdir("/")
    with h5py.File(moved / "store.h5") as file, Store.open(moved) as store:
        assert file["videos/id"].asstr()[:].tolist() == IDS
        assert file["videos/part"][:].tolist() == [0, 0, 0, 2, 2, 2]
        for position, id in enumerate(IDS):
            start, count = (int(file[f"videos/{name}"][position]) for name in ("start", "count"))
            assert np.array_equal(file["rows/embedding"][start : start + count], store.read(id, "embedding"))
            assert np.array_equal(file["rows/frame"][start : start + count], store.frame(id))
            for row in range(count):
                for group, array in (("jpeg", "bytes"), ("boxes", "corner")):
                    first = file[f"rows/{group}_start"][start + row]
                    last = first + file[f"rows/{group}_count"][start + row]
                    expected = store.ragged(id, group, array, row)
                    assert np.array_equal(file[f"{group}/{array}"][first:last], expected)


def test_a_set_of_empty_parts_is_valid(tmp_path: Path) -> None:
    for shard in range(2):
        write_part(tmp_path / f"part-{shard:04d}.h5", [])
    link(tmp_path, 2)
    with Store.open(tmp_path) as store:
        assert store.videos == ()
    with h5py.File(tmp_path / "store.h5") as file:
        assert file["rows/embedding"].shape == (0, 2, 8)
    assert verify(tmp_path) == []


def test_store_json_says_what_the_set_is(folder: Path) -> None:
    index = json.loads((folder / "store.json").read_text())
    with Part.open(folder / "part-0002.h5") as part:
        last = {"file": "part-0002.h5", "digest": part.digest, "videos": 3, "rows": len_rows(SHARDS[2])}
    assert {key: index["parts"][2][key] for key in last} == last
    assert index["settings"] == HEADER["settings"]
    assert set_settings(folder) == ("sample", HEADER["settings"])
    (folder / "store.json").write_text("{")
    assert set_settings(folder) == ("sample", HEADER["settings"])


def len_rows(videos: tuple[str, ...]) -> int:
    return sum(row_count(id) for id in videos)


def test_a_deleted_part_stops_the_reader_with_the_command(folder: Path) -> None:
    (folder / "part-0002.h5").unlink()
    with pytest.raises(VadbenchError, match=rf"part-0002.h5 is missing.*vadbench verify --repair {folder}$"):
        Store.open(folder)


def test_a_part_deleted_while_reading_stops_the_reader(folder: Path) -> None:
    with Store.open(folder) as store:
        (folder / "part-0002.h5").unlink()
        with pytest.raises(VadbenchError, match=r"part-0002.h5 is missing.*vadbench verify --repair"):
            store.read("d", "score")


def test_a_set_that_is_not_linked_says_so(tmp_path: Path) -> None:
    write_part(tmp_path / "part-0000.h5", ["a"])
    with pytest.raises(VadbenchError, match=rf"not linked; run: vadbench link {tmp_path}"):
        Store.open(tmp_path)


def test_a_part_made_again_otherwise_must_be_linked_again(folder: Path) -> None:
    write_part(folder / "part-0002.h5", SHARDS[2], change="!")
    with pytest.raises(VadbenchError, match=r"part-0002.h5 was made again since .*vadbench link"):
        Store.open(folder)
    link(folder, 3)
    Store.open(folder).close()


def test_parts_of_different_settings_are_not_linked(folder: Path) -> None:
    write_part(folder / "part-0002.h5", SHARDS[2], settings={"stride": 5})
    with pytest.raises(VadbenchError, match=r"part-0002.h5: its settings differ from those of part-0000.h5"):
        link(folder, 3)


def test_a_video_in_two_parts_is_refused(folder: Path) -> None:
    write_part(folder / "part-0001.h5", ["d"])
    with pytest.raises(VadbenchError, match=r"part-0002.h5: video d is also in part-0001.h5"):
        link(folder, 3)


def test_a_missing_part_is_not_linked(folder: Path) -> None:
    with pytest.raises(VadbenchError, match=r"part-0003.h5 is missing"):
        link(folder, 4)
    with pytest.raises(VadbenchError, match="at least one part"):
        link(folder, 0)


def test_a_store_keeps_few_files_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_OPEN_PARTS", 1)
    with Store.open(folder) as store:
        first = store.part("a")
        store.read("d", "score")
        assert store.part("a") is not first
        assert np.array_equal(store.read("a", "score"), store.read("a", "score"))


def test_reading_imports_no_torch() -> None:
    code = "import sys, vadbench.store; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"
