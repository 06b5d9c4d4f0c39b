"""Settings of any folder of videos."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from vadbench.config.data.base import DataSettings, Folder, Supervision


class FolderData(DataSettings):
    """Any folder of videos. Without a table of labels every video is only scored."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"all": "none", "one_class": "one_class", "weak": "weak"}

    kind: Literal["folder"] = "folder"
    """The data set module."""

    folder: Folder = "."
    """Folder below `data_root` that is searched for videos, with all folders in it."""

    labels: Folder | None = None
    """CSV file with labels, its path relative to `data_root`; null: no labels. The splits `one_class` and
    `weak` need one, the split `all` holds every video as a test video."""
