"""The README's dataset, stage and method, taken from its text into a copy of the repository and run there."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from vadbench.datasets import Annotations, load_videos
from vadbench.store import Part, verify

REPOSITORY = Path(__file__).resolve().parents[2]
COPIED = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "envs", "src/vadbench")
RUN = "results/listed/one_class/colour_distance/seed-0"

GREY, RED = (120, 120, 120), (200, 40, 40)
FRAMES = 12
VIDEOS = {"walk.mp4": None, "stand.mp4": None, "quiet.mp4": None, "alarm.mp4": (4, 10)}
"""Of the folder `mine`: the first frame that is red instead of grey, and the first one after."""


def blocks() -> Iterator[tuple[str, str]]:
    """Language and text of every code block of the README's part on adding."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"^## Adding a dataset.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)


def apply(language: str, text: str, root: Path) -> None:
    """Do to the copy what a block says in its first line: make a file, add to its end, or change lines."""
    head, _, body = text.partition("\n")
    if language == "diff":
        change(root / head.removeprefix("--- "), body)
        return
    end = re.fullmatch(r"# at the end of (\S+)", head)
    path = root / (end[1] if end else head.removeprefix("# "))
    assert path.exists() == bool(end), head
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\n{body}" if end else text)


def change(path: Path, diff: str) -> None:
    """Change a file by hunks, parted by lines of `@@`; the lines that stay or go stand there once."""
    content = path.read_text(encoding="utf-8")
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        assert all(line[0] in " -+" for line in lines), hunk
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert content.count(before) == 1, f"{path} holds {content.count(before)} times:\n{before}"
        content = content.replace(before, after)
    path.write_text(content, encoding="utf-8")


def write_data(folder: Path) -> None:
    """The lists, and small videos that are grey all over but for the red frames."""
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("walk.mp4\nstand.mp4\n")
    (folder / "test.txt").write_text("quiet.mp4 -1 -1\nalarm.mp4 4 10\n")
    for name, event in VIDEOS.items():
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
            for number in range(FRAMES):
                image = np.full((32, 48, 3), RED if event and number in range(*event) else GREY, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            container.mux(stream.encode())


def run(folder: Path, *command: str) -> str:
    """Run a command with the copy's package, and what it printed."""
    paths = [str(folder / "src"), os.environ.get("PYTHONPATH", "")]
    scripts = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PATH": os.pathsep.join(scripts)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    logs = "".join(path.read_text() for path in (folder / "logs").rglob("*.log"))
    assert done.returncode == 0, (done.stdout + done.stderr + logs)[-6000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with the examples in it, and what Snakemake made with them."""
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        source, copy = REPOSITORY / name, folder / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    for language, text in blocks():
        apply(language, text, folder)
    write_data(folder / "data/mine")
    asked = ("--cores", "1", "--config", "benchmarks=[listed]", "device=cpu")
    run(folder, "-m", "snakemake", f"{RUN}/metrics.json", *asked)
    return folder


def test_the_dataset_is_indexed(project: Path) -> None:
    entries = load_videos(project / "stores/listed/videos/0000.json")
    assert {entry.id: entry.path for entry in entries} == {name: f"mine/{name}" for name in VIDEOS}
    annotations = Annotations.load(project / "stores/listed/annotations.json")
    assert annotations.split("one_class").train == ("walk.mp4", "stand.mp4")
    assert annotations.split("one_class").test == ("quiet.mp4", "alarm.mp4")
    labels = annotations.frame_labels("alarm.mp4", FRAMES)
    assert np.flatnonzero(labels).tolist() == list(range(4, 10))
    assert not annotations.is_abnormal("quiet.mp4")


def test_the_stage_wrote_a_sound_part(project: Path) -> None:
    folder = project / "stores/listed/mean_colour"
    assert verify(folder) == []
    with Part.open(folder / "part-0000.h5") as part:
        assert part.frame("alarm.mp4").tolist() == list(range(0, FRAMES, 2))
        assert part.frame_count("alarm.mp4") == FRAMES
        colours = [RED if frame in range(4, 10) else GREY for frame in range(0, FRAMES, 2)]
        np.testing.assert_allclose(part.read("alarm.mp4", "colour"), colours, atol=6)


def test_the_method_tells_red_from_grey(project: Path) -> None:
    metrics = json.loads((project / RUN / "metrics.json").read_text())
    assert metrics["metrics"]["micro_auc"]["value"] == 1.0
    distance = np.linalg.norm(np.subtract(RED, GREY))
    with Part.open(project / RUN / "scores.h5") as scores:
        np.testing.assert_allclose(scores.read("quiet.mp4", "score"), 0, atol=6)
        np.testing.assert_allclose(scores.read("alarm.mp4", "score")[2:5], distance, atol=10)


def test_a_finished_run_scores_any_video(project: Path) -> None:
    """The part says what it was made from, so that the same features can be made of another video."""
    command = "from vadbench.cli import main; main()"
    run(project, "-c", command, "predict", "data/mine/alarm.mp4", "--run", RUN, "--device", "cpu")
    with (project / "alarm.mp4.csv").open() as file:
        scores = [float(line["score"]) for line in csv.DictReader(file)]
    with Part.open(project / RUN / "scores.h5") as stored:
        np.testing.assert_allclose(scores, stored.read("alarm.mp4", "score"), rtol=1e-6)
