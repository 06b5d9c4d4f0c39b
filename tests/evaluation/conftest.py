"""A tiny benchmark with a scores store beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_benchmark import annotate

from vadbench.datasets import Annotations
from vadbench.store import ArraySpec, PartWriter

Rows = tuple[Sequence[int], Sequence[float], int]
"""Source frames of the rows, their scores, decoded frames."""

WriteScores = Callable[..., Path]


@pytest.fixture
def load_annotations(tmp_path: Path) -> Callable[..., Annotations]:
    """Annotations of the given intervals by video, through the file format."""

    def load(
        intervals: Mapping[str, list[list[int]] | None], frames: Mapping[str, int] | None = None
    ) -> Annotations:
        path = tmp_path / "annotations.json"
        path.write_text(json.dumps(annotate(intervals, frames)))
        return Annotations.load(path)

    return load


@pytest.fixture
def write_scores(tmp_path: Path) -> WriteScores:
    """A scores store of the given rows by video; a reason in place of rows is a skipped video."""

    def write(videos: Mapping[str, Rows | str], weights: Mapping[str, str] | None = None) -> Path:
        path = tmp_path / "scores.h5"
        writer = PartWriter(
            path,
            stage="scores",
            settings={"method": "by hand"},
            revision=1,
            videos=list(videos),
            arrays={"score": ArraySpec("float32", units="higher is more abnormal")},
            weights=weights or {},
            attributes={"selection": "last"},
        )
        with writer:
            for id, content in videos.items():
                if isinstance(content, str):
                    writer.skip(id, content)
                    continue
                frame, score, frames = content
                with writer.video(id) as rows:
                    if len(frame):
                        rows.append(
                            np.array(frame, dtype=np.int32),
                            np.array(frame, dtype=np.float64),
                            score=np.array(score, dtype=np.float32),
                        )
                    rows.finish(frames=frames)
            writer.complete()
        return path

    return write
