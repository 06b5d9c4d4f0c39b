"""Clips that several modules read; made once."""

from pathlib import Path

import av.logging
import pytest
from clip_files import KINDS, write_clip

av.logging.set_level(None)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A clip of 24 numbered frames for each of `KINDS`."""
    folder = tmp_path_factory.mktemp("clips")
    return {kind: write_clip(folder / kind, 24, **settings) for kind, settings in KINDS.items()}
