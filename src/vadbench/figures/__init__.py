"""Pictures of scores: one curve per video, methods side by side."""
