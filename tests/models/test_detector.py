"""The detector against ultralytics' own prediction, and what must hold of its boxes."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tiny_detector import ARCHITECTURE, NAMES, tiny_network, write_tiny_detector
from vadbench.errors import VadbenchError
from vadbench.models.detector import Detections, Detector, load_detector
from vadbench.models.detector_file import DetectorFile, read_detector_file
from vadbench.models.ultralytics_import import import_ultralytics

Image = NDArray[np.uint8]
SIZES = [(48, 64), (64, 48), (37, 91), (200, 64), (9, 300), (64, 64), (48, 64)]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("detector") / "tiny.pt"
    write_tiny_detector(file)
    return file


@pytest.fixture(scope="module")
def images() -> list[Image]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, 256, (*size, 3)).astype(np.uint8) for size in SIZES]


def _load(file: Path, **settings: Any) -> Detector:
    return load_detector(
        file, device="cpu", cache=file.parent, **{"image_size": 64, "confidence": 0.6, **settings}
    )


def _detect(detector: Detector, images: list[Image]) -> list[Detections]:
    return detector.detect([detector.prepare(image) for image in images])


def _predict(file: Path, image: Image, **settings: Any) -> Any:
    """What ultralytics itself says of one frame: rows of left, top, right, bottom, score, class."""
    model = import_ultralytics(cache=file.parent).YOLO(str(file))
    result = model.predict(
        np.ascontiguousarray(image[..., ::-1]), device="cpu", verbose=False, save=False, **settings
    )[0]
    rows: NDArray[np.float32] = result.boxes.data.numpy()
    return rows[(rows[:, 2] > rows[:, 0]) & (rows[:, 3] > rows[:, 1])]


def _assert_rows(found: Detections, rows: NDArray[np.float32]) -> None:
    assert len(found.boxes) == len(rows)
    # Of equal scores, as random networks give, either may be first.
    ours = np.concatenate([found.boxes, found.scores[:, None], found.classes[:, None]], 1)
    order, theirs = np.lexsort(ours.round(2).T), np.lexsort(rows.round(2).T)
    assert np.allclose(ours[order], rows[theirs], atol=1e-2)


def _assert_same(one: Detections, other: Detections) -> None:
    assert one.boxes.shape == other.boxes.shape
    assert np.allclose(one.boxes, other.boxes, atol=1e-3)
    assert np.allclose(one.scores, other.scores, atol=1e-5)
    assert np.array_equal(one.classes, other.classes)


def test_boxes_are_those_of_ultralytics(file: Path, images: list[Image]) -> None:
    detector = _load(file)
    found = _detect(detector, images)
    assert sum(len(each.boxes) for each in found) > 20
    for each, image in zip(found, images, strict=True):
        _assert_rows(each, _predict(file, image, imgsz=64, conf=0.6, iou=0.7))


def _write_released_architecture(file: Path) -> None:
    """A network of ultralytics' own architecture `file.stem` with random weights, sure of some boxes."""
    torch.manual_seed(0)
    tasks = import_ultralytics("ultralytics.nn.tasks", file.parent)
    network = tasks.DetectionModel(f"{file.stem}.yaml", verbose=False)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        # Without statistics of its layers, a picture has died away at the end of so deep a network.
        network.train()(torch.rand(16, 3, 64, 64))
        head = network.model[-1]
        for boxes, classes in zip(head.cv2, head.cv3, strict=True):
            boxes[-1].weight.mul_(0.1)
            boxes[-1].bias.normal_(2, 1)
            classes[-1].weight.normal_(0, 0.05)
            classes[-1].bias.fill_(-2)
    torch.save({"model": network.half().float().eval()}, file)


@pytest.mark.parametrize("name", ["yolov8n", "yolo11n", "yolo26n"])
def test_boxes_of_released_architectures_are_those_of_ultralytics(name: str, file: Path) -> None:
    of_name = file.with_name(f"{name}.pt")
    _write_released_architecture(of_name)
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    (found,) = _detect(_load(of_name, image_size=160, confidence=0.25), [image])
    assert len(np.unique(found.boxes, axis=0)) > 10
    assert len(set(found.classes.tolist())) > 1
    _assert_rows(found, _predict(of_name, image, imgsz=160, conf=0.25, iou=0.7))


