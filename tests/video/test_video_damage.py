"""Damaged video files: never a shorter video, always one line that names the file and the frame."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from clip_files import number_of, numbered_image, read_numbers, write_clip

from vadbench.errors import VadbenchError
from vadbench.video import open_video

PROMISING = [
    *("front.mp4", "b_frames.mp4", "fragments.mp4", "h264.mov", "h264.mkv", "h264.avi"),
    *("hevc.mp4", "hevc.mkv", "mpeg4.avi", "mjpeg.avi", "vp9.webm"),
]
"""Containers whose structure tells a cut."""


def outcome(path: Path, threads: int = 1) -> list[int] | str:
    """The numbers of all frames, or the message."""
    try:
        return read_numbers(path, threads=threads)
    except VadbenchError as error:
        message = str(error)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message


def failing_frame(message: object) -> int:
    match = re.search(r": frame (\d+): ", str(message))
    assert match, message
    return int(match[1])


def damaged(clip: Path, folder: Path, change: Callable[[bytearray], bytes | bytearray]) -> Path:
    path = folder / f"damaged{clip.suffix}"
    path.write_bytes(change(bytearray(clip.read_bytes())))
    return path


@pytest.mark.parametrize("threads", [1, 4])
def test_an_error_at_frame_65_of_120_is_not_taken_for_the_end(tmp_path: Path, threads: int) -> None:
    whole = write_clip(tmp_path / "whole.mp4", 120, options={"bf": "2", "g": "250"})
    with av.open(str(whole)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][65]

    def overwrite(data: bytearray) -> bytearray:
        data[packet.pos + 8 : packet.pos + packet.size] = random.Random(1).randbytes(packet.size - 8)
        return data

    message = outcome(damaged(whole, tmp_path, overwrite), threads)
    assert 60 <= failing_frame(message) <= 66


@pytest.mark.parametrize("kind", PROMISING)
def test_a_file_cut_anywhere_is_an_error(clips: dict[str, Path], tmp_path: Path, kind: str) -> None:
    size = clips[kind].stat().st_size
    places = random.Random(0)
    for _ in range(12):
        kept = places.randrange(1, size)
        path = damaged(clips[kind], tmp_path, lambda data, kept=kept: data[:kept])
        messages = {str(outcome(path, threads)) for threads in (1, 3)}
        assert len(messages) == 1, "the verdict depends on the number of threads"
        assert "damaged" in messages.pop(), kept


@pytest.mark.parametrize("kind", ["front.mp4", "h264.mkv", "mpeg4.avi", "fragments.mp4"])
def test_a_file_cut_between_two_frames_names_the_first_that_is_missing(
    clips: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """There the demuxer just stops, without an error."""
    with av.open(str(clips[kind])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    end = packets[15].pos + packets[15].size
    message = outcome(damaged(clips[kind], tmp_path, lambda data: data[:end]))
    assert 12 <= failing_frame(message) <= 16
    assert "cut off" in str(message)


@pytest.mark.parametrize("kind", PROMISING)
def test_a_file_whose_rest_was_never_written_is_an_error(
    clips: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """Downloads set the size first: the rest is zeros."""
    with av.open(str(clips[kind])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    for packet, inside in ((packets[9], 20), (packets[16], packets[16].size)):
        kept = packet.pos + inside
        path = damaged(clips[kind], tmp_path, lambda data, kept=kept: data[:kept] + bytes(len(data) - kept))
        assert isinstance(outcome(path), str)
        assert outcome(path) == outcome(path, threads=3)


@pytest.mark.parametrize("kind", PROMISING)
def test_no_damage_to_the_pictures_makes_a_video_shorter(
    clips: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """Changed bits that a codec cannot notice are let be; frames that are lost or moved are not."""
    with av.open(str(clips[kind])) as container:
        spans = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    places = random.Random(2)
    for _ in range(15):
        start, size = places.choice(spans)
        place = start + places.randrange(size)
        burst = places.choice([1, 1, 30])

        def change(data: bytearray, place: int = place, burst: int = burst) -> bytearray:
            data[place : place + burst] = places.randbytes(len(data[place : place + burst]))
            return data

        path = damaged(clips[kind], tmp_path, change)
        found = outcome(path)
        assert isinstance(found, str) or len(found) == 24
        assert isinstance(found, str) == isinstance(outcome(path, threads=3), str)


@pytest.mark.parametrize("kind", ["h264.mkv", "vp9.webm", "fragments.mp4", "mpeg4.avi"])
def test_a_hole_in_the_file_is_an_error(clips: dict[str, Path], tmp_path: Path, kind: str) -> None:
    """Demuxers look for the next place they know and go on from there, some frames later."""
    with av.open(str(clips[kind])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    start = packets[10].pos + 30
    path = damaged(clips[kind], tmp_path, lambda data: data[:start] + data[start + 400 :])
    assert isinstance(outcome(path), str)


def test_a_streamed_matroska_file_leaves_its_sizes_open(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "live.mkv", 24, muxer={"live": "1"}, options={"g": "8"})
    assert read_numbers(path) == list(range(24))


def test_trailers_behind_an_mp4_file_are_no_damage(clips: dict[str, Path], tmp_path: Path) -> None:
    for trailer in (bytes(500), b"\0\0\xff\xffSEFT" + bytes(30), b"\xff" * 40):
        path = damaged(clips["b_frames.mp4"], tmp_path, lambda data, trailer=trailer: data + trailer)
        assert read_numbers(path) == list(range(24))


@pytest.mark.parametrize("threads", [1, 4])
def test_a_change_of_size_names_both_sizes_and_the_frame(tmp_path: Path, threads: int) -> None:
    first = write_clip(tmp_path / "first.h264", 5, options={"bf": "0"})
    second = write_clip(tmp_path / "second.h264", 5, size=(80, 48), options={"bf": "0"})
    path = tmp_path / "joined.h264"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert read_numbers(first) == list(range(5))
    with pytest.raises(VadbenchError, match=r"joined\.h264: frame 5: is 80x48 .* 64x48"):
        read_numbers(path, threads=threads)


def test_off_stride_frames_are_checked_too(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "first.h264", 5, options={"bf": "0"})
    second = write_clip(tmp_path / "second.h264", 5, size=(80, 48), options={"bf": "0"})
    path = tmp_path / "joined.h264"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(VadbenchError, match="frame 5"):
        read_numbers(path, stride=100)


def test_what_is_no_video(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    text = tmp_path / "text.mp4"
    text.write_text("no video at all\n" * 100)
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux([*stream.encode(frame), *stream.encode()])
    with pytest.raises(VadbenchError, match=r"missing\.mp4: no such video"):
        open_video(tmp_path / "missing.mp4")
    for path, words in (
        (empty, "is empty"),
        (text, "is no readable video"),
        (sound, "has no video stream"),
    ):
        assert words in str(outcome(path))


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=16000)
        cover = container.add_stream("png", rate=1)
        cover.width = cover.height = 16
        cover.pix_fmt = "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux([*cover.encode(picture), *cover.encode(), *sound.encode(frame), *sound.encode()])
    assert "has no video stream" in str(outcome(path))


def test_a_video_without_any_frame_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    with av.open(str(path), "w", options={"movflags": "empty_moov"}) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 64, 48
        container.start_encoding()
    assert "holds no frame that can be decoded" in str(outcome(path))


@pytest.mark.parametrize(
    "name",
    [
        "a;touch pwned.mp4",
        "$(touch pwned).mp4",
        "%03d.mp4",
        "-i.mp4",
        "concat:a|b.mp4",
        "http:x.mp4",
        "a\nb.mp4",
    ],
)
def test_a_name_is_only_a_name(
    clips: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(clips["b_frames.mp4"].read_bytes())
    monkeypatch.chdir(tmp_path)
    assert read_numbers(Path(name)) == list(range(24))
    assert {entry.name for entry in tmp_path.iterdir()} == {name}


@pytest.mark.parametrize(
    "content",
    ["#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile {}\n", "concat:{}|{}"],
)
def test_a_file_that_names_other_files_is_refused(
    clips: dict[str, Path], tmp_path: Path, content: str
) -> None:
    path = tmp_path / "playlist.mp4"
    path.write_text(content.replace("{}", str(clips["h264.ts"])))
    assert "is no readable video" in str(outcome(path))


def test_numbered_images_survive_the_codec() -> None:
    assert [number_of(numbered_image(number)) for number in range(256)] == list(range(256))
