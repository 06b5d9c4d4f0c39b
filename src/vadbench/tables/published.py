"""What the papers print: every figure of their tables, named in our terms where we have them.

`published.csv` has a row per printed cell, gaps included. Its first columns are ours (benchmark, split,
method, variant, metric, model and weights of the features), empty where the paper does not say or nothing of
ours corresponds; the `printed` columns are the papers' own words and figures, which a test compares with
their texts.
Readings of ours:

- "CLIP (ViT-B/16)" is OpenAI's. STPrompt says that it computed most rows of others with the features it uses.
- Local Patterns names Reiss and Hoshen for its macro AUC, which is `macro_auc_sentinel` here.
- Local Patterns on motion alone, setting 8 of its Table 3, is the variant `motion_only`: a label, so that
  whoever gives it to an entry of other settings has these held against that row.
- A column "AP" is `micro_ap`; whether the papers mean the step sum or the trapezoid is not printed.
- mAP@IoU is that of the public VadCLIP evaluation (`map_legacy_…`), whose authors LEC-VAD says it follows.
"""

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, Self

PAPERS = {
    "STPrompt": "Wu et al., Weakly Supervised Video Anomaly Detection and Localization with Spatio-Temporal "
    "Prompts, ACM Multimedia 2024",
    "TPWNG": "Yang, Liu and Wu, Text Prompt with Normality Guidance for Weakly Supervised Video Anomaly "
    "Detection, CVPR 2024",
    "LEC-VAD": "Wang and Chen, Learning Event Completeness for Weakly Supervised Video Anomaly Detection",
    "Local Patterns": "Local Patterns Generalize Better for Novel Anomalies, ICLR 2025",
}
"""The papers by the name used for them, in the order in which they are asked for a method's figure: each
before those that quote it, and first the one that computed others' methods on the features it uses itself."""


@dataclass(frozen=True)
class Printed:
    """One cell of a paper's table."""

    paper: str
    table: str
    kind: Literal["results", "ablation", "cost"]
    """results: methods compared on a benchmark. Of an ablation only what is a variant of ours is held against
    what was measured."""
    benchmark: str
    split: str
    method: str
    variant: str
    """The variant of our method that a row of an ablation is; empty: the method, or none of ours."""
    model: str
    """Image tower of the features, in open_clip's name without the activation; empty: not said."""
    weights: str
    metric: str
    test_videos: int
    """Test videos of the published lists; 0 where no benchmark is concerned."""
    printed_dataset: str
    printed_row: str
    """The row's label: a method as the paper writes it, or what an ablation switches on."""
    printed_features: str
    printed_metric: str
    printed: str
    """The figure as printed, or what the table has in its place."""
    setting: str
    """What else the paper says of the row."""
    note: str
    """Gaps, and where papers or tables contradict each other; of a variant, what its features are."""
    text: str
    """How the row was read where the paper's text is garbled."""

    @classmethod
    def of(cls, row: dict[str, str]) -> Self:
        """From a row of published.csv."""
        return cls(**{**row, "test_videos": int(row["test_videos"] or 0)})  # type: ignore[arg-type]

    @property
    def value(self) -> float:
        """The figure as a fraction of 1; NaN for a gap."""
        if self.printed in ("", "-", "N/A"):
            return math.nan
        return float(self.printed.removesuffix("%")) / 100

    @property
    def amount(self) -> float:
        """Of a cost the number that a letter stands behind: 31.5M is 31,500,000."""
        return float(self.printed[:-1]) * {"K": 1e3, "M": 1e6, "G": 1e9}[self.printed[-1]]

    @property
    def source(self) -> str:
        """Paper and table."""
        return f"{self.paper}, {self.table}"

    @property
    def quoted(self) -> str:
        """The figure and where it stands, in words for a note."""
        features = self.printed_features or "features not printed"
        return f"{self.printed.removesuffix('%')} ({self.source}: {self.label}, {features})"

    @property
    def label(self) -> str:
        """The row's label without markup; of an ablation what it switches on."""
        if self.kind == "ablation":
            return self.setting.removeprefix("ablation ")
        return self.printed_row.replace(" <sup>†</sup>", "†")


@cache
def _cells() -> tuple[Printed, ...]:
    text = (files("vadbench.tables") / "published.csv").read_text(encoding="utf-8")
    return tuple(Printed.of(row) for row in csv.DictReader(text.splitlines()))


@cache
def results() -> tuple[Printed, ...]:
    """All cells of the tables that compare methods, in the papers' order."""
    return tuple(cell for cell in _cells() if cell.kind == "results")


@cache
def comparable() -> tuple[Printed, ...]:
    """Those of `results`, and rows of ablations that are a variant of ours."""
    return (*results(), *(cell for cell in _cells() if cell.kind == "ablation" and cell.variant))


def costs() -> tuple[Printed, ...]:
    """The cells of STPrompt's Table 7: parameters and FLOPs, in its order."""
    return tuple(cell for cell in _cells() if (cell.paper, cell.table) == ("STPrompt", "Table 7"))


def tables_on(benchmark: str, split: str) -> dict[str, list[Printed]]:
    """Cells on a benchmark by paper and table, for the tables that have a row on this split."""
    tables: dict[str, list[Printed]] = {}
    for cell in results():
        if cell.benchmark == benchmark:
            tables.setdefault(cell.source, []).append(cell)
    return {source: cells for source, cells in tables.items() if any(cell.split == split for cell in cells)}
