"""Where a benchmark's videos are and which splits its data set offers; one type per data set module."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from vadbench.config.base import Settings

Supervision = Literal["none", "one_class", "weak"]
"""What training may look at: nothing, normal videos only, or all videos with a label per video."""

Folder = Annotated[str, Field(min_length=1)]


class DataSettings(Settings):
    """What all data sets say of themselves."""

    SPLITS: ClassVar[Mapping[str, Supervision]]
    """The splits the data set offers and the supervision of each."""

    DRAWS: ClassVar[Mapping[str, int]] = {}
    """How many draws a split has, for splits that are drawn rather than published."""


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


class Ped2Data(DataSettings):
    """UCSD Ped2 as published: folders of frames, pixel masks and `UCSDped2.m`."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"one_class": "one_class", "weak": "weak"}
    DRAWS: ClassVar[Mapping[str, int]] = {"weak": 10}

    kind: Literal["ped2"] = "ped2"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "UCSD_Anomaly_Dataset.v1p2/UCSDped2",
        "UCSDped2",
        "ped2",
        ".",
    )
    """Folders below `data_root` to look in; the first that holds `Train` and `Test` is taken."""


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


Data = Annotated[DemoData | Ped2Data | FolderData, Field(discriminator="kind")]

MOST_SHARDS = 9999
Shards = Annotated[PositiveInt, Field(le=MOST_SHARDS)]
