"""What is found below a folder, and how lists are matched with it."""

from pathlib import Path

import pytest

from vadbench.datasets.tree import first_folder, list_tree, listed_videos, one_form
from vadbench.errors import VadbenchError


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_videos_frame_folders_and_other_files(tmp_path: Path) -> None:
    touch(tmp_path / "a/clip.MP4", b"123")
    for number in range(3):
        touch(tmp_path / f"b/frames/{number:03d}.jpg")
    touch(tmp_path / "lists/train.txt")
    touch(tmp_path / "a/._clip.mp4")
    touch(tmp_path / "__MACOSX/a/clip.mp4")
    tree = list_tree(tmp_path)
    assert [(video.name, video.size) for video in tree.videos] == [("clip", 3), ("frames", 3)]
    assert tree.files == (tmp_path / "lists/train.txt",)
    assert tree.notes == ()


def test_images_beside_a_video_are_named(tmp_path: Path) -> None:
    touch(tmp_path / "a/clip.avi")
    touch(tmp_path / "a/cover.jpg")
    assert list_tree(tmp_path).notes == (
        f"1 images in {tmp_path / 'a'} make no frame folder: others lie beside them",
    )


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path / "a/clip.avi")
    (tmp_path / "a/again").symlink_to(tmp_path)
    assert len(list_tree(tmp_path).videos) == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match="nowhere"):
        list_tree(tmp_path / "nowhere")
    with pytest.raises(VadbenchError, match=r"none of the folders A, B; put UCF-Crime there"):
        first_folder(tmp_path, ["A", "B"], "UCF-Crime")


def test_the_first_folder_that_exists_counts(tmp_path: Path) -> None:
    (tmp_path / "B").mkdir()
    (tmp_path / "C").mkdir()
    assert first_folder(tmp_path, ["A", "B", "C"], "x") == tmp_path / "B"


def test_listed_videos_are_found_flat_and_in_subfolders(tmp_path: Path) -> None:
    touch(tmp_path / "Abuse/Abuse001_x264.mp4", b"12")
    touch(tmp_path / "Arson002_x264.avi", b"1")
    touch(tmp_path / "Arson003_x264/001.png")
    files = {name: name for name in ("Arson002_x264", "Abuse001_x264", "Arson003_x264", "Robbery004_x264")}
    entries, missing = listed_videos(list_tree(tmp_path), files, tmp_path)
    assert [(entry.path, entry.bytes) for entry in entries] == [
        ("Arson002_x264.avi", 1),
        ("Abuse/Abuse001_x264.mp4", 2),
        ("Arson003_x264", 1),
        ("Robbery004_x264.mp4", None),
    ]
    assert missing == ("Robbery004_x264",)


def test_dots_in_names_are_kept(tmp_path: Path) -> None:
    name = "A.Beautiful.Mind.2001__#00-25-20_00-29-20_label_A"
    touch(tmp_path / f"{name}.mp4")
    touch(tmp_path / "Mr.Nobody" / "1.png")
    tree = list_tree(tmp_path)
    assert [video.name for video in tree.videos] == [name, "Mr.Nobody"]


def test_two_videos_of_one_name_are_an_error(tmp_path: Path) -> None:
    touch(tmp_path / "a/clip.mp4")
    touch(tmp_path / "b/clip.avi")
    with pytest.raises(VadbenchError, match=r"a/clip.mp4 and .*b/clip.avi are both video clip; keep one"):
        listed_videos(list_tree(tmp_path), {"clip": "clip"}, tmp_path)
    assert listed_videos(list_tree(tmp_path), {}, tmp_path) == ([], ())


def test_a_video_in_the_folder_that_the_list_names_goes_first(tmp_path: Path) -> None:
    """UCF-Crime comes with fifty normal videos twice, under one name in two folders."""
    touch(tmp_path / "Normal_Videos_event/Normal_Videos_015_x264.mp4", b"12")
    files = {"v": "Testing_Normal_Videos_Anomaly/Normal_Videos_015_x264"}
    ((entry,), _) = listed_videos(list_tree(tmp_path), files, tmp_path)
    assert entry.path == "Normal_Videos_event/Normal_Videos_015_x264.mp4", "the only one"
    touch(tmp_path / "x/Testing_Normal_Videos_Anomaly/Normal_Videos_015_x264.mp4", b"12")
    ((entry,), _) = listed_videos(list_tree(tmp_path), files, tmp_path)
    assert entry.path == "x/Testing_Normal_Videos_Anomaly/Normal_Videos_015_x264.mp4"
    touch(tmp_path / "y/Testing_Normal_Videos_Anomaly/Normal_Videos_015_x264.mp4", b"12")
    with pytest.raises(VadbenchError, match="are both video v"):
        listed_videos(list_tree(tmp_path), files, tmp_path)


def test_two_files_of_one_name_must_be_equal(tmp_path: Path) -> None:
    touch(tmp_path / "a/list.txt", b"1")
    touch(tmp_path / "b/list.txt", b"1")
    assert list_tree(tmp_path).file("other.txt", "list.txt") == tmp_path / "a/list.txt"
    touch(tmp_path / "b/list.txt", b"2")
    with pytest.raises(VadbenchError, match="have one name and differ"):
        list_tree(tmp_path).file("list.txt")


def test_a_required_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"holds no one.txt or two.txt \(the split\); put it there"):
        list_tree(tmp_path).require("one.txt", "two.txt", what="the split")


def test_of_a_file_and_its_frames_one_form_is_kept(tmp_path: Path) -> None:
    touch(tmp_path / "videos/a.avi")
    touch(tmp_path / "videos/b.avi")
    touch(tmp_path / "frames/a/0.jpg")
    touch(tmp_path / "frames/c/0.jpg")
    videos = list_tree(tmp_path).videos
    files, both = one_form(videos, files=True)
    assert {video.path.relative_to(tmp_path).as_posix() for video in files} == {
        *("videos/a.avi", "videos/b.avi", "frames/c"),
    }
    frames, again = one_form(videos, files=False)
    assert {video.path.relative_to(tmp_path).as_posix() for video in frames} == {
        *("frames/a", "videos/b.avi", "frames/c"),
    }
    assert both == again == ("a",)


def test_two_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    touch(tmp_path / "one/a.avi")
    touch(tmp_path / "two/a.mp4")
    videos = list_tree(tmp_path).videos
    assert one_form(videos, files=True) == (videos, ())
