"""Files of detectors, read without running, calling or making anything that they name.

A `.pt` file of ultralytics is a pickle of the whole network object. It goes through `torch.load` with
`weights_only=True` and an allow-list of torch's and ultralytics' classes; that alone is not enough, for a
pickle may call the classes on its list, and some of them evaluate, open or download what they are given. So
each of them is read as a plain record that cannot be called, of which only architecture, class names and
tensors are taken. The other form needs no pickle: safetensors, with architecture and names in a YAML file.
"""

import hashlib
import io
import pickle
import pickletools
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import yaml
from safetensors import SafetensorError

from vadbench.config.regions import DETECTOR_ENDINGS
from vadbench.errors import VadbenchError
from vadbench.models.detector_architecture import check_architecture

_CLASSES = re.compile(
    r"torch\.nn\.modules\.[a-z_]+\.[A-Z]\w*"
    r"|ultralytics\.(yolo\.)?(nn\.tasks|nn\.modules(\.[a-z]+)?|utils(\.loss|\.tal)?)\.(v[0-9]+)?[A-Z]\w*"
)
"""Layers, networks, and the losses and settings that older versions kept in them."""

_OF_TENSORS = re.compile(
    r"collections\.OrderedDict|builtins\.set|torch\._utils\._rebuild_\w+|torch\.\w+Storage"
)
"""What torch itself names in a pickle of tensors."""

