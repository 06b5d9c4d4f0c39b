"""STPrompt: Wu et al., Weakly Supervised Video Anomaly Detection and Localization with Spatio-Temporal
Prompts, ACM Multimedia 2024. Its spatial half (Eq. 1 to 3) is made by the stage `windows`."""

from vadbench.methods.stprompt.counting import network
from vadbench.methods.stprompt.scoring import score
from vadbench.methods.stprompt.training import train

__all__ = ["network", "score", "train"]
