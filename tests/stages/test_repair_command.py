"""`vadbench verify --repair` as messages tell one to type it, without a word on where the data is."""

import subprocess
import sys
from pathlib import Path

import pytest
from shards import write_video

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
