"""Settings of the packaged demo's data."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import NonNegativeInt

from vadbench.config.data.base import DataSettings, Folder, Supervision


class DemoData(DataSettings):
    """The benchmark that this package renders on the user's machine."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"weak": "weak", "one_class": "one_class"}

    kind: Literal["demo"] = "demo"
    """The data set module."""

    folder: Folder = "demo"
    """Folder below `data_root` that the videos are rendered into."""

    size: Literal["default", "mini"] = "default"
    """`default`: about 110 training and 64 test videos; `mini`: a few short ones, for tests."""

    seed: NonNegativeInt = 0
    """Seed of the scenes: another one gives other videos of the same kind."""
