"""The folder of pictures of a run: one per test video, complete or not there, nobody else's files lost."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from small_run import SmallRun
from vadbench.errors import VadbenchError
from vadbench.figures import curves, draw_curves, show
from vadbench.figures.run import RunPictures
from vadbench.store import Part

HOSTILE = ["a/b=1#x?.mp4", "a b", "A B", "..", "$x_1$ {y} %s", "视频 1", "CON", "-rf", "x" * 300, "plain"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    intervals = [(40, 60)], [(0, 20), (80, 100)], [], [(0, 100)]
    videos = {id: (100, intervals[number % 4]) for number, id in enumerate(HOSTILE)}
    videos |= {
        "unread": (0, [(10, 20)]),
        "unlabelled": (50, None),
        "one row": (3, [(1, 2)]),
        "empty": (0, []),
    }
    return SmallRun(tmp_path_factory.mktemp("run"), videos, {"unread": "no video stream"}).write()


@pytest.fixture(scope="module")
def drawn(run: SmallRun) -> Path:
    out = run.run / "curves"
    draw_curves(run.run, run.annotations, out, frames=run.frames)
    return out


def test_every_test_video_has_one_picture(run: SmallRun, drawn: Path) -> None:
    files = list(drawn.iterdir())
    assert len(files) == len(run.videos)
    assert all(file.suffix == ".png" and file.stat().st_size < 200_000 for file in files)
    assert len({file.read_bytes() for file in files}) == len(files)


def test_pictures_are_the_same_from_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "_PIECE", 2)
    run = SmallRun(tmp_path, {f"v{number}": (40, [(8, 20)]) for number in range(5)}).write()
    for workers in (1, 2):
        draw_curves(run.run, run.annotations, tmp_path / f"{workers}", frames=run.frames, workers=workers)
    one, two = ({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()} for name in "12")
    assert one == two
    assert len(one) == 5


def test_frames_that_were_freed_leave_pictures_without_a_strip(
    run: SmallRun, drawn: Path, tmp_path: Path
) -> None:
    draw_curves(run.run, run.annotations, tmp_path / "curves")
    with Image.open(tmp_path / "curves/plain.png") as bare, Image.open(drawn / "plain.png") as full:
        assert bare.width == full.width
        assert bare.height < full.height


def test_folder_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    run = SmallRun(tmp_path, {"a": (40, [(8, 20)])}).write()
    out = tmp_path / "curves"
    out.mkdir()
    (out / "old.png").write_bytes(b"an earlier picture")
    (out / ".timestamp").touch()
    draw_curves(run.run, run.annotations, out)
    assert not (out / "old.png").exists()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(VadbenchError, match=r"thesis\.tex"):
        draw_curves(run.run, run.annotations, out)
    assert (out / "thesis.tex").exists()


def test_failure_leaves_the_earlier_folder_and_no_other(tmp_path: Path) -> None:
    run = SmallRun(tmp_path, {"a": (40, [(8, 20)])}).write()
    out = tmp_path / "curves"
    draw_curves(run.run, run.annotations, out)
    before = {file.name: file.stat().st_mtime_ns for file in out.iterdir()}
    part = run.frames / "part-0000.h5"
    part.write_bytes(part.read_bytes()[:5000])
    with pytest.raises(VadbenchError, match="part-0000"):
        draw_curves(run.run, run.annotations, out, frames=run.frames)
    assert {file.name: file.stat().st_mtime_ns for file in out.iterdir()} == before
    assert not list(tmp_path.glob(".curves*"))


def test_curves_are_those_that_were_evaluated(tmp_path: Path) -> None:
    run = SmallRun(tmp_path, {"plain": (100, [])}).write(smoothing_rows=5)
    with Part.open(run.run / "scores.h5") as part:
        raw = part.read("plain", "score").astype(float)
    with RunPictures(run.run, run.annotations, None) as pictures:
        picture = pictures.picture("plain", pictures.score_range())
    assert picture.score[2:-2] == pytest.approx(np.convolve(raw, np.full(5, 0.2), mode="valid"))
    assert picture.score_range == (picture.score.min(), picture.score.max())
    assert "mean of 5 rows" in picture.subtitle


@pytest.mark.parametrize("video", ["plain", "unread", "unlabelled", "one row", "empty"])
def test_show_draws_any_video_large(run: SmallRun, tmp_path: Path, video: str) -> None:
    out = tmp_path / "new folder" / "large.png"
    show(run.run, video, run.annotations, out, frames=run.frames)
    assert out.stat().st_size < 200_000
    with Image.open(out) as picture:
        assert picture.width == 1400


def test_show_puts_the_frames_of_the_peak_below(run: SmallRun, tmp_path: Path) -> None:
    show(run.run, "a/b=1#x?.mp4", run.annotations, tmp_path / "x.png", frames=run.frames)
    with Image.open(tmp_path / "x.png") as picture:
        image = np.asarray(picture.convert("RGB")).astype(int)
    below = image[-130:-40]
    red = (below[..., 0] > 150) & (below[..., 1] < 90) & (below[..., 2] < 90)
    assert red.sum() > 500


def test_show_names_the_nearest_ids(run: SmallRun, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="plain"):
        show(run.run, "plian", run.annotations, tmp_path / "x.png")
