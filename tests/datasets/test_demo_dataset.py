"""The demo's lists, from the manifest that its plan writes."""

import json
from pathlib import Path

import pytest
from benchmark_settings import settings_of

from vadbench.config import DemoData
from vadbench.datasets import Annotations, demo, index_benchmark, load_videos
from vadbench.demo.plan import write_manifest
from vadbench.errors import VadbenchError

SETTINGS = settings_of({"kind": "demo", "size": "mini", "seed": 4}, ("weak", "one_class"), shards=2)


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    write_manifest(tmp_path / "demo" / "mini", 4, "mini")
    return tmp_path


def test_the_lists_follow_from_the_plan_before_anything_is_rendered(data_root: Path) -> None:
    report = index_benchmark("demo", SETTINGS, data_root, data_root / "stores")
    manifest = json.loads((data_root / "demo/mini/manifest.json").read_text())
    assert [entry.id for entry in report.entries] == sorted(video["id"] for video in manifest["videos"])
    paths = {entry.id: entry.path for entry in report.entries}
    frames = [0, 0]
    for video in manifest["videos"]:
        assert paths[video["id"]] == f"demo/mini/{video['path']}"
        frames[report.shards[video["id"]]] += video["frames"]
    assert all(entry.bytes is None for entry in report.entries)
    assert abs(frames[0] - frames[1]) <= max(video["frames"] for video in manifest["videos"])
    assert not list(data_root.rglob("*.mp4"))


def test_training_videos_have_classes_and_test_videos_frames_too(data_root: Path) -> None:
    index_benchmark("demo", SETTINGS, data_root, data_root / "stores")
    annotations = Annotations.load(data_root / "stores/demo/annotations.json")
    assert annotations.classes[0] == "normal"
    weak, one_class = annotations.split("weak"), annotations.split("one_class")
    assert any(annotations.is_abnormal(id) for id in weak.train)
    assert not any(annotations.is_abnormal(id) for id in one_class.train)
    assert set(one_class.train) < set(weak.train)
    assert set(one_class.test) < set(weak.test)
    for id in weak.train:
        assert annotations.videos[id].intervals is None
    for id in weak.test:
        video = annotations.videos[id]
        assert video.frames is not None
        labels = annotations.frame_labels(id, video.frames)
        assert labels.any() == annotations.is_abnormal(id)
        assert {int(box[0]) for box in video.boxes} <= set(labels.nonzero()[0].tolist())


@pytest.mark.parametrize("content", [None, "{", '{"classes": ["normal"], "videos": [{"id": 3}]}'])
def test_a_missing_or_damaged_manifest_names_the_remedy(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "demo" / "default"
    folder.mkdir(parents=True)
    if content is not None:
        (folder / "manifest.json").write_text(content)
    with pytest.raises(VadbenchError, match=r"manifest\.json: .*vadbench index"):
        demo.read(DemoData(), tmp_path)


def test_sets_for_one_split_have_lists_of_its_videos(data_root: Path) -> None:
    features = {"frames": {"stage": "frames"}, "some": {"stage": "frames", "split": "one_class"}}
    for_one = SETTINGS.model_validate(SETTINGS.model_dump(mode="json") | {"features": features})
    index_benchmark("demo", for_one, data_root, data_root / "stores")
    folder = data_root / "stores/demo"
    split = Annotations.load(folder / "annotations.json").split("one_class")
    shards = [f"{shard:04d}.json" for shard in range(SETTINGS.shards)]
    for shard in shards:
        every, some = (load_videos(folder / "videos" / at / shard) for at in ("", "one_class"))
        assert some == [video for video in every if video.id in (*split.train, *split.test)]
    assert sum(len(load_videos(folder / "videos/one_class" / shard)) for shard in shards) == len(
        {*split.train, *split.test}
    )
