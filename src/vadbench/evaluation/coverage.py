"""Which videos and frames a figure rests on, and everything that did not fit."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

_MOST_NAMED = 20
"""Videos that one remark names."""


class Coverage(BaseModel):
    """Test videos and frames with a score, out of those with frame truth; every exception by video id."""

    model_config = ConfigDict(extra="forbid")

    videos_scored: int = 0
    videos_total: int = 0
    frames_scored: int = 0
    frames_total: int = 0
    """Evaluated frames: the decoded ones by the length rule; a video that was not decoded counts with its
    published frames, where there are any."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Videos that a stage could not read, with the reason."""
    missing: list[str] = Field(default_factory=list)
    """Videos without a single scored frame that no stage reported."""
    unlabelled: list[str] = Field(default_factory=list)
    """Test videos without frame truth: left out, and no part of the totals."""
    not_in_split: list[str] = Field(default_factory=list)
    """Scored videos that are no test videos of the split: left out."""
    frames_unscored: dict[str, int] = Field(default_factory=dict)
    """Frames that no row covers, of videos that are scored elsewhere: left out."""
    scores_short: dict[str, int] = Field(default_factory=dict)
    """Frames after the last row of scores of others, where a whole row is missing: the last row goes on
    under `hold` and `interpolate`."""
    rows_beyond_end: dict[str, int] = Field(default_factory=dict)
    """Scored rows at or after the last decoded frame: left out."""
    annotations_beyond_end: dict[str, list[tuple[int, int]]] = Field(default_factory=dict)
    """Annotated intervals [start, end) that overrun the decoded frames: clipped."""
    frames_differ: dict[str, tuple[int, int]] = Field(default_factory=dict)
    """Decoded and published frame count, where they differ; the decoded one is used."""

    @property
    def share(self) -> float:
        """The smaller of the shares of videos and of frames, in [0, 1]; 0 where nothing could be scored."""
        if not self.videos_total:
            return 0.0
        frames = self.frames_scored / self.frames_total if self.frames_total else 0.0
        return min(self.videos_scored / self.videos_total, frames)

    def remarks(self) -> list[str]:
        """What did not fit, a line for each kind, videos by name."""
        remarks = {
            "without a score, for they could not be read": [
                f"{id} ({reason})" for id, reason in self.skipped.items()
            ],
            "without a score": self.missing,
            "left out, for they have no frame truth": self.unlabelled,
            "scored, but no test videos of this split": self.not_in_split,
            "with frames that no score covers": [
                f"{id} ({n} frames)" for id, n in self.frames_unscored.items()
            ],
            "with scores that end before the last evaluated frame": [
                f"{id} ({n} frames)" for id, n in self.scores_short.items()
            ],
            "with scores beyond the last frame": [
                f"{id} ({n} rows)" for id, n in self.rows_beyond_end.items()
            ],
            "with annotations beyond the last frame, cut there": [
                f"{id} ({', '.join(f'[{start}, {end})' for start, end in overruns)})"
                for id, overruns in self.annotations_beyond_end.items()
            ],
            "with another number of frames than published": [
                f"{id} ({decoded}, published {published})"
                for id, (decoded, published) in self.frames_differ.items()
            ],
        }
        return [f"Videos {what}: {_listed(videos)}" for what, videos in remarks.items() if videos]


def _listed(videos: Sequence[str]) -> str:
    more = len(videos) - _MOST_NAMED
    return ", ".join([*videos[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])
