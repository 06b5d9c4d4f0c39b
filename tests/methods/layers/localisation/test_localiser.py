"""A set of windows made by hand, localised by queries made by hand."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vadbench.config import LocalisationSettings, QuerySettings, TextSettings
from vadbench.errors import VadbenchError
from vadbench.methods.layers.localisation import Localiser, video_class
from vadbench.methods.layers.localisation.localiser import region_queries
from vadbench.store import ArraySpec, Part, PartWriter

TEXTS = TextSettings(
    template="a photo of {}",
    labels={"normal": ("a street",), "fire": ("a fire",), "fall": ("a fall", "someone lying")},
)
QUERIES = QuerySettings(background=("sky", "road"), abnormal={"fire": ("flames", "smoke")})
VECTORS = {
    text: np.eye(6, dtype=np.float32)[number]
    for number, text in enumerate(
        ("sky", "road", "flames", "smoke", "a photo of a fall", "a photo of someone lying")
    )
}
SKY, ROAD, FLAMES, SMOKE, FALL, LYING = VECTORS.values()
CLIP: Any = SimpleNamespace(encode_texts=lambda texts: np.stack([VECTORS[text] for text in texts]))
GRID = (4, 4)


def write_windows(
    path: Path,
    videos: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]] | None],
    keep: str = "test",
    size: tuple[int, int] = (80, 40),
) -> Part:
    """Videos of fine (T, 4, D) and coarse (T, 1, D) windows on 4 x 4 tokens; None: of no kept windows."""
    vector = ArraySpec("float16", (6,))
    with PartWriter(
        path,
        stage="windows",
        settings={"keep": keep, "scales": ["2/2", "4/4"]},
        revision=1,
        videos=list(videos),
        arrays={"embedding": ArraySpec("float16", (1, 6)), "frame_size": ArraySpec("int32", (2,))},
        ragged={f"windows_{scale}": {"embedding": vector} for scale in ("2_2", "4_4")},
        attributes={"tokens": list(GRID)},
    ) as writer:
        for id, scales in videos.items():
            rows = 3 if scales is None else len(scales[0])
            kept = scales or (np.zeros((rows, 0, 6)),) * 2
            groups = {
                f"windows_{name}": [{"embedding": row} for row in windows]
                for name, windows in zip(("2_2", "4_4"), kept, strict=True)
            }
            with writer.video(id) as video:
                video.append(
                    np.arange(rows) * 4,
                    np.arange(rows) / 6,
                    embedding=np.zeros((rows, 1, 6)),
                    frame_size=[size] * rows,
                    **groups,
                )
                video.finish(frames=rows * 4)
        writer.complete()
    return Part.open(path)


def localiser(part: Part, **settings: Any) -> Localiser:
    return Localiser(part, QUERIES, TEXTS, CLIP, LocalisationSettings(**settings))


def test_queries_are_the_background_and_each_class_s_own_or_its_texts() -> None:
    assert region_queries(QUERIES, TEXTS) == [
        ("normal", "sky"),
        ("normal", "road"),
        ("fire", "flames"),
        ("fire", "smoke"),
        ("fall", "a photo of a fall"),
        ("fall", "a photo of someone lying"),
    ]


def test_heat_is_where_the_windows_are_and_scales_are_fused(tmp_path: Path) -> None:
    fine = np.stack([[SKY, FLAMES, ROAD, SKY], [SKY, SKY, LYING, ROAD]])
    coarse = np.stack([[SKY], [SMOKE]])
    with write_windows(tmp_path / "part.h5", {"v": (fine, coarse)}) as part:
        found = localiser(part, fusion=0.75).rows("v")
        plain = localiser(part, fusion=1).rows("v")
    assert found["heat"].shape == (2, 4, 4)
    upper_right, lower_left = np.zeros((2, 4, 4))
    upper_right[:2, 2:] = lower_left[2:, :2] = 1
    np.testing.assert_allclose(found["heat"][0], 0.75 * upper_right, atol=1e-6)
    np.testing.assert_allclose(found["heat"][1], 0.75 * lower_left + 0.25, atol=1e-6)
    np.testing.assert_allclose(plain["heat"][1], lower_left, atol=1e-6)
    assert found["frame_size"].tolist() == [[80, 40]] * 2
    (left,), (top,), (right,), (bottom,) = (
        found["boxes"][0][side] for side in ("left", "top", "right", "bottom")
    )
    assert 40 <= left <= 46
    assert (top, right) == (0, 80)
    assert 17 <= bottom <= 20


def test_no_part_gives_the_hottest_window(tmp_path: Path) -> None:
    # 0.5 of heat in the fine window at the upper right, less in the others and in the coarse one.
    hot = (SKY + FLAMES) / 2
    fine = np.stack([[SKY, hot, ROAD, (2 * SKY + FLAMES) / 3]])
    with write_windows(tmp_path / "part.h5", {"v": (fine, SKY[None, None])}) as part:
        (boxes,) = localiser(part).rows("v")["boxes"]
    assert {side: array.tolist() for side, array in boxes.items() if side != "score"} == {
        "left": [40],
        "top": [0],
        "right": [80],
        "bottom": [20],
    }


def test_phrases_of_the_found_class_only(tmp_path: Path) -> None:
    fine, coarse = np.stack([[FLAMES, LYING, SKY, ROAD]]), SKY[None, None]
    with write_windows(tmp_path / "part.h5", {"v": (fine, coarse)}) as part:
        every = localiser(part, fusion=1).rows("v", "fall")["heat"][0]
        own = localiser(part, fusion=1, queries="video_class").rows("v", "fall")["heat"][0]
    assert every[0, 0] == every[0, 3] == pytest.approx(1)
    assert own[0, 3] == pytest.approx(1)
    # Without its own phrases a flame is like no query more than another: two of four are abnormal.
    assert own[0, 0] == pytest.approx(0.5)


def test_rows_of_several_reads_stay_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    fine, coarse = rng.normal(size=(150, 4, 6)), rng.normal(size=(150, 1, 6))
    with write_windows(tmp_path / "part.h5", {"v": (fine, coarse)}) as part:
        whole = localiser(part, tau=0.5).rows("v")
    with write_windows(tmp_path / "last.h5", {"v": (fine[130:], coarse[130:])}) as part:
        last = localiser(part, tau=0.5).rows("v")
    np.testing.assert_array_equal(whole["heat"][130:], last["heat"])
    assert [row["left"].tolist() for row in whole["boxes"][130:]] == [
        row["left"].tolist() for row in last["boxes"]
    ]


def test_windows_that_are_not_kept_are_asked_for(tmp_path: Path) -> None:
    none = write_windows(tmp_path / "none.h5", {"v": None}, keep="none")
    with none, pytest.raises(VadbenchError, match="keep: test"):
        localiser(none)
    some = write_windows(tmp_path / "some.h5", {"v": None})
    with some, pytest.raises(VadbenchError, match="none of the video 'v'"):
        localiser(some).rows("v")


def test_a_video_s_class_is_that_of_its_highest_rows() -> None:
    rows = np.zeros((32, 3), np.float32)
    rows[:, 0] = 0.8
    rows[:, 1] = 0.1
    rows[5:8, 2] = 0.9  # three rows, and k is 3
    assert video_class(rows, ("normal", "fire", "fall")) == "fall"
    rows[5:8, 2] = 0
    assert video_class(rows, ("normal", "fire", "fall")) == "fire"
