"""Whole video files: every frame, under its index, upright, at its time, whatever the header says."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from clip_files import KINDS, Image, number_of, numbered_image, read_numbers, write_clip

from vadbench.errors import VadbenchError
from vadbench.video import open_video, probe


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_has_its_index(clips: dict[str, Path], kind: str) -> None:
    assert read_numbers(clips[kind]) == list(range(24))


@pytest.mark.parametrize("kind", ["b_frames.mp4", "h264.mkv", "mpeg4.avi"])
def test_a_stride_gives_every_nth_frame_of_the_same_pixels(clips: dict[str, Path], kind: str) -> None:
    with open_video(clips[kind]) as reader:
        every = list(reader.frames())
        third = list(reader.frames(5))
        assert reader.decoded == 24
    assert [frame.index for frame in third] == [0, 5, 10, 15, 20]
    for frame in third:
        np.testing.assert_array_equal(frame.image, every[frame.index].image)
        assert frame.time == every[frame.index].time


@pytest.mark.parametrize("kind", ["b_frames.mp4", "open_gop.mkv", "hevc.mp4", "h264.ts", "vp9.webm"])
def test_pixels_and_times_are_those_of_plain_decoding_with_any_number_of_threads(
    clips: dict[str, Path], kind: str
) -> None:
    with av.open(str(clips[kind])) as container:
        plain = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    for threads in (1, 4):
        with open_video(clips[kind], threads=threads) as reader:
            frames = list(reader.frames())
        assert [frame.time for frame in frames] == pytest.approx([time for time, _ in plain])
        for frame, (_, image) in zip(frames, plain, strict=True):
            np.testing.assert_array_equal(frame.image, image)


def test_a_variable_frame_rate_changes_times_and_no_index(tmp_path: Path) -> None:
    times = [0, 40, 80, 1000, 1010, 1700, 3000, 3040]
    path = write_clip(tmp_path / "variable.mp4", 8, milliseconds=times)
    assert read_numbers(path) == list(range(8))
    with open_video(path) as reader:
        assert [frame.time for frame in reader.frames()] == pytest.approx([t / 1000 for t in times], abs=1e-3)


@pytest.mark.parametrize(
    ("size", "codec", "pixel_format"),
    [((65, 47), "libx264", "yuv444p"), ((131, 33), "ffv1", "yuv420p"), ((67, 31), "mpeg4", "yuv420p")],
)
def test_odd_sizes_keep_every_column(
    tmp_path: Path, size: tuple[int, int], codec: str, pixel_format: str
) -> None:
    images = [numbered_image(number, *size) for number in range(6)]
    images[3][:, -1] = 255  # the last column alone
    path = write_clip(tmp_path / "odd.mkv", images, size=size, codec=codec, pixel_format=pixel_format)
    assert read_numbers(path) == list(range(6))
    with open_video(path) as reader:
        image = list(reader.frames())[3].image
    assert image.shape == (size[1], size[0], 3)
    assert image[:10, -1].mean() > 200


def _quarters() -> Image:
    """An image that no turn or mirroring leaves as it is."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32], image[:24, 32:], image[24:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return image


@pytest.mark.parametrize("container", ["mp4", "mkv"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_display_matrix_is_applied(tmp_path: Path, quarters: int, mirrored: bool, container: str) -> None:
    path = write_clip(
        tmp_path / f"turned.{container}",
        [_quarters()],
        pixel_format="yuv444p",
        options={"crf": "1"},
        turn=(90 * quarters, mirrored, False),
    )
    expected = np.rot90(_quarters(), quarters)
    expected = expected[:, ::-1] if mirrored else expected
    with open_video(path) as reader:
        image = next(reader.frames()).image
    assert image.shape == expected.shape
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image[8::16, 8::16], expected[8::16, 8::16], atol=12)


def test_an_angle_that_is_no_quarter_turn_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "tilted.mp4", 2, turn=(30, False, False))
    with pytest.raises(VadbenchError, match=r"tilted\.mp4: frame 0: .*quarter turn"):
        read_numbers(path)


def test_frames_that_an_edit_list_cuts_away_have_no_index(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "edited.mp4",
        20,
        milliseconds=[40 * number - 200 for number in range(20)],
        muxer={"avoid_negative_ts": "disabled", "use_editlist": "1"},
    )
    assert read_numbers(path, threads=3) == list(range(5, 20))
    with open_video(path) as reader:
        assert next(reader.frames()).time == 0