# Trainers keep the best fitness, which they never cleared of NumPy's number type.
_NUMBERS = ("numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
LOADING_ERRORS = (
    *(OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, AssertionError, EOFError),
    *(MemoryError, ArithmeticError, ImportError, struct.error, pickle.UnpicklingError),
)
"""What torch and ultralytics raise of files and architectures that are damaged, or made to do harm."""

_MOST_MODULES = 20_000


@dataclass(frozen=True)
class DetectorFile:
    """What a detector's file holds.

    Args:
        architecture: as `check_architecture` gives it.
        names: the classes by their number.
        state: the network's tensors, by ultralytics' names for them.
        digests: sha256 by name of the files that all this was read from.
    """

    architecture: Mapping[str, Any]
    names: tuple[str, ...]
    state: Mapping[str, torch.Tensor]
    digests: Mapping[str, str]


class _Record:
    """What an object of an allowed class becomes: its attributes. It takes no arguments and does nothing."""


class _Number:
    """What NumPy's numbers become, which are made by a call: nothing at all."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


def read_detector_file(path: Path) -> DetectorFile:
    """Read a detector of ultralytics: `.pt`, or `.safetensors` with a `.yaml` of the same name beside it.

    Raises:
        VadbenchError: for a file that is missing, damaged or no detector, and for a `.pt` that asks for
            anything but tensors and the layers of networks; the message names it.
    """
    if path.suffix not in DETECTOR_ENDINGS:
        raise VadbenchError(f"{path}: no detector; allowed are files *{' and *'.join(DETECTOR_ENDINGS)}")
    return _read_pt(path) if path.suffix == ".pt" else _read_safetensors(path)


def write_detector_file(detector: DetectorFile, path: Path) -> None:
    """Write a detector as `path` (.safetensors) and a YAML file of the same name beside it."""
    state = {name: tensor.contiguous() for name, tensor in detector.state.items()}
    # save_file would make a file that nobody else may read.
    path.write_bytes(safetensors.torch.save(state))
    content = {"names": list(detector.names), **detector.architecture}
    path.with_suffix(".yaml").write_text(
        yaml.safe_dump(_plain(content), sort_keys=False, default_flow_style=None), encoding="utf-8"
    )


def _read_pt(path: Path) -> DetectorFile:
    data = _bytes(path)
    content = _records(data, path)
    kept = content if isinstance(content, dict) else {}
    # A training that was broken off keeps the averaged network only.
    networks = [kept[name] for name in ("ema", "model") if isinstance(kept.get(name), _Record)]
    if not networks:
        raise VadbenchError(
            f"{path}: holds no network of ultralytics; a file of tensors alone is to be saved as .safetensors"
        )
    network = networks[0]
    attributes = vars(network)
    architecture = check_architecture(attributes.get("yaml"), path)
    return DetectorFile(
        architecture,
        _names(attributes.get("names"), architecture["nc"], path),
        _state(network, path),
        {path.name: _digest(data)},
    )


def _read_safetensors(path: Path) -> DetectorFile:
    beside = path.with_suffix(".yaml")
    data, text = _bytes(path), _bytes(beside)
    try:
        state = safetensors.torch.load(data)
    except (SafetensorError, *LOADING_ERRORS) as error:
        raise _damaged(path, error) from None
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _damaged(beside, error) from None
    architecture = check_architecture(content, beside)
    names = _names(content.get("names"), architecture["nc"], beside)
    return DetectorFile(architecture, names, state, {path.name: _digest(data), beside.name: _digest(text)})


def _records(data: bytes, path: Path) -> object:
    """The content of a pickle of torch, with records in place of the objects of allowed classes."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        _check_globals(_pickled_globals(data), path)
        raise VadbenchError(
            f"{path}: is not in the format that torch has written since 1.6; save it anew, or get it again"
        )
    try:
        with _nothing_allowed():
            names = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
            _check_globals(names, path)
            aliases: list[Any] = [(_Number if name in _NUMBERS else _Record, name) for name in names]
            with torch.serialization.safe_globals(aliases):
                return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except LOADING_ERRORS as error:
        raise _damaged(path, error) from None


def _check_globals(names: Iterable[str], path: Path) -> None:
    refused = sorted(name for name in names if name not in _NUMBERS and not _CLASSES.fullmatch(name))
    if refused:
        raise VadbenchError(
            f"{path}: asks for {refused[0]!r:.200}, which no detector needs, and was not loaded; get "
            f"the file from its authors, or as .safetensors"
        )


def _pickled_globals(data: bytes) -> set[str]:
    """What a file that is no archive names, beside tensors: pickles one after another, up to what is none."""
    names: set[str] = set()
    texts: list[str] = []
    stream = io.BytesIO(data)
    with suppress(ValueError):  # pickletools' error where the pickles end
        while True:
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name == "GLOBAL":
                    names.add(str(argument).replace(" ", ".").replace("__builtin__", "builtins"))
                elif opcode.name == "STACK_GLOBAL":
                    names.add(".".join(texts[-2:]))
                elif isinstance(argument, str):
                    texts.append(argument)
    return {name for name in names if not _OF_TENSORS.fullmatch(name)}


@contextmanager
def _nothing_allowed() -> Iterator[None]:
    """Without what others allowed for the whole process: it would be made in place of records."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        yield
    finally:
        torch.serialization.add_safe_globals(before)


def _state(network: _Record, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a network by name, as its `state_dict` would give them."""
    state: dict[str, torch.Tensor] = {}
    # A network's losses, which older versions kept in it too, are left out.
    to_do: list[tuple[str, object]] = [("model.", _part(network, "_modules").get("model"))]
    for _ in range(_MOST_MODULES):
        if not to_do:
            return state
        prefix, module = to_do.pop()
        if not isinstance(module, _Record):
            break
        passing = vars(module).get("_non_persistent_buffers_set", ())
        tensors = _part(module, "_parameters") | _part(module, "_buffers")
        for name, tensor in tensors.items():
            if isinstance(tensor, torch.Tensor) and name not in passing:
                state[f"{prefix}{name}"] = tensor.detach()
        to_do += [(f"{prefix}{name}.", each) for name, each in _part(module, "_modules").items()]
    raise VadbenchError(f"{path}: its network is not built of layers within layers; get the file again")


def _part(module: _Record, name: str) -> dict[Any, Any]:
    found = vars(module).get(name)
    return dict(found) if isinstance(found, dict) else {}


def _names(given: object, classes: int, path: Path) -> tuple[str, ...]:
    """Names of classes, given in order or by number."""
    by_number = dict(enumerate(given)) if isinstance(given, list | tuple) else given
    if (
        not isinstance(by_number, dict)
        or set(by_number) != set(range(classes))
        or not all(isinstance(name, str) for name in by_number.values())
    ):
        raise VadbenchError(f"{path}: names has to give one name to each of the {classes} classes, from 0 on")
    return tuple(by_number[number] for number in range(classes))


def _plain(value: object) -> object:
    """The same in dictionaries and lists, which YAML writes."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VadbenchError(f"{path}: {error.strerror}; a detector needs this file") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _damaged(path: Path, error: BaseException) -> VadbenchError:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return VadbenchError(f"{path}: cannot be read as a detector ({reason}); get the file again")
