"""A repair makes the damaged parts again, those alone, and leaves no trace where they come out equal."""

import os
from pathlib import Path

import pytest
from part_samples import SHARDS, flip_byte, write_part, write_set

from vadbench.store import Store, repair, verify

# As if the set had been made yesterday: part after part, then linked.
MADE = [1_700_000_000 + 10 * shard for shard in range(len(SHARDS))]
LINKED = 1_700_001_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_set(tmp_path / "clip")
    from vadbench.store import link

    for shard, time in enumerate(MADE):
        os.utime(folder / f"part-{shard:04d}.h5", (time, time))
    link(folder, len(SHARDS))
    for name in ("store.json", "store.h5"):
        os.utime(folder / name, (LINKED, LINKED))
    return folder


class Stage:
    """Runs the stage again; remembers for which parts."""

    def __init__(self, change: str = "") -> None:
        self.made: list[str] = []
        self._change = change

    def __call__(self, path: Path) -> None:
        self.made.append(path.name)
        write_part(path, SHARDS[int(path.stem[-4:])], change=self._change)


def times(folder: Path) -> dict[str, float]:
    return {path.name: path.stat().st_mtime for path in sorted(folder.iterdir())}


def flip_with_the_old_time(path: Path) -> None:
    """As a failing disk does: the file's time stamp does not change."""
    time = path.stat().st_mtime_ns
    flip_byte(path, "rows/embedding")
    os.utime(path, ns=(time, time))


@pytest.mark.parametrize("damage", ["flipped", "flipped by a program", "truncated", "deleted"])
def test_one_part_is_made_again_and_nothing_looks_newer(damage: str, folder: Path) -> None:
    before = times(folder)
    path = folder / "part-0002.h5"
    if damage == "flipped":
        flip_with_the_old_time(path)
    elif damage == "flipped by a program":
        flip_byte(path, "rows/embedding")
    elif damage == "truncated":
        os.truncate(path, 1000)
    else:
        path.unlink()
    stage = Stage()
    assert repair(folder, stage) == [path]
    assert stage.made == ["part-0002.h5"]
    assert verify(folder) == []
    assert times(folder) == before


def test_a_sound_set_is_left_alone(folder: Path) -> None:
    before = times(folder)
    stage = Stage()
    assert repair(folder, stage) == []
    assert stage.made == []
    assert times(folder) == before


def test_a_part_that_comes_out_otherwise_is_linked_again(folder: Path) -> None:
    flip_byte(folder / "part-0002.h5", "rows/embedding")
    written = repair(folder, Stage(change="!"))
    assert [path.name for path in written] == ["part-0002.h5", "store.json", "store.h5"]
    after = times(folder)
    assert after["part-0002.h5"] > LINKED
    assert after["store.json"] > LINKED
    assert after["part-0000.h5"] == MADE[0]
    # What was there is kept, since what was made is not the same.
    assert "part-0002.h5.damaged" in after
    with Store.open(folder) as store:
        assert "d" in store.videos


@pytest.mark.parametrize("name", ["store.json", "store.h5"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_index_is_written_again_with_its_old_time(name: str, gone: bool, folder: Path) -> None:
    before = times(folder)
    if gone and name == "store.h5":
        (folder / name).unlink()
    else:
        (folder / name).write_text("{")
    stage = Stage()
    repair(folder, stage)
    assert stage.made == []
    assert times(folder) == before
    assert verify(folder) == []


def test_a_repair_cut_off_is_finished_by_the_next(folder: Path) -> None:
    before = times(folder)
    flip_byte(folder / "part-0000.h5", "rows/score")

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repair(folder, killed)
    assert not (folder / "part-0000.h5").exists()
    assert repair(folder, Stage()) == [folder / "part-0000.h5"]
    assert times(folder) == before


def test_a_touched_set_keeps_its_new_times(folder: Path) -> None:
    # `snakemake --touch` renews all files in order, and what reads them is newer still.
    for later, path in enumerate(
        [*sorted(folder.glob("part-*")), folder / "store.json", folder / "store.h5"]
    ):
        os.utime(path, (LINKED + 10_000 + later, LINKED + 10_000 + later))
    before = times(folder)
    flip_with_the_old_time(folder / "part-0002.h5")
    repair(folder, Stage())
    assert times(folder) == before


@pytest.mark.parametrize("damage", ["flipped", "made otherwise", "cut off"])
def test_a_set_that_is_not_linked_is_repaired_and_not_linked(damage: str, folder: Path) -> None:
    for name in ("store.json", "store.h5"):
        (folder / name).unlink()
    before, path = times(folder), folder / "part-0002.h5"
    flip_with_the_old_time(path)
    if damage == "cut off":

        def killed(path: Path) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            repair(folder, killed)
        assert [str(found) for found in verify(folder)] == [f"{path}: missing"]
    stage = Stage(change="!" if damage == "made otherwise" else "")
    assert repair(folder, stage) == [path]
    assert stage.made == ["part-0002.h5"]
    assert verify(folder) == []
    assert not (folder / "store.json").exists()
    if damage != "made otherwise":
        assert times(folder) == before
