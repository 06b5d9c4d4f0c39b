"""The data sets: where a benchmark's videos are, by `kind`. A new data set adds its line here."""

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from vadbench.config.data.base import DataSettings, Supervision
from vadbench.config.data.demo import DemoData
from vadbench.config.data.folder import FolderData
from vadbench.config.data.ped2 import Ped2Data

DATA_SETTINGS: dict[str, type[DataSettings]] = {
    "demo": DemoData,
    "ped2": Ped2Data,
    "folder": FolderData,
}
"""The settings type of each data set; `vadbench.datasets` has a module of the same name."""

if TYPE_CHECKING:
    Data: TypeAlias = DataSettings
else:
    Data = Annotated[Union[tuple(DATA_SETTINGS.values())], Field(discriminator="kind")]  # noqa: UP007

__all__ = ["DATA_SETTINGS", "Data", "DataSettings", "DemoData", "FolderData", "Ped2Data", "Supervision"]
