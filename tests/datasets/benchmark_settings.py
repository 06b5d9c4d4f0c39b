"""Settings of small benchmarks."""

from typing import Any

from vadbench.config import BenchmarkSettings


def settings_of(data: dict[str, Any], splits: tuple[str, ...], **more: Any) -> BenchmarkSettings:
    """Settings with these data and splits, and the least of everything else."""
    content = {
        "data": data,
        "splits": splits,
        "features": {"frames": {"stage": "frames"}},
        "methods": ["frame_difference"],
        **more,
    }
    return BenchmarkSettings.model_validate(content)
