"""Settings of ShanghaiTech Campus's data."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.data.base import DataSettings, Folder, Supervision


class ShanghaiTechData(DataSettings):
    """ShanghaiTech Campus as published, and the weakly supervised split of Zhong et al."""

    SPLITS: ClassVar[Mapping[str, Supervision]] = {"one_class": "one_class", "weak": "weak"}

    kind: Literal["shanghaitech"] = "shanghaitech"
    """The data set module."""

    folders: Annotated[tuple[Folder, ...], Field(min_length=1)] = (
        "ShanghaiTech",
        "shanghaitech",
    )
    """Folders below `data_root` to look in; the first that exists is taken."""
