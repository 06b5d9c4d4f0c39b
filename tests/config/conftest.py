"""A workspace for tests of settings."""

from pathlib import Path

import pytest
from settings_files import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The shipped settings in a folder of their own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)
