"""Names of videos in files of others: what is one video and what is not."""

import pytest

from vadbench.errors import VadbenchError
from vadbench.evaluation.names import match_names

IDS = (
    *("Abuse028_x264", "Abuse030_x264", "Abuse001_x264"),
    *("Train/D001_01", "Test/D001_01", "Train/D002_01"),
    *("gate/monday.mp4", "yard/monday.mp4", "clip.mp4", "clip.avi", "noon.mp4", "gate/noon.mp4"),
    "v=38GQ9L2meyE__#1_label_B6-0-0",
    "Bad.Boys.1995__#01-11-55_01-12-40_label_G-B2-B6",
)
TEST = (*IDS[:2], "Test/D001_01", *IDS[6:])


def match(*names: str) -> dict[str, str]:
    return match_names(names, IDS, TEST, "scores.npz", "mine")


@pytest.mark.parametrize(
    ("name", "id"),
    [
        *((id, id) for id in IDS),
        ("Abuse028_x264.mp4", "Abuse028_x264"),
        ("Abuse028_x264.AVI", "Abuse028_x264"),
        ("Abuse/Abuse028_x264.mp4", "Abuse028_x264"),
        ("out\\Abuse\\Abuse028_x264", "Abuse028_x264"),
        ("./Abuse028_x264 ", "Abuse028_x264"),
        ("gate/monday", "gate/monday.mp4"),
        ("data/gate/monday.mp4", "gate/monday.mp4"),
        ("noon", "noon.mp4"),
        ("gate/noon", "gate/noon.mp4"),
        ("D001_01", "Test/D001_01"),
        ("D001_01.avi", "Test/D001_01"),
        ("videos/Train/D001_01.avi", "Train/D001_01"),
        ("D002_01", "Train/D002_01"),
        ("v=38GQ9L2meyE__#1_label_B6-0-0.mp4", "v=38GQ9L2meyE__#1_label_B6-0-0"),
    ],
)
def test_endings_and_folders_may_be_there_or_not(name: str, id: str) -> None:
    assert match(name) == {name: id}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("Abuse028_x264_i3d", "Abuse028_x264"),
        ("Abuse030_x264__0", "Abuse030_x264"),
        ("Abuse/Abuse028_x264_i3d", "Abuse028_x264"),
        ("abuse028_x264", "Abuse028_x264"),
        ("Bad.Boys.1995__#01-11-55_01-12-40_label_G", "Bad.Boys.1995__#01-11-55_01-12-40_label_G-B2-B6"),
        ("Elsewhere/D001_01", None),
        ("all/clip.npy", None),
        ("x264", None),
        ("", None),
        ("/", None),
        (".mp4", None),
    ],
)
def test_nothing_else_is_taken_off_a_name(name: str, nearest: str | None) -> None:
    with pytest.raises(VadbenchError, match=r"^scores\.npz: no video of mine is called ") as error:
        match("Abuse028_x264.mp4", name)
    if nearest:
        assert f"{name!r} (the nearest is {nearest!r})" in str(error.value)


def test_of_many_unknown_names_three_are_named() -> None:
    with pytest.raises(VadbenchError, match=r"'a', 'b', 'c' and 2 more; rename them"):
        match(*"abcde")


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [("monday", "gate/monday.mp4", "yard/monday.mp4"), ("clip", "clip.mp4", "clip.avi")],
)
def test_a_name_of_two_videos_is_refused(name: str, one: str, other: str) -> None:
    with pytest.raises(VadbenchError, match=f"'{name}' may be video '{one}' or '{other}' of mine"):
        match(name)


def test_two_names_of_one_video_are_refused() -> None:
    with pytest.raises(VadbenchError, match=r"'Abuse028_x264\.mp4' and 'a/Abuse028_x264' both stand for"):
        match("Abuse028_x264.mp4", "a/Abuse028_x264")
