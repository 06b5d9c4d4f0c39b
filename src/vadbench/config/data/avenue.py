"""Settings of CUHK Avenue's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class AvenueData(DataSettings):
    """CUHK Avenue as published: numbered videos, and a mask file for each test video."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"one_class": "one_class"}

    kind: Literal["avenue"] = "avenue"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "Avenue Dataset",
        "Avenue",
        "avenue",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