def test_boxes_lie_in_the_frame_and_are_typed_as_said(file: Path, images: list[Image]) -> None:
    for found, image in zip(_detect(_load(file, confidence=0.05), images), images, strict=True):
        height, width = image.shape[:2]
        left, top, right, bottom = found.boxes.T
        assert (left >= 0).all()
        assert (top >= 0).all()
        assert (right <= width).all()
        assert (bottom <= height).all()
        assert (left < right).all()
        assert (top < bottom).all()
        assert (np.diff(found.scores) <= 0).all()
        assert (found.scores >= 0.05).all()
        assert (found.boxes.dtype, found.scores.dtype, found.classes.dtype) == (
            np.float32,
            np.float32,
            np.int16,
        )
        assert set(found.classes.tolist()) <= {0, 1, 2}


def test_what_a_frame_gives_does_not_depend_on_its_batch(file: Path, images: list[Image]) -> None:
    detector = _load(file)
    together = _detect(detector, images)
    for image, found in zip(images, together, strict=True):
        _assert_same(_detect(detector, [image])[0], found)
    for found, again in zip(together, _detect(detector, images[::-1])[::-1], strict=True):
        _assert_same(found, again)


def test_classes_confidence_and_most_choose_among_the_boxes(file: Path, images: list[Image]) -> None:
    everything = _detect(_load(file), images)
    only = _detect(_load(file, classes=["cart", "person"]), images)
    sure = _detect(_load(file, confidence=0.8), images)
    few = _detect(_load(file, most=2), images)
    for found, chosen, surer, fewer in zip(everything, only, sure, few, strict=True):
        assert set(chosen.classes.tolist()) <= {0, 2}
        kept = np.isin(found.classes, [0, 2])
        assert np.allclose(chosen.boxes, found.boxes[kept], atol=1e-3)
        assert np.allclose(surer.boxes, found.boxes[found.scores > 0.8], atol=1e-3)
        assert len(fewer.boxes) <= 2
        assert np.allclose(fewer.boxes, found.boxes[: len(fewer.boxes)], atol=1e-3)
    assert max(len(each.boxes) for each in few) == 2
    assert 0 < sum(len(each.boxes) for each in only) < sum(len(each.boxes) for each in everything)


def test_frames_without_detections_give_no_rows(file: Path, images: list[Image]) -> None:
    for found in _detect(_load(file, confidence=0.999999), images):
        assert found.boxes.shape == (0, 4)
        assert found.scores.shape == found.classes.shape == (0,)
    assert _load(file).detect([]) == []