@pytest.mark.parametrize("count", [3, 7000])
def test_a_wrong_frame_count_in_the_header_is_of_no_account(
    clips: dict[str, Path], tmp_path: Path, count: int
) -> None:
    data = bytearray(clips["mpeg4.avi"].read_bytes())
    for chunk, offset in ((b"avih", 8 + 16), (b"strh", 8 + 32)):
        struct.pack_into("<I", data, data.index(chunk) + offset, count)
    path = tmp_path / "miscounted.avi"
    path.write_bytes(data)
    assert probe(path).frames != 24
    assert read_numbers(path) == list(range(24))


@pytest.mark.parametrize("factor", [0.1, 50])
def test_a_wrong_duration_in_the_header_is_of_no_account(
    clips: dict[str, Path], tmp_path: Path, factor: float
) -> None:
    data = bytearray(clips["vp9.webm"].read_bytes())
    place = data.index(b"\x44\x89\x88") + 3  # Matroska's Duration, a double
    (duration,) = struct.unpack_from(">d", data, place)
    struct.pack_into(">d", data, place, duration * factor)
    path = tmp_path / "misstated.webm"
    path.write_bytes(data)
    assert read_numbers(path) == list(range(24))


def test_grey_video_of_full_range_keeps_its_values(tmp_path: Path) -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    path = tmp_path / "grey.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = 16
        stream.pix_fmt = "gray"
        frame = av.VideoFrame.from_ndarray(grey[..., 0].copy(), format="gray")
        container.mux([*stream.encode(frame), *stream.encode()])
    with open_video(path) as reader:
        np.testing.assert_array_equal(next(reader.frames()).image, grey)


def test_a_frame_dropped_in_recording_is_no_end(clips: dict[str, Path], tmp_path: Path) -> None:
    """AVI notes a dropped frame as a chunk without bytes; decoders take an empty packet for the end."""
    data = clips["mjpeg.avi"].read_bytes()
    place = data.index(b"movi") + 4
    for _ in range(5):
        place += 8 + (struct.unpack_from("<I", data, place + 4)[0] + 1 & ~1)
    path = tmp_path / "dropped.avi"
    path.write_bytes((data[:place] + b"00dc" + bytes(4) + data[place:]).replace(b"idx1", b"JUNK"))
    assert read_numbers(path) == list(range(24))


@pytest.mark.parametrize("kind", ["open_gop.mkv", "hevc.mkv", "mpeg2.mpg"])
def test_a_clip_cut_out_of_a_stream_starts_with_its_first_whole_picture(tmp_path: Path, kind: str) -> None:
    """Pictures that refer to what was cut away are no damage."""
    settings = dict(KINDS[kind])
    if settings.get("codec") == "libx265":
        settings["options"] = {"x265-params": "log-level=none:open-gop=1:keyint=10:bframes=3:min-keyint=10"}
    whole = write_clip(tmp_path / kind, 60, **settings)
    path = tmp_path / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        start = next(i for i, packet in enumerate(packets) if i >= 8 and packet.is_keyframe)
        for packet in packets[start:]:
            packet.stream = stream
            target.mux(packet)
    for threads in (1, 3):
        numbers = read_numbers(path, threads=threads)
        assert numbers == list(range(numbers[0], 60))
        assert numbers[0] < 30


def test_leaving_early_closes_the_file_and_another_pass_starts_anew(clips: dict[str, Path]) -> None:
    with open_video(clips["b_frames.mp4"]) as reader:
        frames = reader.frames()
        assert [next(frames).index, next(frames).index] == [0, 1]
        assert number_of(next(reader.frames()).image) == 0
        assert reader.decoded == 1
    assert list(frames) == []


def test_images_given_out_are_not_overwritten(clips: dict[str, Path]) -> None:
    with open_video(clips["b_frames.mp4"], threads=2) as reader:
        assert [number_of(frame.image) for frame in list(reader.frames())] == list(range(24))


def test_the_header_is_read_without_decoding(clips: dict[str, Path]) -> None:
    assert probe(clips["b_frames.mp4"]) == (64, 48, 25.0, 24)
    assert probe(clips["h264.mkv"])[:3] == (64, 48, 25.0)


def test_stride_and_threads_are_checked(clips: dict[str, Path]) -> None:
    with pytest.raises(VadbenchError, match="threads is 0"):
        open_video(clips["b_frames.mp4"], threads=0)
    with open_video(clips["b_frames.mp4"]) as reader, pytest.raises(VadbenchError, match="stride is 0"):
        next(reader.frames(0))
