"""VadCLIP: Wu et al., VadCLIP: Adapting Vision-Language Models for Weakly Supervised Video Anomaly Detection,
AAAI 2024. Its public code is the reference; what the paper writes otherwise is `constants: paper`."""

from vadbench.methods.vadclip.counting import network
from vadbench.methods.vadclip.scoring import score
from vadbench.methods.vadclip.training import train

__all__ = ["network", "score", "train"]
