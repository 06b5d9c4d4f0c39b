"""Pictures of scores, one curve per video, one video large, methods side by side; of regions and motion."""

from vadbench.figures.annotated_video import write_annotated_video
from vadbench.figures.curves import draw_curves
from vadbench.figures.names import file_stems
from vadbench.figures.overview import draw_overview
from vadbench.figures.predicted import film_prediction, picture_prediction
from vadbench.figures.sets import show_sets
from vadbench.figures.show import show

__all__ = [
    "draw_curves",
    "draw_overview",
    "file_stems",
    "film_prediction",
    "picture_prediction",
    "show",
    "show_sets",
    "write_annotated_video",
]
