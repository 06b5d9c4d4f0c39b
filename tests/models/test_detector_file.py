"""Files of detectors: what they hold comes out, and nothing that they name is run."""

import os
import pickle
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny_detector import ARCHITECTURE, NAMES, tiny_network, write_tiny_detector
from vadbench.errors import VadbenchError
from vadbench.models.detector_file import DetectorFile, read_detector_file, write_detector_file
from vadbench.models.ultralytics_import import import_ultralytics
from vadbench.models.weights import file_digest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("detectors")


@pytest.fixture(scope="module")
def network(folder: Path) -> Any:
    return write_tiny_detector(folder / "tiny.pt")


@pytest.fixture(scope="module")
def tiny(folder: Path, network: Any) -> Path:
    return folder / "tiny.pt"


class _Calls:
    """Pickled as a call of a function."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


class _Allowed:
    """What some other code of the process has allowed."""


def _assert_state(found: DetectorFile, network: Any) -> None:
    expected = network.state_dict()
    assert found.state.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found.state[name].float(), tensor.float()), name


def test_a_checkpoint_gives_the_networks_tensors(tiny: Path, network: Any) -> None:
    found = read_detector_file(tiny)
    _assert_state(found, network)
    assert found.names == NAMES
    assert found.architecture["nc"] == 3
    assert found.digests == {"tiny.pt": file_digest(tiny)}


def test_the_averaged_network_comes_before_the_last(folder: Path, tmp_path: Path) -> None:
    ema = tiny_network(folder, seed=5)
    write_tiny_detector(tmp_path / "epoch.pt", ema=ema)
    _assert_state(read_detector_file(tmp_path / "epoch.pt"), ema)
    network = write_tiny_detector(tmp_path / "other.pt", ema=torch.zeros(2))
    _assert_state(read_detector_file(tmp_path / "other.pt"), network)


def test_numbers_of_numpy_are_passed_over(tmp_path: Path) -> None:
    network = write_tiny_detector(tmp_path / "best.pt", best_fitness=np.float64(0.5))
    _assert_state(read_detector_file(tmp_path / "best.pt"), network)


def test_the_form_without_a_pickle_gives_the_same(tiny: Path, network: Any, tmp_path: Path) -> None:
    written = tmp_path / "other.safetensors"
    write_detector_file(read_detector_file(tiny), written)
    found = read_detector_file(written)
    _assert_state(found, network)
    assert (found.names, found.architecture) == (NAMES, read_detector_file(tiny).architecture)
    assert found.digests == {
        name: file_digest(tmp_path / name) for name in ("other.safetensors", "other.yaml")
    }
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(written.with_suffix(".yaml").stat().st_mode)


def test_names_may_be_given_by_number(tiny: Path, tmp_path: Path) -> None:
    written = tmp_path / "other.safetensors"
    write_detector_file(read_detector_file(tiny), written)
    text = yaml.safe_load(written.with_suffix(".yaml").read_text())
    text["names"] = {2: "cart", 0: "person", 1: "bicycle"}
    written.with_suffix(".yaml").write_text(yaml.safe_dump(text))
    assert read_detector_file(written).names == NAMES
    for wrong in ({0: "a"}, ["a", "b"], ["a", "b", 3], None, {1: "a", 2: "b", 3: "c"}):
        written.with_suffix(".yaml").write_text(yaml.safe_dump({**text, "names": wrong}))
        with pytest.raises(VadbenchError, match="names has to give one name to each of the 3 classes"):
            read_detector_file(written)


@pytest.mark.parametrize("is_archive", [True, False])
@pytest.mark.parametrize(
    ("function", "named"),
    [
        (os.system, f"{os.system.__module__}.system"),
        (eval, "builtin"),
        (getattr, "builtin"),
        (torch.load, "torch.serialization.load"),
        (torch.hub.load, "torch.hub.load"),
        (yaml.unsafe_load, "yaml.unsafe_load"),
    ],
)
def test_what_else_a_file_asks_for_is_named_and_not_run(
    function: Callable[..., object], named: str, is_archive: bool, tmp_path: Path
) -> None:
    file, mark = tmp_path / "evil.pt", tmp_path / "mark"
    content = {"model": tiny_network(tmp_path), "note": _Calls(function, f"touch {mark}")}
    torch.save(content, file, _use_new_zipfile_serialization=is_archive)
    with pytest.raises(VadbenchError, match=rf"evil\.pt: asks for '{named}.*' *, which no detector needs"):
        read_detector_file(file)
    assert not mark.exists()


def test_functions_of_ultralytics_are_refused(tmp_path: Path) -> None:
    download = import_ultralytics("ultralytics.utils.downloads", tmp_path).safe_download
    write_tiny_detector(tmp_path / "evil.pt", note=_Calls(download, "http://nowhere"))
    with pytest.raises(VadbenchError, match=r"asks for 'ultralytics\.utils\.downloads\.safe_download'"):
        read_detector_file(tmp_path / "evil.pt")


def test_an_allowed_class_is_not_called(tmp_path: Path) -> None:
    # ultralytics evaluates the activation of an architecture, so that this runs where classes are made.
    mark = tmp_path / "mark"
    tasks = import_ultralytics("ultralytics.nn.tasks", tmp_path)
    evil = {**ARCHITECTURE, "activation": f"open({str(mark)!r}, 'w') and torch.nn.SiLU()"}
    torch.save({"model": _Calls(tasks.DetectionModel, evil)}, tmp_path / "evil.pt")
    with pytest.raises(VadbenchError, match="cannot be read as a detector"):
        read_detector_file(tmp_path / "evil.pt")
    assert not mark.exists()


def test_hooks_in_a_network_are_not_called(tmp_path: Path) -> None:
    network = tiny_network(tmp_path)
    network._state_dict_hooks = {0: tiny_network(tmp_path)}
    torch.save({"model": network}, tmp_path / "hooked.pt")
    _assert_state(read_detector_file(tmp_path / "hooked.pt"), tiny_network(tmp_path))


def test_what_others_allowed_in_the_process_is_neither_used_nor_lost(tmp_path: Path) -> None:
    tasks = import_ultralytics("ultralytics.nn.tasks", tmp_path)
    with torch.serialization.safe_globals([_Allowed, tasks.DetectionModel]):
        before = set(torch.serialization.get_safe_globals())
        network = write_tiny_detector(tmp_path / "tiny.pt")
        _assert_state(read_detector_file(tmp_path / "tiny.pt"), network)
        write_tiny_detector(tmp_path / "evil.pt", note=_Allowed())
        with pytest.raises(VadbenchError, match=r"asks for '.*test_detector_file\._Allowed'"):
            read_detector_file(tmp_path / "evil.pt")
        assert set(torch.serialization.get_safe_globals()) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"activation": "__import__('os').system('true')"}, "activation of its architecture is"),
        (
            {"backbone": [[-1, 1, "TorchVision", [8, "resnet18", "DEFAULT"]]]},
            r"backbone\.0\.2.*'TorchVision'",
        ),
        ({"backbone": [[-1, 1, "check_requirements", ["x"]]]}, "'check_requirements'"),
        ({"backbone": [[-1, 1, "Conv", [10**9, 3, 2]]]}, "1000000000"),
        ({"backbone": [[-1, 1, "Conv", ["layers"]]]}, "'layers'"),
        ({"backbone": []}, "backbone"),
        ({"head": [[-1, 1, "Conv", [8]]]}, "its last layer is Conv"),
        ({"nc": 0}, "nc of its architecture is 0"),
        ({"channels": 4}, "channels of its architecture is 4"),
        ({"scale": "z"}, "its scale is 'z', allowed: n"),
    ],
)
def test_architectures_are_checked_in_both_forms(
    tiny: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    network = tiny_network(tmp_path)
    network.yaml = {**network.yaml, **changes}
    torch.save({"model": network}, tmp_path / "evil.pt")
    with pytest.raises(VadbenchError, match=said):
        read_detector_file(tmp_path / "evil.pt")
    write_detector_file(read_detector_file(tiny), tmp_path / "evil.safetensors")
    (tmp_path / "evil.yaml").write_text(yaml.safe_dump({**ARCHITECTURE, "names": list(NAMES), **changes}))
    with pytest.raises(VadbenchError, match=said):
        read_detector_file(tmp_path / "evil.safetensors")


def test_what_is_nested_without_end_is_not_written_out(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    network = tiny_network(tmp_path)
    network.yaml = {**network.yaml, "nc": deep}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        torch.save({"model": network}, tmp_path / "evil.pt")
    finally:
        sys.setrecursionlimit(limit)
    with pytest.raises(VadbenchError, match=r"nc of its architecture is \[+\.\.\.\]+: ") as caught:
        read_detector_file(tmp_path / "evil.pt")
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_a_yaml_that_makes_objects_is_refused(tiny: Path, tmp_path: Path) -> None:
    write_detector_file(read_detector_file(tiny), tmp_path / "evil.safetensors")
    mark = tmp_path / "mark"
    (tmp_path / "evil.yaml").write_text(f"nc: !!python/object/apply:os.system ['touch {mark}']\n")
    with pytest.raises(VadbenchError, match=r"evil\.yaml: cannot be read"):
        read_detector_file(tmp_path / "evil.safetensors")
    assert not mark.exists()


def test_networks_without_end_are_refused(tmp_path: Path) -> None:
    network = tiny_network(tmp_path)
    network.model[0]._modules["self"] = network.model
    torch.save({"model": network}, tmp_path / "endless.pt")
    with pytest.raises(VadbenchError, match="not built of layers within layers"):
        read_detector_file(tmp_path / "endless.pt")


@pytest.mark.parametrize(
    "content",
    [{}, [], torch.zeros(3), {"model": None}, {"model": torch.zeros(3)}, {"ema": torch.zeros(2)}],
)
def test_files_without_a_network_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(VadbenchError, match="holds no network"):
        read_detector_file(tmp_path / "other.pt")


def test_plain_pickles_and_other_endings_are_refused(tmp_path: Path) -> None:
    call = pickle.dumps(_Calls(os.system, f"touch {tmp_path / 'mark'}"))
    (tmp_path / "plain.pt").write_bytes(call)
    torch.save({"model": tiny_network(tmp_path)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "empty.pt").write_bytes(b"")
    for name, said in (
        ("plain.pt", rf"plain\.pt: asks for '{os.system.__module__}\.system', which no detector needs"),
        ("old.pt", r"old\.pt: is not in the format that torch has written since 1\.6; save it anew"),
        ("empty.pt", "not in the format"),
        ("absent.pt", "No such file"),
        ("absent.safetensors", "No such file"),
        ("model.onnx", r"allowed are files \*\.pt and \*\.safetensors"),
    ):
        with pytest.raises(VadbenchError, match=said):
            read_detector_file(tmp_path / name)
    assert not (tmp_path / "mark").exists()


@given(cut=st.floats(0, 1), flips=st.integers(0, 20), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_damaged_files_give_one_line(
    tmp_path_factory: pytest.TempPathFactory, tiny: Path, cut: float, flips: int, seed: int
) -> None:
    data = bytearray(tiny.read_bytes())
    generator = np.random.default_rng(seed)
    # Most of the bytes are tensors; the pickle, which is what can go wrong, lies in front of them.
    for place in generator.integers(0, 30_000, flips):
        data[place % len(data)] = generator.integers(256)
    file = tmp_path_factory.mktemp("damaged") / "tiny.pt"
    file.write_bytes(data[: int(cut * len(data)) if cut < 0.5 else len(data)])
    try:
        read_detector_file(file)
        said = ""
    except VadbenchError as error:
        said = str(error)
    assert "\n" not in said
    assert said or cut >= 0.5


@pytest.mark.real
def test_a_real_checkpoint_is_read_as_ultralytics_does(real_data: Path, tmp_path: Path) -> None:
    file = real_data / "weights/yolov8n_from_int8.pt"
    found = read_detector_file(file)
    assert found.digests[file.name].startswith("c5d73c8543f06476")
    assert (found.names[0], len(found.names)) == ("person", 80)
    content, _ = import_ultralytics("ultralytics.nn.tasks", tmp_path).torch_safe_load(file, safe_only=True)
    _assert_state(found, content["model"])
