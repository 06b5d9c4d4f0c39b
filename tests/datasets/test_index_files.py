"""The index: files that change only with their content, shards that are kept."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from benchmark_settings import settings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets import VideoEntry, index_benchmark, load_videos, videos_digest
from vadbench.datasets.shards import assign
from vadbench.errors import VadbenchError


def make_videos(root: Path, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))


def states(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


def index(root: Path, shards: int = 2) -> dict[str, int]:
    settings = settings_of({"kind": "folder"}, ("all",), shards=shards)
    return dict(index_benchmark("own", settings, root / "data", root / "stores").shards)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_videos(tmp_path / "data", {f"v{number}.mp4": 100 * (number + 1) for number in range(8)})
    return tmp_path


def test_a_second_index_touches_nothing(root: Path) -> None:
    index(root)
    before = states(root / "stores")
    assert set(before) == {"own/annotations.json", "own/videos/0000.json", "own/videos/0001.json"}
    index(root)
    assert states(root / "stores") == before


def test_a_moved_data_root_touches_nothing(root: Path) -> None:
    index(root)
    before = states(root / "stores")
    (root / "data").rename(root / "elsewhere")
    settings = settings_of({"kind": "folder"}, ("all",), shards=2)
    report = index_benchmark("own", settings, root / "elsewhere", root / "stores")
    assert states(root / "stores") == before
    assert report.written == ()


def test_shards_are_even_by_size(root: Path) -> None:
    loads = Counter[int]()
    for id, shard in index(root).items():
        loads[shard] += (root / "data" / id).stat().st_size
    assert loads[0] == loads[1] == 1800


def test_a_new_video_goes_to_the_lightest_shard_and_moves_no_other(root: Path) -> None:
    before = index(root)
    lists = states(root / "stores" / "own" / "videos")
    make_videos(root / "data", {"a_new_one.mp4": 50})
    after = index(root)
    assert {id: after[id] for id in before} == before
    touched = {name for name, state in states(root / "stores/own/videos").items() if lists[name] != state}
    assert touched == {f"{after['a_new_one.mp4']:04d}.json"}


def test_a_removed_or_grown_video_touches_its_own_shard_alone(root: Path) -> None:
    shards = index(root)
    lists = states(root / "stores" / "own" / "videos")
    (root / "data" / "v7.mp4").unlink()
    index(root)
    touched = {name for name, state in states(root / "stores/own/videos").items() if lists[name] != state}
    assert touched == {f"{shards['v7.mp4']:04d}.json"}


def test_another_number_of_shards_spreads_all_anew(root: Path) -> None:
    index(root, shards=5)
    assert set(index(root, shards=3).values()) == {0, 1, 2}
    assert sorted(path.name for path in (root / "stores/own/videos").iterdir()) == [
        *("0000.json", "0001.json", "0002.json")
    ]


def index_sets(root: Path, shards: int, *splits: str) -> list[str]:
    """Index with a set for each split; the lists that there are then."""
    sets = {"frames": {"stage": "frames"}} | {
        split: {"stage": "regions", "window": 20, "split": split} for split in splits
    }
    settings = settings_of({"kind": "folder", "labels": "labels.csv"}, ("all",), shards=shards, features=sets)
    index_benchmark("own", settings, root / "data", root / "stores")
    folder = root / "stores/own/videos"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_lists_of_splits_go_with_what_needed_them(root: Path) -> None:
    (root / "data/labels.csv").write_text("path,part,class\nv0.mp4,train,normal\nv1.mp4,test,fire\n")
    index_sets(root, 3, "all", "one_class")
    one, two = "0000.json", "0001.json"
    in_both = [f"{folder}{name}" for folder in ("", "all/", "one_class/") for name in (one, two)]
    assert index_sets(root, 2, "all", "one_class") == sorted([*in_both, "all", "one_class"])
    mine = root / "stores/own/videos/one_class/mine.json"
    mine.touch()
    other = root / "stores/own/videos/other/0000.json"
    other.parent.mkdir()
    other.touch()
    kept = ["one_class", "one_class/mine.json", "other", "other/0000.json"]
    assert index_sets(root, 2) == sorted([one, two, *kept])


def test_more_shards_than_videos_leave_some_empty(root: Path) -> None:
    index(root, shards=11)
    lists = [load_videos(root / f"stores/own/videos/{shard:04d}.json") for shard in range(11)]
    assert sum(map(len, lists)) == 8
    assert [] in lists


def test_a_damaged_list_stops_rather_than_moving_videos(root: Path) -> None:
    index(root)
    path = root / "stores/own/videos/0001.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(VadbenchError, match=r"0001\.json: .*delete it"):
        index(root)


def test_the_list_says_all_a_stage_needs(root: Path) -> None:
    index(root)
    text = (root / "stores/own/videos/0000.json").read_text()
    content = json.loads(text)
    assert (content["benchmark"], content["shard"], content["shards"]) == ("own", 0, 2)
    assert content["videos"] == sorted(content["videos"], key=lambda video: video["id"])
    for video in content["videos"]:
        assert json.dumps(video) in text, "one line for each video"
        assert (root / "data" / video["path"]).stat().st_size == video["bytes"]


def test_a_split_that_the_labels_do_not_give_is_named(root: Path) -> None:
    (root / "data/labels.csv").write_text("path,part,class\nv0.mp4,train,normal\nv1.mp4,test,fire\n")
    data = {"kind": "folder", "labels": "labels.csv"}
    with pytest.raises(VadbenchError, match=r"give no split weak; .*there are the splits: all, one_class"):
        index_benchmark("own", settings_of(data, ("weak",)), root / "data", root / "stores")


def test_a_digest_of_entries_depends_on_each_of_their_values() -> None:
    entry = VideoEntry(id="a", path="x/a.mp4", bytes=5)
    others = [entry.model_copy(update=change) for change in ({"id": "b"}, {"path": "a.mp4"}, {"bytes": None})]
    digests = {videos_digest([one]) for one in (entry, *others)}
    assert len(digests) == 4
    assert videos_digest([entry, others[0]]) != videos_digest([others[0], entry])
    assert videos_digest([entry]) == videos_digest([entry.model_copy()])


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 1000), max_size=30),
    st.integers(1, 6),
    st.randoms(),
)
def test_assignments_are_kept_and_fair(sizes: dict[str, int], shards: int, random: object) -> None:
    first = assign(sizes, shards, {})
    assert first.keys() == sizes.keys()
    assert all(0 <= shard < shards for shard in first.values())
    loads = [sum(sizes[id] for id in first if first[id] == shard) for shard in range(shards)]
    assert max(loads) - min(loads) <= max(sizes.values(), default=0)
    grown = assign({**sizes, "zzzz": 7}, shards, first)
    assert {id: grown[id] for id in first} == first
    assert loads[grown["zzzz"]] == min(loads)


def test_importing_datasets_loads_nothing_heavy() -> None:
    code = (
        "import sys, vadbench.datasets\n"
        "print([name for name in ('torch', 'av', 'h5py', 'PIL', 'scipy', 'cv2') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_indexing_opens_no_video(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from benchmark_settings import settings_of\n"
        "from vadbench.datasets import index_benchmark\n"
        "index_benchmark('own', settings_of({'kind': 'folder'}, ('all',)), Path('data'), Path('stores'))\n"
        "print([name for name in ('torch', 'av', 'h5py', 'PIL') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    assert result.stdout.strip() == "[]"
