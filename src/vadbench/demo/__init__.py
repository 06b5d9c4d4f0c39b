"""The packaged demo: rendered scenes, a benchmark made of them, and a small CLIP trained on other ones."""
