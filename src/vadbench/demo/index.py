"""The index of any benchmark, the demo's included: its lists follow from its seed, before it is rendered."""

from pathlib import Path

from vadbench.config import BenchmarkSettings, DemoData
from vadbench.datasets import IndexReport, index_benchmark
from vadbench.demo.plan import write_manifest


def update_index(name: str, settings: BenchmarkSettings, data_root: Path, stores: Path) -> IndexReport:
    """Bring the video lists and annotations of a benchmark up to date; they change only where content does.

    Opens no video and imports no torch. Raises VadbenchError where the data is not there or its annotations
    are damaged.
    """
    data = settings.data
    if isinstance(data, DemoData):
        write_manifest(data_root / data.folder / data.size, data.seed, data.size)
    return index_benchmark(name, settings, data_root, stores)
