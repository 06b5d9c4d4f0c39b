"""Settings of XD-Violence's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class XdViolenceData(DataSettings):
    """XD-Violence as published: videos named by their labels, and the annotations of test videos."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"weak": "weak"}

    kind: Literal["xd_violence"] = "xd_violence"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "XD-Violence",
        "XD_Violence",
        "xd_violence",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
