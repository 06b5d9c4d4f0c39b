"""Settings of UBnormal's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class UbnormalData(DataSettings):
    """UBnormal as published: folders of scenes, lists of names and tracks of abnormal objects."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"weak": "weak", "one_class": "one_class"}

    kind: Literal["ubnormal"] = "ubnormal"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "UBnormal",
        "ubnormal",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
