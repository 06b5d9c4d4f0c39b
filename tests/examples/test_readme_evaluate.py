"""The README's commands on other people's scores, as they stand there."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vadbench.demo.plan import benchmark_plan, write_manifest
from vadbench.evaluation import Record

REPOSITORY = Path(__file__).resolve().parents[2]


def commands() -> list[list[str]]:
    """The arguments of each command of the section."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (part,) = re.findall(r"^## Evaluate other people's scores.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    (block,) = re.findall(r"^```\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line) for line in block.splitlines()]
    assert all(line[:2] == ["vadbench", "evaluate"] for line in lines)
    return [line[1:] for line in lines]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The settings of the repository, as in a fresh clone."""
    shutil.copy(REPOSITORY / "config.yaml", tmp_path)
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    return tmp_path


def vadbench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from vadbench.cli import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_table_of_scores_on_the_demo(folder: Path) -> None:
    write_manifest(folder / "data/demo/default", 0, "default")
    plan = benchmark_plan(0, "default")
    with (folder / "their_scores.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["video", "score"])
        for video in plan.part("test"):
            events = [(event.start, event.end) for event in video.events]
            for frame in range(video.frames):
                lines.writerow([video.id, float(any(start <= frame < end for start, end in events))])
    done = vadbench(folder, *commands()[1])
    assert done.returncode == 0, done.stderr
    record = Record.load(folder / "results/demo/external/theirs/metrics.json")
    assert record.metrics["micro_auc"].value == 1
    assert record.coverage.share == 1
    tests = len(plan.part("test"))
    assert f"demo, split weak: {tests} of {tests} test videos scored" in done.stdout
    assert "micro_auc           1.0000 [1.0000, 1.0000]" in done.stdout
    assert "Convention: hold; a score per frame; published frame counts; true length" in done.stdout


@pytest.mark.real
def test_a_folder_of_rows_on_ucf_crime(folder: Path, real_data: Path) -> None:
    with (real_data / "ucf_crime/test_videos.tsv").open(newline="") as file:
        frames = {row["video"]: int(row["frames"]) for row in csv.DictReader(file, delimiter="\t")}
    (folder / "their_scores").mkdir()
    rng = np.random.default_rng(0)
    for id, count in frames.items():
        np.save(folder / f"their_scores/{id}.npy", rng.random(count // 16, dtype=np.float32))
    arguments = [argument.replace("/data", str(real_data)) for argument in commands()[0]]
    done = vadbench(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert "290 of 290 test videos scored, 1,111,808 of 1,111,808 frames, 84,182 of them" in done.stdout
    auc = Record.load(folder / "results/ucf_crime/external/VadCLIP-official/metrics.json").metrics[
        "micro_auc"
    ]
    assert auc.ci_low < 0.5 < auc.ci_high
    # What is published for the rules that the section ends with.
    rules = '{"length_rule": "ceil16", "end_rule": "inclusive"}'
    assert rules.replace(' "inc', '\n"inc') in (REPOSITORY / "README.md").read_text(encoding="utf-8")
    done = vadbench(folder, *arguments[:-2], "--settings", rules)
    assert "1,114,144 of 1,114,144 frames, 84,343 of them abnormal" in done.stdout
