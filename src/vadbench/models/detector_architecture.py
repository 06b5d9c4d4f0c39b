"""What may stand in the architecture of a detector, which comes with its weights and is read by ultralytics.

ultralytics looks the names of layers up among all that its module knows, functions and layers that download
weights included, and evaluates the activation as Python. So only known layers, plain numbers and simple
activations pass here.
"""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from vadbench.errors import VadbenchError

HEADS = ("Detect", "v10Detect")
"""Last layers of networks that give boxes and nothing else."""

# Of ultralytics' own detectors (YOLOv3 to YOLO26), layers whose making only makes parameters.
_LAYERS = frozenset(
    (
        *("A2C2f", "AConv", "ADown", "Bottleneck", "BottleneckCSP", "C1", "C2", "C2PSA", "C2f", "C2fCIB"),
        *("C2fPSA", "C3", "C3Ghost", "C3TR", "C3k2", "C3x", "CBFuse", "CBLinear", "Concat", "Conv"),
        *("ConvTranspose", "DWConv", "ELAN1", "Focus", "GhostBottleneck", "GhostConv", "PSA", "RepC3"),
        *("RepNCSPELAN4", "SCDown", "SPP", "SPPELAN", "SPPF", "nn.ConvTranspose2d", "nn.Identity"),
        *("nn.MaxPool2d", "nn.Upsample", "nn.ZeroPad2d", *HEADS),
    )
)


def _known(name: str) -> str:
    if name not in _LAYERS:
        raise ValueError(f"allowed are {', '.join(sorted(_LAYERS))}")
    return name


# ultralytics replaces nc by the number of classes and reads the last three as Python's.
_Word = Literal["nc", "nearest", "bilinear", "None", "True", "False"]
_Integer = Annotated[int, Field(ge=-65_536, le=65_536)]
_Number = Annotated[float, Field(ge=-65_536, le=65_536)]
_Scalar: TypeAlias = bool | _Integer | _Number | _Word | None
_Arguments: TypeAlias = list[_Scalar | list[_Scalar]]
_Layer: TypeAlias = tuple[
    _Integer | list[_Integer],
    Annotated[int, Field(ge=1, le=100)],
    Annotated[str, AfterValidator(_known)],
    _Arguments,
]
_Layers: TypeAlias = Annotated[list[_Layer], Field(min_length=1, max_length=500)]

_ACTIVATION = r"^(torch\.)?nn\.(SiLU|ReLU|ReLU6|LeakyReLU|GELU|Hardswish|Mish)\((0\.[0-9]+|inplace=True)?\)$"


class _Architecture(BaseModel):
    """An architecture in ultralytics' form. Keys beside these say nothing of the network."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    nc: PositiveInt
    backbone: _Layers
    head: _Layers
    scales: dict[str, tuple[PositiveFloat, PositiveFloat, PositiveInt]] | None = None
    scale: str | None = None
    depth_multiple: PositiveFloat | None = None
    width_multiple: PositiveFloat | None = None
    activation: Annotated[str, Field(pattern=_ACTIVATION)] | None = None
    reg_max: Annotated[int, Field(ge=1, le=64)] | None = None
    end2end: bool | None = None
    channels: Literal[3] = 3


def check_architecture(content: object, path: Path) -> dict[str, Any]:
    """The architecture of a detector, of what a file gives as such; for `DetectionModel` of ultralytics.

    Args:
        content: ultralytics' dictionary: `nc`, `backbone`, `head`, `scales` with `scale`, and so on.
        path: its file, for messages.

    Raises:
        VadbenchError: for anything but a detector made of known layers.
    """
    if not isinstance(content, Mapping):
        raise VadbenchError(
            f"{path}: has no architecture; allowed is a dictionary with nc, backbone and head"
        )
    try:
        found = _Architecture.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        given = reprlib.repr(first["input"])  # what a few bytes of YAML say may have no end when written out
        raise VadbenchError(
            f"{path}: {place} of its architecture is {given}: {first['msg']}; such a file is "
            f"not loaded, so get another"
        ) from None
    if found.head[-1][2] not in HEADS:
        raise VadbenchError(
            f"{path}: its last layer is {found.head[-1][2]}, a detector's is one of {', '.join(HEADS)}"
        )
    if found.scales and (found.scale or next(iter(found.scales))) not in found.scales:
        raise VadbenchError(f"{path}: its scale is {found.scale!r}, allowed: {', '.join(found.scales)}")
    return found.model_dump(exclude_none=True)
