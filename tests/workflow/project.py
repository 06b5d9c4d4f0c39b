"""A copy of the workflow in a folder of its own, and what Snakemake says it would run there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_COPIED = ("Snakefile", "config.yaml", "config", "workflow", "profiles", "envs")
_JOB = re.compile(r"^(\w+) +(\d+)$", re.MULTILINE)


def environment() -> dict[str, str]:
    """This process's environment, without a network for anything written in Python."""
    paths = [str(Path(__file__).parent / "offline"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@dataclass
class Project:
    """A workflow with its settings given on the command line, as a user would."""

    folder: Path
    config: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path, **config: str) -> "Project":
        """Copy the workflow into a folder."""
        for name in _COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            else:
                shutil.copy(source, folder / name)
        return cls(folder, config)

    def snakemake(self, *arguments: str, **config: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake as a user would; 2 cores unless the arguments say otherwise."""
        if "--cores" not in arguments:
            arguments = ("--cores", "2", *arguments)
        values = [f"{key}={value}" for key, value in {**self.config, **config}.items()]
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, *(["--config", *values] if values else [])],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def vadbench(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command by hand in the project's folder."""
        return subprocess.run(
            [sys.executable, "-c", "from vadbench.cli import main; main()", *arguments],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *arguments: str, **config: str) -> str:
        """Run it for real; what it printed."""
        done = self.snakemake(*arguments, **config)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        return done.stdout + done.stderr

    def planned(self, *arguments: str, **config: str) -> dict[str, int]:
        """The jobs a dry run names, by rule."""
        done = self.snakemake("--dry-run", "results/tables.csv", *arguments, **config)
        text = done.stdout + done.stderr
        assert done.returncode == 0, text[-6000:]
        if "Nothing to be done" in text:
            return {}
        table = text[text.rindex("Job stats:") :]
        jobs = {rule: int(count) for rule, count in _JOB.findall(table)}
        return {rule: count for rule, count in jobs.items() if rule != "total"}
