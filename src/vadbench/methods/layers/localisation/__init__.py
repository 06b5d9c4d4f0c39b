"""Training-free localisation by text queries: from embeddings of windows to heat maps and boxes."""

from vadbench.methods.layers.localisation.localiser import Localiser, video_class

__all__ = ["Localiser", "video_class"]
