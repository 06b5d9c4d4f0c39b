"""A finished run on a folder of labelled videos, in two shards, for the dry runs of a module."""

from pathlib import Path

import pytest
from labelled_folder import OVERRIDE, write_labels
from project import Project

from vadbench.demo.plan import write_manifest
from vadbench.demo.render import render_videos


@pytest.fixture(scope="session")
def mini_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini demo's videos, rendered."""
    folder = tmp_path_factory.mktemp("mini")
    write_manifest(folder, 0, "mini")
    render_videos(folder, workers=2)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, mini_videos: Path) -> Project:
    """A finished run on a folder of videos."""
    folder = tmp_path_factory.mktemp("project")
    project = Project.create(folder, benchmarks="[folder]", override=OVERRIDE)
    videos = folder / "data" / "videos"
    videos.mkdir(parents=True)
    for video in mini_videos.rglob("*.mp4"):
        (videos / video.name).hardlink_to(video)
    write_labels(folder / "data" / "labels.csv")
    project.run("results/tables.csv")
    return project
