"""Settings of UCF-Crime's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class UcfCrimeData(DataSettings):
    """UCF-Crime as published: videos, two split lists and the temporal annotations."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"weak": "weak"}

    kind: Literal["ucf_crime"] = "ucf_crime"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "UCF-Crime",
        "UCF_Crimes",
        "UCF_Crime",
        "ucf_crime",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
