"""The data sets: where a benchmark's videos are, by `kind`. A new data set adds its line here."""

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from vadbench.config.data.avenue import AvenueData
from vadbench.config.data.base import DataSettings, Supervision
from vadbench.config.data.demo import DemoData
from vadbench.config.data.folder import FolderData
from vadbench.config.data.nwpu import NwpuData
from vadbench.config.data.ped2 import Ped2Data
from vadbench.config.data.shanghaitech import ShanghaiTechData
from vadbench.config.data.ubnormal import UbnormalData
from vadbench.config.data.ucf_crime import UcfCrimeData
from vadbench.config.data.xd_violence import XdViolenceData

DATA_SETTINGS: dict[str, type[DataSettings]] = {
    "demo": DemoData,
    "ucf_crime": UcfCrimeData,
    "xd_violence": XdViolenceData,
    "shanghaitech": ShanghaiTechData,
    "ubnormal": UbnormalData,
    "avenue": AvenueData,
    "ped2": Ped2Data,
    "nwpu": NwpuData,
    "folder": FolderData,
}
"""The settings type of each data set; `vadbench.datasets` has a module of the same name."""

if TYPE_CHECKING:
    Data: TypeAlias = DataSettings
else:
    Data = Annotated[Union[tuple(DATA_SETTINGS.values())], Field(discriminator="kind")]  # noqa: UP007

__all__ = [
    "DATA_SETTINGS",
    "AvenueData",
    "Data",
    "DataSettings",
    "DemoData",
    "FolderData",
    "NwpuData",
    "Ped2Data",
    "ShanghaiTechData",
    "Supervision",
    "UbnormalData",
    "UcfCrimeData",
    "XdViolenceData",
]
