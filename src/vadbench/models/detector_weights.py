"""Which file the `weights` of a detector name: the packaged one, a fetched one, or one of the user's."""

from pathlib import Path

from vadbench.config.regions import RELEASED_DETECTORS
from vadbench.errors import VadbenchError
from vadbench.models.weights import packaged, read_record
from vadbench.models.weights_files import CACHE, ULTRALYTICS, record_path


def find_detector(weights: str, cache: Path = CACHE) -> Path:
    """The file of a detector, looked for on this machine only.

    Args:
        weights: "demo", the name of a released detector that was fetched, or a path.
        cache: folder of fetched weights.

    Raises:
        VadbenchError: for a detector that was not fetched, with the command to type, and for a file that
            differs from what was fetched. A path is returned as it is.
    """
    if weights == "demo":
        return packaged("detector.safetensors")
    if weights not in RELEASED_DETECTORS:
        return Path(weights)
    record = record_path(ULTRALYTICS, weights, cache)
    if not record.exists():
        raise VadbenchError(
            f"{record}: not fetched yet; type `vadbench fetch-weights {ULTRALYTICS} {weights}`"
        )
    return record.with_name(read_record(record)["file"])
