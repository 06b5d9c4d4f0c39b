"""metrics.json: what one run reached, under which convention, on how much of the test set."""

import json
import math
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError

from vadbench.errors import VadbenchError
from vadbench.evaluation.coverage import Coverage
from vadbench.store.files import write_text

# JSON has no NaN: null stands for it in the file, NaN in Python.
Number = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    PlainSerializer(lambda value: None if math.isnan(value) else value),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunLabel(_Model):
    """Which run a metrics.json belongs to: the parts of its path."""

    benchmark: str
    split: str
    draw: int | None = None
    """Number of the split's draw, null for a split without draws."""
    method: str
    variant: str = ""
    features: str = ""
    """Name of the feature set that was read."""
    seed: int = 0


class Metric(_Model):
    """One metric, in [0, 1]."""

    value: Number
    """NaN where undefined."""
    ci_low: Number
    ci_high: Number
    """Ends of the 95 % interval, NaN where there is none."""
    reason: str = ""
    """Why the value or the interval is missing."""
    videos: int
    """Videos it rests on."""


class Convention(_Model):
    """Every choice between a store of scores and a figure."""

    frame_axis: str
    ground_truth: str
    score_to_frame: str
    smoothing_rows: int
    videos: str
    metrics: dict[str, str]
    interval: str
    text: str
    """The choices that differ between settings, in one line."""


class TestSet(_Model):
    """What was evaluated."""

    videos: int
    abnormal_videos: int
    """Videos with at least one abnormal frame."""
    frames: int
    abnormal_frames: int


class Resampling(_Model):
    """Which resamples of the test videos were drawn; two runs where all of it agrees saw the same ones."""

    resamples: int
    seed: int
    videos: str
    """sha256 over the ids of the evaluated videos, one a line."""


class Record(_Model):
    """All of metrics.json."""

    run: RunLabel
    supervision: str
    weights: str
    """Names of the weights that made the features; `none` is random initialisation, empty is no model."""
    selection: str
    """How the checkpoint was chosen; `none` where nothing is trained."""
    settings: dict[str, object]
    """The method's settings, its own smoothing among them."""
    notes: tuple[str, ...] = ()
    """How the benchmark's lists differ from the published ones."""
    convention: Convention
    coverage: Coverage
    test: TestSet
    metrics: dict[str, Metric]
    per_video_auc: dict[str, float | None]
    """null where a video holds one class."""
    resampling: Resampling
    resampled: dict[str, list[Number]]
    """The metrics of every resample: what intervals of means over seeds and of differences are made of."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a metrics.json.

        Raises:
            VadbenchError: the file is missing, is no JSON, or has other keys than this version writes.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise VadbenchError(f"{path}: {error.strerror}; make it with `vadbench evaluate`") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            what = f"{place}: {first['msg']}" if place else first["msg"]
            raise VadbenchError(f"{path}: {what}; make it again with `vadbench evaluate`") from None

    def save(self, path: Path) -> None:
        """Write metrics.json as a whole, readable: the resamples of one metric stand on one line."""
        content = self.model_dump(mode="json")
        resampled = content.pop("resampled")
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in resampled.items())
        head = json.dumps(content, indent=1, ensure_ascii=False).removesuffix("\n}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, f'{head},\n "resampled": {{\n{rows}\n }}\n}}\n')