def test_boxes_in_the_padding_are_dropped(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = _load(file)
    # 20 x 64 is padded to 32 x 64: 6 rows of grey above, 6 below.
    rows = torch.tensor([[0, 0, 9, 5, 0.9, 1], [3, 4, 9, 12, 0.8, 2], [0, 27, 9, 32, 0.7, 0.0]])
    monkeypatch.setattr(detector, "_suppress", lambda *_, **__: [rows])
    found = _detect(detector, [np.zeros((20, 64, 3), np.uint8)])[0]
    assert found.boxes.tolist() == [[3, 0, 9, 6]]
    assert found.classes.tolist() == [2]
    assert np.allclose(found.scores, [0.8])


def test_a_slow_machine_drops_no_box(
    file: Path, images: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = _load(file)
    expected = _detect(detector, images)
    nms = import_ultralytics("ultralytics.utils.nms", file.parent)
    clock = iter(range(0, 10**9, 1000))
    monkeypatch.setattr(nms.time, "time", lambda: float(next(clock)))
    for found, other in zip(expected, _detect(detector, images), strict=True):
        _assert_same(found, other)


def test_both_forms_of_a_file_detect_the_same(file: Path, images: list[Image], tmp_path: Path) -> None:
    from vadbench.models.detector_file import write_detector_file

    write_detector_file(read_detector_file(file), tmp_path / "tiny.safetensors")
    other = _load(tmp_path / "tiny.safetensors")
    assert other.names == NAMES
    for one, same in zip(_detect(_load(file), images), _detect(other, images), strict=True):
        _assert_same(one, same)


def test_what_does_not_fit_is_refused(file: Path) -> None:
    with pytest.raises(
        VadbenchError, match="the detector has no 'dog'; its classes are person, bicycle, cart"
    ):
        _load(file, classes=["person", "dog"])
    with pytest.raises(VadbenchError, match="fp16 needs a GPU"):
        _load(file, precision="fp16")
    content = read_detector_file(file)
    state = dict(content.state)
    del state["model.0.conv.weight"]
    for wrong in (state, {**content.state, "model.0.conv.weight": torch.zeros(8, 3, 5, 5)}):
        with pytest.raises(VadbenchError, match=r"tiny\.pt: its tensors are not those of its architecture"):
            Detector(
                DetectorFile(content.architecture, content.names, wrong, content.digests),
                device=torch.device("cpu"),
                cache=file.parent,
            )


def test_a_size_that_a_larger_stride_does_not_divide_is_refused(file: Path) -> None:
    # Two more steps down than the tiny one's 8 and 4.
    more: dict[str, Any] = {
        "backbone": [*ARCHITECTURE["backbone"], *([-1, 1, "Conv", [64, 3, 2]] for _ in range(3))],
        "head": [[[-1], 1, "Detect", ["nc"]]],
    }
    network = tiny_network(file.parent, **more)
    assert int(network.stride.max()) == 64
    torch.save({"model": network}, file.with_name("p6.pt"))
    _load(file.with_name("p6.pt"), image_size=128)
    said = "image_size: 96 is no multiple of 64, this detector's stride; write 128"
    with pytest.raises(VadbenchError, match=said):
        _load(file.with_name("p6.pt"), image_size=96)


@pytest.mark.parametrize(
    "changes",
    [
        {"scales": {"n": [0.33, 1e308, 64]}},
        {"backbone": [[-1, 1, "Conv", [8, 3, 2, 1, 0]]], "head": [[[0], 1, "Detect", ["nc"]]]},
    ],
)
def test_architectures_that_cannot_be_built_are_refused(file: Path, changes: dict[str, Any]) -> None:
    network = tiny_network(file.parent)
    network.yaml = {**network.yaml, **changes}
    evil = file.with_name("evil.pt")
    torch.save({"model": network}, evil)
    with pytest.raises(
        VadbenchError, match=r"^.*evil\.pt: its tensors are not those of its architecture: .+$"
    ):
        _load(evil)


def test_an_import_that_sets_no_threads_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet: Any = SimpleNamespace(settings={"sync": False})
    monkeypatch.setattr(
        "vadbench.models.ultralytics_import.importlib", SimpleNamespace(import_module=lambda _: quiet)
    )
    monkeypatch.delitem(sys.modules, "ultralytics", raising=False)
    monkeypatch.setattr(os, "environ", {})
    assert import_ultralytics(cache=tmp_path) is quiet
    assert "OMP_NUM_THREADS" not in os.environ


_WATCHED = """
import os, sys
seen = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
        seen.append((event, str(arguments)))
    elif event == "open" and set(str(arguments[1] or "")) & set("wax+") or event == "os.mkdir":
        seen.append((event, os.path.abspath(str(arguments[0]))))
sys.addaudithook(watch)
from pathlib import Path
import numpy as np
import torch
threads = torch.get_num_threads()
from vadbench.models.detector import load_detector
detector = load_detector(Path(sys.argv[1]), device="cpu", image_size=64, confidence=0.05)
detector.detect([detector.prepare(np.zeros((40, 60, 3), np.uint8))])
assert torch.get_num_threads() == threads and "OMP_NUM_THREADS" not in os.environ
cache = os.path.abspath("weights")
outside = [one for one in seen if not one[1].startswith((cache, "/dev/"))]
print(*outside, sep="\\n")
"""


def test_nothing_leaves_the_machine_or_the_cache_folder(file: Path, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path / "home"), "PYTHONPATH": ":".join(sys.path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", _WATCHED, str(file)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert (tmp_path / "weights/ultralytics/Ultralytics/settings.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights"]


@pytest.mark.real
def test_people_of_ped2_are_found_as_ultralytics_finds_them(real_data: Path, tmp_path: Path) -> None:
    from vadbench.video import open_video

    file = real_data / "weights/yolov8n_from_int8.pt"
    detector = load_detector(file, device="cpu", cache=tmp_path, classes=["person"])
    with open_video(real_data / "ped2/clips/Test001.mkv", threads=1) as video:
        frames = [frame.image for frame in video.frames(60)]
    found = detector.detect([detector.prepare(frame) for frame in frames])
    assert min(len(each.boxes) for each in found) >= 3
    model = import_ultralytics(cache=tmp_path).YOLO(str(file))
    for each, frame in zip(found, frames, strict=True):
        result = model.predict(
            np.ascontiguousarray(frame[..., ::-1]), conf=0.3, classes=[0], device="cpu", verbose=False
        )[0]
        _assert_rows(each, result.boxes.data.numpy())
