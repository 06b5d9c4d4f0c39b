"""Decoding of video files and frame folders behind one reader; nothing else in the package opens a video.

Importing this package loads neither PyAV nor Pillow: they come in when a video is opened.
"""

from vadbench.video.probe import Probe, probe
from vadbench.video.reader import Frame, VideoReader, open_video
from vadbench.video.resize import resize_short_side

__all__ = ["Frame", "Probe", "VideoReader", "open_video", "probe", "resize_short_side"]
