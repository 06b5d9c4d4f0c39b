"""Pictures of localised frames and the annotated video: what is where, and in which colour."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from small_run import RATE, STRIDE, SmallRun
from vadbench.errors import VadbenchError
from vadbench.figures import show, write_annotated_video
from vadbench.figures.localised import LocalisedFrame, with_boxes, with_heat
from vadbench.figures.run import RunPictures
from vadbench.store import ArraySpec, PartWriter

SIDES = ("left", "top", "right", "bottom")
RED, GREEN = np.array([228, 26, 28]), np.array([44, 190, 60])
FRAME = (96, 72)


def near(image: NDArray[np.uint8], colour: NDArray[np.int_], most: int = 8) -> NDArray[np.bool_]:
    return np.abs(image.astype(int) - colour).max(axis=-1) <= most


def bounds(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def one_frame(**changes: object) -> LocalisedFrame:
    content = {
        "image": np.full((72, 96, 3), 120, np.uint8),
        "heat": np.zeros((2, 2), np.float32),
        "predicted": np.array([[0.5, 0.25, 1, 1], [0, 0, 0.25, 0.25]]),
        "true": np.array([[0.25, 0.5, 0.5, 0.75]]),
        "frame": 8,
        "time": 0.32,
        "score": 0.9,
    }
    return LocalisedFrame(**{**content, **changes})  # type: ignore[arg-type]


def test_boxes_are_drawn_to_scale_the_best_one_bold() -> None:
    image = with_boxes(one_frame(), 192)
    assert image.shape == (144, 192, 3)
    red = near(image, RED)
    assert bounds(near(image, GREEN)) == (48, 72, 96, 108)
    assert bounds(red[:, 96:]) == (0, 36, 96, 144)
    assert bounds(red[:36, :48]) == (0, 0, 48, 36)
    # Along a horizontal line through each: the bold box has three columns of red at its side, the other one.
    assert red[100, 96:110].sum() == 3
    assert red[10, 1:48].sum() == 1


def test_heat_is_bright_where_it_is_and_the_same_for_every_frame() -> None:
    heat = np.array([[0, 0], [0, 1]], np.float32)
    image = with_heat(one_frame(heat=heat), 96).astype(int)
    assert image[70, 94].sum() > image[1, 1].sum() + 200
    assert image[70, 94, 0] > image[70, 94, 2]  # yellow
    # Half the heat is not drawn as bright: the scale is not that of the frame.
    half = with_heat(one_frame(heat=heat / 2), 96).astype(int)
    assert half[70, 94].sum() < image[70, 94].sum() - 100
    # From centre to centre it is linear: a quarter into the frame it is all of a cell's own.
    assert np.array_equal(image[:18, :24], np.tile(image[0, 0], (18, 24, 1)))


@pytest.fixture
def run(tmp_path: Path) -> SmallRun:
    """Two videos whose square is found: its box predicted four pixels too far right, its truth annotated."""
    small = SmallRun(tmp_path, {"a": (60, [(20, 40)]), "calm": (20, [])}).write()
    annotations = json.loads(small.annotations.read_text())
    annotations["videos"]["a"]["boxes"] = [
        [frame, frame % 80, 30, frame % 80 + 16, 46] for frame in range(20, 40, 4)
    ]
    small.annotations.write_text(json.dumps(annotations))
    _localise(small)
    return small


def _localise(small: SmallRun) -> None:
    """The run's scores again, with boxes and heat maps."""
    path = small.run / "scores.h5"
    path.unlink()
    with PartWriter(
        path,
        stage="scores",
        settings={},
        revision=1,
        videos=list(small.videos),
        arrays={
            "score": ArraySpec("float32"),
            "heat": ArraySpec("float16", (6, 8)),
            "frame_size": ArraySpec("int32", (2,)),
        },
        ragged={"boxes": {name: ArraySpec("float32") for name in (*SIDES, "score")}},
        attributes={"selection": "last"},
    ) as writer:
        for id, (frames, _) in small.videos.items():
            frame = np.arange(0, frames, STRIDE)
            heat = np.zeros((len(frame), 6, 8))
            boxes = []
            for row, number in enumerate(frame):
                left = number % 80
                heat[row, 2:4, int(left // 12) : int(left // 12) + 2] = 1
                corners = (left + 4, 30, left + 20, 46)
                boxes.append({**dict(zip(SIDES, np.array([corners]).T, strict=True)), "score": [1]})
            with writer.video(id) as video:
                video.append(
                    frame=frame,
                    time=frame / RATE,
                    score=np.where((frame >= 20) & (frame < 40), 0.9, 0.1),
                    heat=heat,
                    frame_size=[FRAME] * len(frame),
                    boxes=boxes,
                )
                video.finish(frames=frames)
        writer.complete()


def test_rows_have_their_frame_boxes_and_truth(run: SmallRun) -> None:
    with RunPictures(run.run, run.annotations, run.frames) as pictures:
        assert pictures.localises
        assert pictures.rows_near("a", [21, 23, 24, 1000]) == [5, 6, 14]
        assert pictures.rows_around_peak("a", 4) == [3, 4, 5, 6]
        shown = list(pictures.localised("a", range(15)))
    assert [one.frame for one in shown] == list(range(0, 60, 4))
    assert [len(one.true) for one in shown] == [0] * 5 + [1] * 5 + [0] * 5
    one = shown[6]
    assert (one.frame, one.time, one.score) == (24, 24 / RATE, pytest.approx(0.9))
    np.testing.assert_allclose(one.true * np.tile(FRAME, 2), [[24, 30, 40, 46]])
    np.testing.assert_allclose(one.predicted * np.tile(FRAME, 2), [[28, 30, 44, 46]], rtol=1e-6)
    # The square is red in the stored frame: what is shown is that row's own.
    assert one.image[38, 32, 0] > 180 > 80 > one.image[38, 32, 1]


def test_masks_are_shown_as_boxes_of_their_parts(run: SmallRun, tmp_path: Path) -> None:
    annotations = json.loads(run.annotations.read_text())
    annotations["videos"]["a"]["boxes"] = []
    annotations["videos"]["a"]["masks"] = {"path": "gt", "files": 60, "sha256": ""}
    run.annotations.write_text(json.dumps(annotations))
    (tmp_path / "data/gt").mkdir(parents=True)
    for number in range(60):
        mask = np.zeros(FRAME[::-1], np.uint8)
        if number == 26:
            mask[10:20, 30:50] = mask[40:45, 60:70] = 255
        cv2.imwrite(str(tmp_path / f"data/gt/{number + 1:03d}.bmp"), mask)
    with RunPictures(run.run, run.annotations, run.frames, tmp_path / "data") as pictures:
        shown = list(pictures.localised("a", range(15)))
    assert [len(one.true) for one in shown] == [0] * 6 + [2] + [0] * 8
    np.testing.assert_allclose(shown[6].true * np.tile(FRAME, 2), [[30, 10, 50, 20], [60, 40, 70, 45]])


def _picture(path: Path) -> NDArray[np.uint8]:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(np.uint8)


def test_show_draws_the_chosen_frames_below(run: SmallRun, tmp_path: Path) -> None:
    plain, around, chosen = (tmp_path / f"{name}.png" for name in ("plain", "around", "chosen"))
    show(run.run, "a", run.annotations, plain)
    show(run.run, "a", run.annotations, around, frames=run.frames)
    show(run.run, "a", run.annotations, chosen, frames=run.frames, chosen=[0, 24, 28, 32, 36])
    heights = [len(_picture(path)) for path in (plain, around, chosen)]
    # Five frames are two rows of four.
    assert heights[0] < heights[1] < heights[2]
    rows = _picture(chosen)[heights[1] - (heights[2] - heights[1]) :]
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    # The first of the four has no truth, the other three have it.
    assert near(first, GREEN).any(axis=0)[410:].sum() > 100
    assert not near(first, GREEN)[:, 62:390].any()
    assert near(first, RED)[:, 62:390].any()
    assert near(second, GREEN)[:, 62:390].any()
    assert not near(second, GREEN)[:, 400:].any()


def test_frames_cannot_be_chosen_where_nothing_is_localised(run: SmallRun, tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="chosen frames"):
        show(run.run, "a", run.annotations, tmp_path / "x.png", chosen=[3])
    bare = SmallRun(tmp_path / "bare", {"a": (20, [(4, 8)])}).write()
    with pytest.raises(VadbenchError, match="chosen frames"):
        show(bare.run, "a", bare.annotations, tmp_path / "x.png", frames=bare.frames, chosen=[3])


def _film(run: SmallRun, out: Path, video: str = "a") -> list[NDArray[np.uint8]]:
    write_annotated_video(run.run, video, run.annotations, out, frames=run.frames, data_root=Path())
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert float(stream.average_rate) == pytest.approx(RATE / STRIDE)
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


def test_the_annotated_video_has_a_picture_per_row_in_step_with_the_curve(
    run: SmallRun, tmp_path: Path
) -> None:
    pictures = _film(run, tmp_path / "new folder/a.mp4")
    assert len(pictures) == 15
    assert {path.name for path in (tmp_path / "new folder").iterdir()} == {"a.mp4"}
    above = 360
    columns = []
    for number, image in enumerate(pictures):
        # Boxes of a few pixels in H.264's half colour resolution: near their colours only.
        has_green = near(image[:above, :480], GREEN, 50).sum() > 50
        assert has_green == (5 <= number < 10), number
        assert near(image[:above, :480], RED, 70).sum() > 50
        bar = near(image[above:], np.array([213, 94, 0]), 60).sum(axis=0)
        columns.append(int(bar.argmax()))
        blue = near(image[above:-51, :940], np.array([0, 114, 178]), 90).any(axis=0)
        # The curve goes as far as the row, and no further.
        assert not blue[columns[-1] + 4 :].any()
        assert number == 0 or blue[columns[0] + 2 : columns[-1] - 1].mean() > 0.8
    steps = np.diff(columns)
    assert (steps > 20).all()
    assert np.ptp(steps) <= 3


def test_videos_that_cannot_be_annotated_are_refused(run: SmallRun, tmp_path: Path) -> None:
    out = tmp_path / "x.mp4"
    with pytest.raises(VadbenchError, match="no test video 'b'"):
        write_annotated_video(run.run, "b", run.annotations, out, frames=run.frames, data_root=Path())
    with pytest.raises(VadbenchError, match="no frames of it are stored"):
        write_annotated_video(run.run, "a", run.annotations, out, frames=None, data_root=Path())
    bare = SmallRun(tmp_path / "bare", {"a": (20, [(4, 8)])}).write()
    with pytest.raises(VadbenchError, match="hold no boxes"):
        write_annotated_video(bare.run, "a", bare.annotations, out, frames=bare.frames, data_root=Path())
    assert not out.exists()
