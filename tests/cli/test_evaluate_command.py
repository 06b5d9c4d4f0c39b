"""The command `evaluate` on UCSD Ped2: what it prints and writes, and its mistakes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vadbench.evaluation import Record

TEST = {f"Test{number:03d}": 20 for number in (1, 2, 3)}
CONFIG = """\
data: {kind: ped2}
splits: [one_class, weak]
draws: [0]
features: {frames: {stage: frames}}
methods: [frame_difference]
evaluation: {bootstrap_resamples: 20, smoothing_rows: 3}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings, three test clips of Ped2 with labels and no pixels, and perfect scores."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config").mkdir()
    (folder / "config/ped2.yaml").write_text(CONFIG)
    (folder / "config.yaml").write_text("benchmarks: [ped2]\ndata_root: data\n")
    for clip, frames in {
        "Train/Train001": 20,
        "Train/Train002": 20,
        **{f"Test/{id}": n for id, n in TEST.items()},
    }.items():
        (folder / "data/ped2" / clip).mkdir(parents=True)
        for number in range(1, frames + 1):
            os.close(os.open(folder / f"data/ped2/{clip}/{number:03d}.tif", os.O_CREAT | os.O_WRONLY))
    lines = [f"TestVideoFile{{end+1}}.gt_frame = [{first}:20];" for first in (11, 6, 1)]
    (folder / "data/ped2/Test/UCSDped2.m").write_text("\n".join(lines))
    truth = {id: np.arange(20) >= first for id, first in zip(TEST, (10, 5, 0), strict=True)}
    np.savez(folder / "truth.npz", **truth)
    return folder


def evaluate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from vadbench.cli import main; main()", "evaluate", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


ASKED = ("--scores", "truth.npz", "--benchmark", "ped2")


def test_it_prints_figures_and_report_and_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    none = ("--settings", '{"smoothing_rows": 0}')
    done = evaluate(folder, *ASKED, "--split", "one_class", *none)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == (
        "ped2, split one_class: 3 of 3 test videos scored, 60 of 60 frames, 45 of them abnormal"
    )
    assert "macro_auc_sentinel  1.0000 [1.0000, 1.0000]\n" in done.stdout
    # Resamples of the one clip that is abnormal from end to end have no AUC.
    assert "micro_auc           1.0000 (undefined in " in done.stdout
    assert "published frame counts; true length; end exclusive; no further smoothing; 95 %" in done.stdout
    assert "20 bootstrap resamples" in done.stdout
    assert sorted(folder.rglob("*")) == before


def test_settings_are_those_of_the_benchmark_unless_others_are_typed(folder: Path) -> None:
    out = ("--split", "one_class", "--out", "mine/metrics.json")
    done = evaluate(folder, *ASKED, *out, "--settings", '{"end_rule": "inclusive", "length_rule": "floor16"}')
    assert done.returncode == 0, done.stderr
    assert "written: mine/metrics.json" in done.stdout
    record = Record.load(folder / "mine/metrics.json")
    assert "length 16 floor(n / 16); end inclusive; mean of 3 rows" in record.convention.text
    assert (record.test.frames, record.test.abnormal_frames) == (48, 6 + 11 + 16)
    assert (record.run.method, record.run.features, record.supervision) == ("truth", "external", "one_class")


def test_a_name_keeps_the_figures_of_one_split(folder: Path) -> None:
    done = evaluate(folder, *ASKED, "--split", "one_class", "--as", "mine")
    assert done.returncode == 0, done.stderr
    assert "results/ped2/external/mine/metrics.json" in done.stdout
    assert "snakemake --cores 8 results/tables.csv" in done.stdout
    assert Record.load(folder / "results/ped2/external/mine/metrics.json").run.method == "mine"
    other = evaluate(folder, *ASKED, "--split", "weak", "--draw", "0", "--as", "mine")
    assert other.returncode == 2
    assert "take another name, such as mine-weak-draw-0, or delete the folder" in other.stderr
    assert len(other.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (ASKED, "--split is needed: ped2 has one_class, weak"),
        ((*ASKED, "--split", "weak"), "the split weak has the draws"),
        ((*ASKED, "--split", "test"), "no split test"),
        ((*ASKED[:3], "ped3", "--split", "weak"), "ped3"),
        (("--scores", "none", *ASKED[2:], "--split", "one_class"), "none: no such file or folder"),
        ((*ASKED, "--split", "one_class", "--stride", "10"), "with --stride 1 all would"),
        ((*ASKED, "--split", "one_class", "--as", "a/b"), "a name is made of letters and digits"),
        ((*ASKED, "--split", "one_class", "--as", "a", "--out", "b"), "leave --out out"),
        ((*ASKED, "--split", "one_class", "--method", "x"), "need --annotations"),
        ((*ASKED, "--annotations", "a.json"), "it needs --split, --method and --out"),
        ((*ASKED, "--split", "one_class", "--settings", '{"length_rule": "floor"}'), "allowed: one of true"),
        ((*ASKED, "--split", "one_class", "--data-root", "nowhere"), "nowhere: none of its folders"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = evaluate(folder, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr


def test_it_imports_no_torch(folder: Path) -> None:
    code = (
        "import sys; from vadbench.cli.app import app\n"
        f"app({['evaluate', *ASKED, '--split', 'one_class']!r}, standalone_mode=False)\n"
        "print([name for name in ('torch', 'open_clip', 'av', 'cv2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
