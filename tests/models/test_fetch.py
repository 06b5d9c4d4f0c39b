"""Fetching, with the download replaced: tests have no network."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest

from vadbench.errors import VadbenchError
from vadbench.models import fetch, weights
from vadbench.models.detector_file import read_detector_file
from vadbench.models.detector_weights import find_detector
from vadbench.models.fetch import fetch_weights
from vadbench.models.open_clip_import import import_open_clip
from vadbench.models.weights import file_digest, find_weights

CONTENT = b"weights"


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces open_clip's download by a file that lies in the cache as the hub's client leaves it."""
    calls: list[str] = []

    def bring(source: dict[str, object], cache_dir: str) -> str:
        calls.append(cache_dir)
        folder = Path(cache_dir)
        blob = folder / "blob"
        blob.write_bytes(CONTENT)
        (folder / "open_clip_model.safetensors").symlink_to(blob)
        return str(folder / "open_clip_model.safetensors")

    monkeypatch.setattr(import_open_clip(), "download_pretrained", bring)
    monkeypatch.setattr(fetch, "import_open_clip", _ignoring_the_network(fetch.import_open_clip))
    return calls


def _ignoring_the_network(import_it: Callable[[], object]) -> Callable[..., object]:
    return lambda network=False: import_it()


def test_a_fetched_tag_is_recorded_and_found(download: list[str], tmp_path: Path) -> None:
    record = fetch_weights("ViT-B-32-quickgelu", "openai", tmp_path)
    assert json.loads(record.read_text())["sha256"] == file_digest(record.with_suffix(".safetensors"))
    found = find_weights("ViT-B-32-quickgelu", "openai", tmp_path)
    assert (found.name, found.quick_gelu, found.file) == ("openai", True, record.with_suffix(".safetensors"))
    assert sorted(file.name for file in record.parent.iterdir()) == ["openai.json", "openai.safetensors"]
    assert fetch_weights("ViT-B-32-quickgelu", "openai", tmp_path) == record
    assert len(download) == 1


@pytest.mark.parametrize("damage", ["other bytes", "gone", "record"])
def test_weights_that_are_not_as_recorded_are_refused_until_they_are_fetched_again(
    download: list[str], tmp_path: Path, damage: str
) -> None:
    record = fetch_weights("ViT-B-32-quickgelu", "openai", tmp_path)
    file = record.with_suffix(".safetensors")
    if damage == "gone":
        file.unlink()
    else:
        (record if damage == "record" else file).write_bytes(b"Weights")
    with pytest.raises(VadbenchError, match="type `vadbench fetch-weights"):
        find_weights("ViT-B-32-quickgelu", "openai", tmp_path)
    assert fetch_weights("ViT-B-32-quickgelu", "openai", tmp_path) == record
    assert find_weights("ViT-B-32-quickgelu", "openai", tmp_path).file == file
    assert file.read_bytes() == CONTENT


def test_a_digest_other_than_the_hub_states_is_refused(tmp_path: Path) -> None:
    blob, file = tmp_path / ("0" * 64), tmp_path / "weights.pt"
    blob.write_bytes(CONTENT)
    file.symlink_to(blob)
    with pytest.raises(VadbenchError, match="sha256"):
        fetch._checked_digest(file)
    assert not blob.exists()


def test_a_digest_that_an_address_states_tells_the_activation(tmp_path: Path) -> None:
    digest = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    assert weights._activation_of_file("ViT-B-32", "some.pt", digest) is True
    assert weights._activation_of_file("ViT-B-32", "some.pt", "0" * 64) is None


def test_a_failed_download_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(source: object, cache_dir: str) -> str:
        raise RuntimeError("no route to host\nand more")

    monkeypatch.setattr(import_open_clip(), "download_pretrained", fail)
    monkeypatch.setattr(fetch, "import_open_clip", _ignoring_the_network(fetch.import_open_clip))
    with pytest.raises(VadbenchError, match=r"no route to host$"):
        fetch_weights("ViT-B-32-quickgelu", "openai", tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Replaces the hub's client; the file lies in its cache under the digest that the hub states."""
    calls: list[tuple[str, str]] = []

    def bring(repository: str, name: str, cache_dir: Path) -> str:
        calls.append((repository, name))
        blob = cache_dir / hashlib.sha256(CONTENT).hexdigest()
        blob.write_bytes(CONTENT)
        (cache_dir / name).symlink_to(blob)
        return str(cache_dir / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", bring)
    monkeypatch.setattr(fetch, "import_open_clip", _ignoring_the_network(fetch.import_open_clip))
    return calls


def test_a_detector_is_fetched_once_and_found_by_name(hub: list[tuple[str, str]], tmp_path: Path) -> None:
    record = fetch_weights("ultralytics", "yolo11s", tmp_path)
    assert record == tmp_path / "ultralytics/yolo11s.json"
    file = find_detector("yolo11s", tmp_path)
    assert (file.name, file.read_bytes()) == ("yolo11s.pt", CONTENT)
    assert json.loads(record.read_text())["sha256"] == file_digest(file)
    assert fetch_weights("ultralytics", "yolo11s", tmp_path) == record
    assert hub == [("Ultralytics/YOLO11", "yolo11s.pt")]
    assert {each.name for each in record.parent.iterdir()} == {"yolo11s.json", "yolo11s.pt"}
    file.write_bytes(b"Weights")
    with pytest.raises(VadbenchError, match="type `vadbench fetch-weights ultralytics yolo11s`"):
        find_detector("yolo11s", tmp_path)


def test_a_detector_that_was_not_fetched_or_is_none(hub: list[tuple[str, str]], tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"type `vadbench fetch-weights ultralytics yolov8n`$"):
        find_detector("yolov8n", tmp_path)
    with pytest.raises(VadbenchError, match=r"'openai' is none of ultralytics' detectors: yolov8n, "):
        fetch_weights("ultralytics", "openai", tmp_path)
    assert not hub
    assert not list(tmp_path.iterdir())


def test_a_fetched_pickle_that_asks_for_more_is_not_run(hub: list[tuple[str, str]], tmp_path: Path) -> None:
    file = fetch_weights("ultralytics", "yolov8n", tmp_path).with_suffix(".pt")
    assert file.read_bytes() == CONTENT  # no detector, and yet kept: nothing opens it before it is used
    with pytest.raises(VadbenchError, match="not in the format that torch has written"):
        read_detector_file(find_detector("yolov8n", tmp_path))


def test_other_detectors_are_files() -> None:
    assert find_detector("my/own.pt") == Path("my/own.pt")
    assert find_detector("demo").with_suffix(".yaml").is_file()


def test_a_process_held_offline_says_so() -> None:
    import_open_clip()
    with pytest.raises(VadbenchError, match="HF_HUB_OFFLINE"):
        fetch_weights("ViT-B-32-quickgelu", "openai")
