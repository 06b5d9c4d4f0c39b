"""`vadbench verify --repair` as messages tell one to type it, without a word on where the data is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from shards import write_shard, write_video

from tiny_clip import write_architecture
from vadbench.cli.features import verify
from vadbench.cli.motion import motion_of_set, stored_or_anew
from vadbench.config import FramesSettings, HistogramsSettings, MotionSettings, load_benchmark
from vadbench.datasets import index_benchmark
from vadbench.errors import VadbenchError
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


_WITH_HISTOGRAMS = """
data: {kind: folder}
splits: [all]
features:
  frames: {stage: frames}
  regions: {stage: regions, window: 16}
  motion: {stage: motion, preset: veryfast, keep: none}
  histograms: {stage: histograms}
methods: [motion_magnitude]
"""


@pytest.mark.parametrize("lost", ["one of two parts", "the only part", "the only part and its motion"])
def test_histograms_are_made_again_of_the_same_motion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("config", "data"):
        Path(folder).mkdir()
    shards = 2 if lost == "one of two parts" else 1
    Path("config.yaml").write_text("benchmarks: [mine]\n")
    Path("config/mine.yaml").write_text(f"shards: {shards}{_WITH_HISTOGRAMS}")
    for number, name in enumerate("ab"):
        write_video(Path(f"data/{name}.mp4"), number, 6)
    settings = load_benchmark("mine", Path("config"))
    index_benchmark("mine", settings, Path("data"), Path("stores"))
    stores = Path("stores/mine")
    for shard in range(shards):
        part = f"part-{shard:04d}.h5"
        for name, reads, motion in (
            ("frames", None, None),
            ("regions", "frames", None),
            ("histograms", "regions", settings.features["motion"]),
        ):
            run_stage(
                settings.features[name],
                videos=stores / f"videos/{shard:04d}.json",
                reads=None if reads is None else stores / reads / part,
                data_root=Path("data"),
                out=stores / name / part,
                device="cpu",
                motion=motion,
            )
    folder = stores / "histograms"
    link(folder, shards)
    with Part.open(folder / "part-0000.h5") as before:
        digest = before.digest
    (folder / "part-0000.h5").unlink()
    if lost == "one of two parts":
        # The other part says what its motion was made with, the settings now say something else.
        Path("config/mine.yaml").write_text(f"shards: 2{_WITH_HISTOGRAMS.replace('veryfast', 'medium')}")
    elif lost == "the only part":
        # Motion that is stored is read, unless it is of other settings.
        part = stores / "motion/part-0000.h5"
        kept = settings.features["motion"].model_copy(update={"keep": "all"})
        run_stage(kept, videos=stores / "videos/0000.json", data_root=Path("data"), out=part)
        Path("data").rename("moved")
    verify(folder, repair=True, device="cpu")
    with Part.open(folder / "part-0000.h5") as after:
        assert after.digest == digest


def test_a_set_that_no_method_reads_is_sound_without_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("config", "data"):
        Path(folder).mkdir()
    Path("config.yaml").write_text("benchmarks: [mine]\n")
    Path("config/mine.yaml").write_text(_WITH_HISTOGRAMS)
    write_video(Path("data/a.mp4"), 0, 6)
    settings = load_benchmark("mine", Path("config"))
    index_benchmark("mine", settings, Path("data"), Path("stores"))
    part = Path("stores/mine/frames/part-0000.h5")
    videos = Path("stores/mine/videos/0000.json")
    run_stage(settings.features["frames"], videos=videos, data_root=Path("data"), out=part)
    verify(part.parent)
    said = capsys.readouterr().out
    assert said.startswith("stores/mine/frames: no damage found in 1 part; the set is not linked")
    with Part.open(part) as before:
        digest = before.digest
    # Nothing is left that says what it was made with, but the settings.
    os.truncate(part, 1000)
    with pytest.raises(typer.Exit):
        verify(part.parent)
    verify(part.parent, repair=True, device="cpu")
    assert "taken as config has it" in capsys.readouterr().err
    with Part.open(part) as after:
        assert after.digest == digest
    assert not part.with_name("store.json").exists()
    verify(part.parent)


def test_motion_of_other_settings_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shard = write_shard(Path("stores/mine/videos").resolve(), {"a": 5})
    stored = Path("stores/mine/motion/part-0000.h5")
    run_stage(MotionSettings(preset="veryfast"), videos=shard, data_root=shard.parent, out=stored)
    part, histograms = Path("stores/mine/histograms/part-0000.h5"), HistogramsSettings()
    fits, other = MotionSettings(preset="veryfast", keep="none"), MotionSettings(preset="fast")
    assert stored_or_anew(part, histograms, fits) == stored
    assert stored_or_anew(part, histograms, other) == other
    assert stored_or_anew(part.with_name("part-0001.h5"), histograms, fits) == fits
    assert capsys.readouterr().err == ""
    os.truncate(stored, 1000)
    assert stored_or_anew(part, histograms, fits) == fits
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{part}: its motion is made anew, for {stored} is damaged")


def test_motion_that_nothing_tells_of_stops_the_repair(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text(_WITH_HISTOGRAMS)
    with pytest.raises(VadbenchError, match="'other'"):
        motion_of_set(
            tmp_path / "mine/histograms", HistogramsSettings(motion="other"), tmp_path / "config.yaml"
        )


def test_settings_taken_for_what_no_part_says_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text(_WITH_HISTOGRAMS)
    folder, settings = tmp_path / "mine/histograms", HistogramsSettings()
    wanted = MotionSettings(preset="veryfast", keep="none")
    assert motion_of_set(folder, settings, tmp_path / "config.yaml") == wanted
    assert capsys.readouterr().err == ""
    folder.mkdir(parents=True)
    (folder / "part-0000.h5").write_bytes(b"damaged")
    assert motion_of_set(folder, settings, tmp_path / "config.yaml") == wanted
    (line,) = capsys.readouterr().err.splitlines()
    assert "none of its parts can be read" in line
    assert '"preset": "veryfast"' in line
