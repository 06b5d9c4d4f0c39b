"""Settings of localisation, which methods on windows share."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from vadbench.config.base import Fraction, Settings


class BoxSettings(Settings):
    """How heat of windows at several scales becomes one heat map, and a heat map boxes."""

    fusion: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the first scale's heat map; the others share the rest evenly. STPrompt's lambda, of which the
    paper gives no value."""

    threshold: Fraction | Literal["otsu"] = 0.5
    """Heat from which a pixel belongs to a box: a number, or Otsu's threshold of each frame's own heat."""


class LocalisationSettings(BoxSettings):
    """Where in a frame the anomaly is, from embeddings of its windows and text queries (STPrompt, Eq. 11).

    The queries are the benchmark's. The set of windows must keep those of the test videos (`keep: test`).
    """

    tau: PositiveFloat = 0.01
    """Temperature of the softmax over queries; the default is CLIP's own, the paper gives none."""

    queries: Literal["all", "video_class"] = "all"
    """Whose phrases count as abnormal: those of all classes, or of the class that the method finds in the
    video."""
