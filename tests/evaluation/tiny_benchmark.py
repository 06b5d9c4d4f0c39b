"""Annotations of a benchmark of a few videos."""

from collections.abc import Mapping


def annotate(
    intervals: Mapping[str, list[list[int]] | None], frames: Mapping[str, int] | None = None
) -> dict[str, object]:
    """The content of an annotations.json whose one split, `weak`, tests all videos."""
    published = frames or {}
    return {
        "benchmark": "tiny",
        "classes": ["normal", "abnormal"],
        "splits": {
            "weak": {"supervision": "weak", "draws": None, "train": [], "test": list(intervals)},
        },
        "videos": {
            id: {
                "classes": ["abnormal"] if spans else [],
                "intervals": spans,
                "segments": [],
                "boxes": [],
                "masks": None,
                "frames": published.get(id),
            }
            for id, spans in intervals.items()
        },
    }
