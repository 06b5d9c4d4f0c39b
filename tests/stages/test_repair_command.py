"""`vadbench verify --repair` as messages tell one to type it, without a word on where the data is."""

import subprocess
import sys
from pathlib import Path

import pytest
from shards import write_video

from tiny_clip import write_architecture
from vadbench.cli.features import verify
from vadbench.config import FramesSettings, load_benchmark
from vadbench.datasets import index_benchmark
from vadbench.stages import run_stage
from vadbench.store import Part, link

_BENCHMARK = """
data: {kind: folder}
on_bad_video: skip
splits: [all]
features: {frames: {stage: frames}}
methods: [frame_difference]
"""


def test_a_part_is_made_again_with_the_data_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("config", "elsewhere"):
        Path(folder).mkdir()
    Path("config.yaml").write_text("benchmarks: [mine]\ndata_root: elsewhere\n")
    Path("config/mine.yaml").write_text(_BENCHMARK)
    write_video(Path("elsewhere/good.mp4"), 0, 5)
    Path("elsewhere/bad.mp4").write_bytes(b"no video")
    settings, root = load_benchmark("mine", Path("config")), Path("elsewhere")
    index_benchmark("mine", settings, root, Path("stores"))
    part = Path("stores/mine/frames/part-0000.h5")
    videos = Path("stores/mine/videos/0000.json")
    run_stage(FramesSettings(), videos=videos, data_root=root, out=part, on_bad_video="skip")
    link(part.parent, 1)
    with Part.open(part) as before:
        digest, skipped = before.digest, before.skipped
    part.unlink()
    command = "from vadbench.cli import main; main()"
    arguments = ["verify", "--repair", "stores/mine/frames"]
    done = subprocess.run(
        [sys.executable, "-c", command, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with Part.open(part) as after:
        assert (after.digest, after.skipped) == (digest, skipped)


_WITH_WINDOWS = """
data: {kind: folder, labels: labels.csv}
splits: [weak]
features:
  frames: {stage: frames}
  windows: {stage: windows, model: tiny.json, weights: none, scales: [2/2], top: 2, keep: test}
methods: [frame_difference]
"""
_LABELS = "path,part,class,start,end\na.mp4,train,normal,,\nb.mp4,test,fire,1,3\nc.mp4,train,fire,,\n"


def test_windows_are_kept_again_for_the_videos_that_the_settings_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for folder in ("config", "data"):
        Path(folder).mkdir()
    Path("config.yaml").write_text("benchmarks: [mine]\n")
    Path("config/mine.yaml").write_text(_WITH_WINDOWS)
    write_architecture(Path())
    for number, name in enumerate("abc"):
        write_video(Path(f"data/{name}.mp4"), number, 5)
    Path("data/labels.csv").write_text(_LABELS)
    settings = load_benchmark("mine", Path("config"))
    index_benchmark("mine", settings, Path("data"), Path("stores"))
    videos, frames, windows = (
        Path("stores/mine", name)
        for name in ("videos/0000.json", "frames/part-0000.h5", "windows/part-0000.h5")
    )
    run_stage(settings.features["frames"], videos=videos, data_root=Path("data"), out=frames)
    run_stage(
        settings.features["windows"],
        videos=videos,
        reads=frames,
        data_root=Path("data"),
        out=windows,
        device="cpu",
        test_videos=["b.mp4"],
    )
    with Part.open(windows) as before:
        digest = before.digest
    link(windows.parent, 1)
    windows.unlink()
    verify(windows.parent, repair=True, device="cpu")
    with Part.open(windows) as after:
        assert after.digest == digest
        assert len(after.ragged("b.mp4", "windows_2_2", "embedding", 0)) == 4
