"""Settings of CUHK Avenue's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class AvenueData(DataSettings):
    """CUHK Avenue as published: numbered videos, and a mask file for each test video."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"one_class": "one_class"}
    REMEMBERS: ClassVar[bool] = True

    kind: Literal["avenue"] = "avenue"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "Avenue Dataset",
        "Avenue",
        "avenue",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""

    labels: Literal["masks", "events"] = "masks"
    """Which of the two label sets in use tells the abnormal frames. masks: frames whose mask marks a pixel;
    events: the events of `avenue.mat` or `frame_labels_avenue.npy`, in which gaps are bridged."""
