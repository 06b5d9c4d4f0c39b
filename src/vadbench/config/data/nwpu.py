"""Settings of NWPU Campus's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class NwpuData(DataSettings):
    """NWPU Campus as published: training and test videos and one file of frame labels."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"one_class": "one_class"}

    kind: Literal["nwpu"] = "nwpu"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "NWPUCampusDataset",
        "NWPU_Campus",
        "nwpu",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
