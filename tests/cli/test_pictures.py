"""The commands that draw, as typed."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from small_run import SmallRun
from vadbench.cli.app import app


def test_figures_and_show_with_frames_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SmallRun(tmp_path, {"a/1": (40, [(8, 20)]), "b": (40, [])}).write()
    monkeypatch.chdir(tmp_path)
    run = "results/toy/weak/sultani/seed-0"
    result = CliRunner().invoke(app, ["figures", run, "--out", f"{run}/curves"], catch_exceptions=False)
    assert result.exit_code == 0
    assert len(list(Path(run, "curves").glob("*.png"))) == 2
    shown = CliRunner().invoke(app, ["show", run, "a/1"], catch_exceptions=False)
    (picture,) = Path().glob("a_1-*.png")
    assert picture.name in shown.output
    shutil.rmtree("stores/toy/frames")
    CliRunner().invoke(app, ["show", run, "b", "--out", "b.png"], catch_exceptions=False)
    assert Path("b.png").stat().st_size < picture.stat().st_size
