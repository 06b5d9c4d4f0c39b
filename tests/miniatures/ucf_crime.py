"""UCF-Crime in small: its published layout, with clips, lists and events of its own."""

import pickle
from pathlib import Path

from miniatures.clips import SQUARE, write_clip

TRAIN = ("Abuse/Abuse101_x264", "RoadAccidents/RoadAccidents102_x264", "Arson/Arson103_x264")
TRAIN_NORMAL = ("Normal_Videos901_x264", "Normal_Videos902_x264", "Normal_Videos903_x264")
TEST = {
    "Fighting/Fighting104_x264": ((32, 48),),
    "Shoplifting/Shoplifting105_x264": ((32, 38), (41, 48)),
    "Testing_Normal_Videos_Anomaly/Normal_Videos_904_x264": (),
    "Testing_Normal_Videos_Anomaly/Normal_Videos_905_x264": (),
}
"""Events by listed name. Frame 32 is the third row of a stride of 16, and holds up to the next."""

FRAMES = 48


def write(data_root: Path) -> None:
    """Write everything below `data_root`."""
    folder = data_root / "UCF-Crime"
    train = [*TRAIN, *(f"Training_Normal_Videos_Anomaly/{name}" for name in TRAIN_NORMAL)]
    events = dict.fromkeys(TRAIN, ((32, 48),)) | TEST
    for seed, name in enumerate((*train, *TEST)):
        write_clip(folder / f"{name}.mp4", FRAMES, seed, events.get(name, ()))
    (folder / "Anomaly_Train.txt").write_text("".join(f"{name}.mp4\n" for name in train))
    (folder / "Anomaly_Test.txt").write_text("".join(f"{name}.mp4\n" for name in TEST))
    annotation = folder / "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"
    annotation.write_text("".join(map(_line, TEST)))
    boxes = {name.split("/")[1]: _boxes(name) for name, times in TEST.items() if times}
    (folder / "Test_annotation.pkl").write_bytes(pickle.dumps(boxes, 0))


def _line(name: str) -> str:
    cls, id = name.split("/")
    events = [*TEST[name], (-1, -1), (-1, -1)][:2]
    numbers = "  ".join(f"{start}  {end}" for start, end in events)
    return f"{id}.mp4  {'Normal' if 'Normal' in cls else cls}  {numbers}  \n"


def _boxes(name: str) -> list[list[object]]:
    """One box in each event, the later event first, as the published lists are not sorted."""
    return [[f"/images/{name}/image_{start + 3:04d}.jpg", *SQUARE] for start, _ in reversed(TEST[name])]
