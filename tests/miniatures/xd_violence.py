"""XD-Violence in small: its published layout, with clips, lists and segments of its own."""

from pathlib import Path

from miniatures.clips import write_clip

TRAIN = (
    "Some.Film.2001__#00-26-51_00-27-53_label_B1-0-0",
    "Some.Film.2001__#01-44-40_01-49-20_label_B2-G-B6",
    "v=aaaaaaaaaaa__#1_label_B4",
    "v=bbbbbbbb_b-__#1_label_A",
    "Another.Film__#0-10-00_0-10-40_label_A",
)
TEST = {
    "v=ccccccccccc__#1_label_B6-0-0": (("B6", 32, 48),),
    "Some.Film.2001__#00-01-00_00-01-02_label_B2-G-0": (("G", 41, 48), ("B2", 32, 38)),
    "v=ddddddddddd__#00-00-00_00-00-02_label_A": (),
    "v=eeeeeeeeeee__#1_label_A": (),
}
"""Segments by name, the second's not in order of time. Frame 32 is the third row of a stride of 16."""

FRAMES = 48


def write(data_root: Path) -> None:
    """Write everything below `data_root`, videos in a folder per archive."""
    folder = data_root / "XD-Violence"
    for seed, name in enumerate(TRAIN):
        events = () if name.endswith("_A") else ((32, 48),)
        write_clip(folder / "1-1004" / f"{name}.mp4", FRAMES, seed, events)
    for seed, (name, segments) in enumerate(TEST.items(), len(TRAIN)):
        events = [(start, end) for _, start, end in segments]
        write_clip(folder / "videos" / f"{name}.mp4", FRAMES, seed, events)
    (folder / "rgb.list").write_text(_feature_files("RGB", TRAIN))
    (folder / "rgb_test.list").write_text(_feature_files("RGBTest", TEST))
    violent = {name: segments for name, segments in TEST.items() if segments}
    times = {name: sorted((start, end) for _, start, end in segments) for name, segments in violent.items()}
    (folder / "annotations.txt").write_text(
        "\n".join(
            f"{name} {_spaced(times[name])}" for name in violent
        )  # as published, without a last line end
    )
    (folder / "annotations_multiclasses.txt").write_text(
        "\n".join(f"{name}.mp4 {_spaced(segments)}" for name, segments in violent.items())
    )


def _feature_files(part: str, names: tuple[str, ...] | dict[str, object]) -> str:
    """The lists of XDVioDet name five feature files per video."""
    return "".join(
        f"/media/x/i3d-features/{part}/{name}__{crop}.npy\n" for name in names for crop in range(5)
    )


def _spaced(rows: object) -> str:
    return " ".join(str(value) for row in rows for value in row)  # type: ignore[attr-defined]
