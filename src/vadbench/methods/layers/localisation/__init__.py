"""Localisation: from embeddings of windows to heat maps and boxes."""

from vadbench.methods.layers.localisation.localiser import Localiser, video_class
from vadbench.methods.layers.localisation.window_maps import WindowMaps, kept_windows

__all__ = ["Localiser", "WindowMaps", "kept_windows", "video_class"]
