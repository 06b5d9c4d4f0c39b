"""UBnormal in small: scenes, lists without a last line end, masks of object numbers, tracks in both forms."""

from pathlib import Path

import numpy as np
from PIL import Image

from miniatures.clips import HEIGHT, WIDTH, mask, write_clip

FRAMES = 40
LISTS = {
    "abnormal_training": {
        "abnormal_scene_1_scenario_1": [(2, 8, 15)],
        "abnormal_scene_2_scenario_1_fog": [(2, 20, 33)],
    },
    "normal_training": {"normal_scene_1_scenario_2": [], "normal_scene_2_scenario1_2": []},
    "abnormal_validation": {"abnormal_scene_1_scenario_3": [(2, 4, 9)]},
    "normal_validation": {"normal_scene_1_scenario_4": []},
    "abnormal_test": {
        "abnormal_scene_1_scenario_5": [(2, 12, 27), (3, 20, 39)],
        "abnormal_scene_2_scenario_6_smoke": [(2, 8, 23), (2, 32, 39)],
    },
    "normal_test": {"normal_scene_2_scenario_7": []},
}
"""Tracks (object, first, last) of every video by list; both frames 0-based and included. Those of test videos
begin on rows of a stride of 4."""

NORMAL_OBJECT = 1
"""Stands in a corner of every frame and is never abnormal."""


def write(data_root: Path) -> None:
    """Write it below `data_root` in the published layout."""
    folder = data_root / "UBnormal"
    folder.mkdir(parents=True)
    seed = 0
    for name, videos in LISTS.items():
        (folder / f"{name}_video_names.txt").write_text("\n".join(videos))
        for video, tracks in videos.items():
            seed += 1
            scene = folder / f"Scene{video.split('_')[2]}"
            events = [(first, last + 1) for _, first, last in tracks]
            write_clip(scene / f"{video}.mp4", FRAMES, seed, events)
            write_annotations(scene / f"{video}_annotations", tracks, floats=seed % 2 == 0)


def write_annotations(folder: Path, tracks: list[tuple[int, int, int]], floats: bool) -> None:
    """A mask per frame, in which an object shows before its track too, and the file of tracks."""
    video = folder.name.removesuffix("_annotations")
    folder.mkdir()
    for frame in range(FRAMES):
        ids = np.zeros((HEIGHT, WIDTH), np.uint8)
        ids[:8, :8] = NORMAL_OBJECT
        for number, _, last in reversed(tracks):
            if frame <= last:
                ids[mask(True).astype(bool)] = number
        Image.fromarray(ids).save(folder / f"{video}_{frame:04d}_gt.png")
    if tracks:
        form = "%.18e" if floats else "%d"
        lines = [",".join(form % value for value in track) for track in tracks]
        (folder / f"{video}_tracks.txt").write_bytes("".join(f"{line}\r\n" for line in lines).encode())
