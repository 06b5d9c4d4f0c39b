"""`vadbench show` of sets of regions and motion, as typed: what it draws, and what it refuses."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from typer.testing import CliRunner

from vadbench.cli.app import app
from vadbench.config import FramesSettings, MotionSettings
from vadbench.errors import VadbenchError
from vadbench.figures import sets as sets_module
from vadbench.figures import show_sets
from vadbench.figures.overlay import ARROW_COLOUR, TRACK_COLOURS, OverlaidFrame
from vadbench.stages import run_stage
from vadbench.store import ArraySpec, PartWriter

WIDTH, HEIGHT, FRAMES, STRIDE = 128, 96, 13, 4
SIDE, STEP = 32, (3, -2)
"""Of a square of texture, in pixels, and how far it moves in a frame."""
SCALE = 10
"""Pixels of the picture per pixel of the decoded frame."""
HEAD = 24
VIDEO = "cam 1/'$(x)' ä.mkv"


def square(frame: int) -> tuple[int, int, int, int]:
    left, top = 20 + STEP[0] * frame, 50 + STEP[1] * frame
    return left, top, left + SIDE, top + SIDE


def write_video(path: Path) -> None:
    """A square of texture over another texture, losslessly, so that stored frames can be told from others."""
    generator = np.random.default_rng(0)
    ground, texture = (
        np.kron(generator.integers(40, 200, (side // 4, other // 4, 1)), np.ones((4, 4, 3))).astype(np.uint8)
        for side, other in ((HEIGHT, WIDTH), (SIDE, SIDE))
    )
    path.parent.mkdir(parents=True)
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        for number in range(FRAMES):
            image = ground.copy()
            left, top, right, bottom = square(number)
            image[top:bottom, left:right] = texture
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def write_regions(folder: Path, *, size: Sequence[int] = (WIDTH, HEIGHT)) -> None:
    """The square, found on track 2 in the second of two rows, frames 0 and 8."""
    with PartWriter(
        folder / "part-0000.h5",
        stage="regions",
        settings={"reads": "frames", "every": 2},
        revision=1,
        videos=[VIDEO, "gone"],
        arrays={"frame_size": ArraySpec("int32", (2,))},
        ragged={
            "regions": {
                "box": ArraySpec("float32", (4,)),
                "score": ArraySpec("float32"),
                "class": ArraySpec("int16"),
                "track": ArraySpec("int32"),
            }
        },
        attributes={"names": ["person", "cart"]},
    ) as writer:
        with writer.video(VIDEO) as video:
            video.append(
                frame=[0, 8],
                time=[0, 8 / 25],
                frame_size=[size] * 2,
                regions=[
                    {
                        "box": np.reshape([square(8)] * count, (count, 4)),
                        "score": np.full(count, 0.5),
                        "class": np.full(count, 1),
                        "track": np.full(count, 2),
                    }
                    for count in (0, 1)
                ],
            )
            video.finish(frames=FRAMES)
        writer.skip("gone", "videos/gone.mp4: no such video")
        writer.complete()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sets `frames`, `regions` and `motion` of one video, in the stores of a benchmark."""
    root = tmp_path_factory.mktemp("project")
    write_video(root / "data" / VIDEO)
    stores = root / "stores/toy"
    listed = stores / "videos/0000.json"
    listed.parent.mkdir(parents=True)
    entry = {"id": VIDEO, "path": VIDEO, "bytes": 1}
    listed.write_text(json.dumps({"benchmark": "toy", "shard": 0, "shards": 1, "videos": [entry]}))
    for name, settings in {
        "frames": FramesSettings(stride=STRIDE, short_side=HEIGHT // 2, format="png"),
        "motion": MotionSettings(),
    }.items():
        run_stage(settings, videos=listed, data_root=root / "data", out=stores / name / "part-0000.h5")
    write_regions(stores / "regions")
    return root


@pytest.fixture
def stores(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return Path("stores/toy")


def picture(path: Path) -> NDArray[np.uint8]:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)[HEAD : HEAD + HEIGHT * SCALE].astype(
        np.uint8
    )


def near(image: NDArray[np.uint8], colour: str, most: int = 12) -> NDArray[np.bool_]:
    wanted = np.rint(255 * np.array(to_rgb(colour)))
    return np.abs(image.astype(float) - wanted).max(axis=-1) <= most


def show(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["show", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_regions_and_motion_are_drawn_over_one_stored_frame(stores: Path, tmp_path: Path) -> None:
    out = tmp_path / "new/a.png"
    # In either order.
    said = show(stores / "motion", stores / "regions", VIDEO, "--frame", 8, "--out", out)
    assert said == f"written: {out}\n"
    image = picture(out)
    left, top, right, bottom = (side * SCALE for side in square(8))
    edges = near(image, TRACK_COLOURS[2])
    edges[: top - 3] = False  # its label
    rows, columns = np.flatnonzero(edges.any(axis=1)), np.flatnonzero(edges.any(axis=0))
    assert np.allclose([columns[0], rows[0], columns[-1], rows[-1]], [left, top, right, bottom], atol=3)
    assert near(image, ARROW_COLOUR, 40)[top:bottom, left:right].sum() > 500


def drawn(monkeypatch: pytest.MonkeyPatch, *sets: Path, frames: Sequence[int]) -> list[OverlaidFrame]:
    """What is drawn of each frame."""
    found: list[OverlaidFrame] = []
    draw = sets_module.draw_overlaid
    with monkeypatch.context() as patch:
        patch.setattr(sets_module, "draw_overlaid", lambda frame: found.append(frame) or draw(frame))
        show_sets(sets, VIDEO, Path("drawn.png"), chosen=frames)
    return found


def texture(image: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
    """Where the square is in a frame."""
    scale = image.shape[1] / WIDTH
    left, top, right, bottom = (round(side * scale) for side in square(frame))
    return image[top:bottom, left:right]


def test_each_set_gives_what_it_has_of_the_frame(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = drawn(monkeypatch, stores / "regions", stores / "motion", frames=[8, 0])
    assert first.size == second.size == (WIDTH, HEIGHT)
    assert first.image.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert "frame 0, 0.00 s" in first.caption
    assert VIDEO in second.caption
    assert "frame 8, 0.32 s" in second.caption
    assert first.regions is not None
    assert second.regions is not None
    assert len(first.regions.boxes) == 0
    assert second.regions.boxes.tolist() == [list(square(8))]
    assert (second.regions.classes, second.regions.tracks.tolist()) == (["cart"], [2])
    assert first.field is not None
    assert (first.field == -32768).all()
    assert second.field is not None
    left, top, right, bottom = (side // 8 for side in square(8))
    inside = second.field[top + 1 : bottom, left + 1 : right].reshape(-1, 2)
    assert np.median(inside, axis=0).tolist() == [4 * step for step in STEP]
    # The same texture lies where the square has gone.
    assert np.abs(texture(first.image, 0).astype(int) - texture(second.image, 8)).mean() < 12


def test_motion_alone_is_over_frames_that_are_decoded(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they are stored or not."""
    images = [each.image for each in drawn(monkeypatch, stores / "motion", frames=[3, 9, 0, 9])]
    assert [image.shape for image in images] == [(HEIGHT, WIDTH, 3)] * 3
    for image, frame in zip(images, (0, 3, 9), strict=True):
        assert np.array_equal(texture(image, frame), texture(images[0], 0))


def test_frames_stand_below_each_other_and_without_a_choice_it_is_the_middle_one(
    stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [(stores / name).absolute() for name in ("regions", "motion")]
    monkeypatch.chdir(tmp_path)
    show(*folders, VIDEO)
    (middle,) = tmp_path.glob("*.png")
    show(*folders, VIDEO, "--frame", 8, "--out", "b.png")
    assert middle.read_bytes() == Path("b.png").read_bytes()
    show(*folders, VIDEO, "--frame", 8, "--frame", 0, "--out", "c.png")
    both, one = (cv2.imread(name) for name in ("c.png", "b.png"))
    assert len(both) == 2 * len(one)
    # The first frame has no vector.
    assert near(picture(Path("c.png"))[..., ::-1], ARROW_COLOUR).sum() == 0


def refused(match: str, *sets: Path, video: str = VIDEO, frame: int = 8, root: str = "data") -> None:
    with pytest.raises(VadbenchError, match=match) as caught:
        show_sets(sets, video, Path("none.png"), data_root=Path(root), chosen=[frame])
    assert "\n" not in str(caught.value)
    assert not Path("none.png").exists()


def test_what_cannot_be_drawn_is_refused(stores: Path) -> None:
    regions, motion, frames = (stores / name for name in ("regions", "motion", "frames"))
    refused("no row for frame 4; the nearest is 0, the first 0, the last 8", regions, frame=4)
    refused("motion: .* no row for frame 13; the nearest is 12", motion, frame=13)
    refused(r"no video 'cam 1'; the nearest of 2 are", regions, video="cam 1")
    refused("'gone' has no rows: videos/gone.mp4: no such video", regions, video="gone")
    refused("motion: no video 'gone'", motion, video="gone")
    refused("a set of the stage frames", frames)
    refused("a set of the stage frames", motion, frames)
    refused("a second set of motion", motion, motion)
    refused("elsewhere/.* no such video", motion, root="elsewhere")
    refused("none: no part of a set with videos is there", stores / "none")


def test_sets_that_do_not_belong_together_are_refused(stores: Path, tmp_path: Path) -> None:
    other = tmp_path / "toy"
    shutil.copytree(stores, other)
    shutil.rmtree(other / "regions")
    write_regions(other / "regions", size=(WIDTH, 2 * HEIGHT))
    refused("not of one size", other / "regions", other / "motion")
    shutil.rmtree(other / "frames")
    refused(r"frames is missing.*run: snakemake .*frames/store\.json", other / "regions")
    (other / "videos/0000.json").write_text('{"benchmark": "toy", "shard": 0, "shards": 1, "videos": []}')
    refused("does not list", other / "motion")


def test_runs_and_sets_are_told_apart(stores: Path) -> None:
    with pytest.raises(VadbenchError, match="--annotated"):
        show(stores / "motion", VIDEO, "--annotated", "a.mp4")
    with pytest.raises(VadbenchError, match="results/b: neither a finished run nor a set"):
        show(stores / "motion", "results/b", VIDEO)
    for run in (Path("results/a"), Path("results/b")):
        run.mkdir(parents=True)
        (run / "metrics.json").touch()
    with pytest.raises(VadbenchError, match="only one run"):
        show("results/a", "results/b", VIDEO)
    with pytest.raises(VadbenchError, match="results/a: no part of a set"):
        show(stores / "motion", "results/a", VIDEO)
