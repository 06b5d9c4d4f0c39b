"""Settings of UCSD Ped2's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


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
