"""What the settings of all data sets share."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vadbench.config.base import Settings

Supervision = Literal["none", "one_class", "weak"]
"""What training may look at: nothing, normal videos only, or all videos with a label per video."""

Folder = Annotated[str, Field(min_length=1)]


class DataSettings(Settings):
    """What all data sets say of themselves."""

    SPLITS: ClassVar[Mapping[str, Supervision]]
    """The splits the data set offers and the supervision of each."""

    DRAWS: ClassVar[Mapping[str, int]] = {}
    """How many draws a split has, for splits that are drawn rather than published."""

    REMEMBERS: ClassVar[bool] = False
    """Whether its module is given a file to remember what is slow to read."""

    kind: str
    """The data set module."""
