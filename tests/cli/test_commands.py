"""The command line: quick answers, one-line errors, exit codes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

_COMMANDS = ["index", "stage", "link", "verify", "inspect", "train", "score", "evaluate", "tables"]
_COMMANDS += ["figures", "overview", "show", "predict", "fetch-weights", "cost", "demo"]
_TRAIN = ["--split", "weak", "--features", "a", "--annotations", "b", "--out", "c"]
_RUN = "from vadbench.cli import main; main()"


def _vadbench(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.mark.parametrize(
    "module",
    [
        "vadbench.cli.app",
        "vadbench.config",
        "vadbench.demo.index",
        "vadbench.datasets",
        "vadbench.models.weights_files",
    ],
)
def test_what_answers_at_once_imports_no_torch(module: str) -> None:
    code = (
        f"import sys, {module}; print([name for name in ('torch', 'open_clip', 'av') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command() -> None:
    done = _vadbench("--help")
    assert done.returncode == 0
    for command in _COMMANDS:
        assert f"\n  {command} " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stage", "clips", "--videos", "a", "--out", "b"], "there is no stage 'clips'; there are: frames"),
        (["inspect", "nothing.h5"], "nothing.h5"),
        (["show", "stores/x/regionz", "a"], "stores/x/regionz: neither a finished run nor a set of regions"),
        (["train", "--method", "sultanni", *_TRAIN], "there is no method 'sultanni'"),
        (["stage", "frames", "--videos", "a", "--out", "b", "--settings", "{stride: 4"], "not JSON"),
        (["stage", "frames", "--videos", "a", "--out", "b", "--settings", '{"strid": 4}'], "stride"),
        (["stage", "frames", "--videos", "none.json", "--out", "b"], "none.json"),
        (["stage", "frames", "--videos", "a", "--out", "b", "--test-videos", "c"], "not JSON"),
        (["stage", "frames", "--videos", "a", "--out", "b", "--test-videos", "[1]"], "list of texts"),
        (["show", "results/none", "video"], "metrics.json"),
        (["cost", "nobody"], "config.yaml"),
        (["cost", "--settings", '{"demo": {"shard": 2}}'], "shards"),
        (["cost", "--settings", '{"demo": 2}'], "demo"),
        (["cost", "--settings", "{}"], "no benchmark is named"),
        (["cost", "--settings", '{"../demo": {}}'], "'../demo' names no benchmark"),
        (["cost", "demo", "--settings", '{"demo": {}}'], "either names of benchmarks or --settings"),
        (["predict", "none.mp4", "--run", "results/none"], "settings.json"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = _vadbench(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr


def test_debug_shows_where_an_error_comes_from(tmp_path: Path) -> None:
    assert "Traceback" in _vadbench("--debug", "inspect", "nothing.h5", cwd=tmp_path).stderr


def test_what_the_system_says_of_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    (tmp_path / "0000.json").write_text('{"benchmark": "mine", "shard": 0, "shards": 1, "videos": []}')
    done = _vadbench("stage", "frames", "--videos", "0000.json", "--out", "taken/part-0000.h5", cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "taken" in done.stderr


def test_the_corrected_line_of_a_stage_is_a_command(tmp_path: Path) -> None:
    given = ["stage", "regions", "--settings", '{"weights": "demo", "mots": 5}']
    done = _vadbench(*given, "--videos", "a", "--out", "b", cwd=tmp_path)
    (line,) = re.findall("write `vadbench (.*)`", done.stderr)
    assert shlex.split(line) == [*given[:3], '{"weights": "demo", "most": 5}']
