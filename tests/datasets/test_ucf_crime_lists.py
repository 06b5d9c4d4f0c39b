"""The text files of UCF-Crime: one meaning in every form, and no damaged line that passes for another."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadbench.datasets.text_lines import VIDEO_ENDINGS
from vadbench.datasets.ucf_crime_lists import (
    CLASSES,
    AnnotatedVideo,
    check_against,
    read_list,
    read_temporal_annotation,
)
from vadbench.errors import VadbenchError

EVENTS = (
    "Abuse028_x264.mp4  Abuse  165  240  -1  -1  \n"
    "Normal_Videos_003_x264.mp4  Normal  -1  -1  -1  -1  \n"
    "RoadAccidents021_x264.mp4  RoadAccidents  30  90  -1  -1  \n"
    "Arson011_x264.mp4  Arson  150  420  680  1267  \n"
)
MEANING = {
    "Abuse028_x264": ("abuse", ((165, 240),)),
    "Normal_Videos_003_x264": ("normal", ()),
    "RoadAccidents021_x264": ("road accidents", ((30, 90),)),
    "Arson011_x264": ("arson", ((150, 420), (680, 1267))),
}
FRAMES = {
    "Abuse028_x264": 1412,
    "Normal_Videos_003_x264": 2820,
    "RoadAccidents021_x264": 155,
    "Arson011_x264": 1266,
}
LIST = (
    "Abuse/Abuse001_x264.mp4\nTraining_Normal_Videos_Anomaly/Normal_Videos826_x264.mp4\n"
    "RoadAccidents/RoadAccidents004_x264.mp4\n"
)
LISTED = {
    "Abuse001_x264": "abuse",
    "Normal_Videos826_x264": "normal",
    "RoadAccidents004_x264": "road accidents",
}


def events_file(folder: Path, text: str) -> Path:
    path = folder / "Temporal_Anomaly_Annotation.txt"
    path.write_bytes(text.encode())
    return path


def list_file(folder: Path, text: str) -> Path:
    path = folder / "Anomaly_Train.txt"
    path.write_bytes(text.encode())
    return path


def meaning(videos: dict[str, AnnotatedVideo]) -> dict[str, tuple[str, tuple[tuple[int, int], ...]]]:
    return {id: (video.cls, video.events) for id, video in videos.items()}


def with_frames_second(text: str) -> str:
    """The form of UR-DMU: folders, single spaces, number of frames after the name, other order."""
    lines = []
    for line in reversed(text.splitlines()):
        name, cls, *numbers = line.split()
        folder = "Testing_Normal_Videos_Anomaly" if cls == "Normal" else cls
        lines.append(" ".join([f"{folder}/{name}", str(FRAMES[name[:-4]]), cls, *numbers]) + " \n")
    return "".join(lines)


def with_frames_last(text: str) -> str:
    """The form of MIST: tabs, number of frames at the end."""
    return "".join(
        "\t".join([*line.split(), str(FRAMES[line.split()[0][:-4]])]) + "\n" for line in text.splitlines()
    )


FORMS: dict[str, Callable[[str], str]] = {
    "published": lambda text: text,
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "without endings": lambda text: text.replace(".mp4", ""),
    "single spaces": lambda text: re.sub(" +", " ", text),
    "a byte order mark, and no last line end": lambda text: "\ufeff" + text.rstrip(),
    "blank lines": lambda text: text.replace("\n", "\n\n"),
    "frames second": with_frames_second,
    "frames last": with_frames_last,
    "Windows paths": lambda text: with_frames_second(text).replace("/", "\\"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_same_events(tmp_path: Path, form: str) -> None:
    videos = read_temporal_annotation(events_file(tmp_path, FORMS[form](EVENTS)))
    assert meaning(videos) == MEANING
    known = FRAMES if "frames" in form or "paths" in form else dict.fromkeys(FRAMES)
    assert {id: video.frames for id, video in videos.items()} == known


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("165", "", "line 1: 'Abuse028_x264.mp4 Abuse 240 -1 -1'"),
        ("165", "165 7", "line 1: 'Abuse028_x264.mp4 Abuse 165 7 240 -1 -1'"),
        ("-1  -1  \nRoad", "-1  -1  -1\nRoad", "line 2"),
        ("150  420", "7  150  420", "line 4"),
        ("Abuse  165", "Abuse  1265", "line 1: '1265 240' is no start and end"),
        ("165", "240", "line 1: '240 240' is no start and end"),
        ("240", "-1", "line 1: '165 -1' is no start and end"),
        ("165", "-2", "line 1: '-2 240' is no start and end"),
        ("165", "1.65", "line 1: '1.65 240' is no start and end"),
        ("165", "١٦٥", "line 1"),
        ("165  240  -1  -1", "-1  -1  165  240", "line 1: a second event without a first"),
        ("165  240", "-1  -1", "line 1: a video of the class abuse without an event"),
        ("-1  -1  -1  -1", "5  9  -1  -1", "line 2: a video of the class normal with an event"),
        ("680", "419", "line 4: the second event starts before the first is over"),
        ("  Abuse ", "  Arson ", "line 1: the class of Abuse028_x264 is given as 'Arson'"),
        ("  Abuse ", "  abuse ", "line 1: the class of Abuse028_x264 is given as 'abuse'"),
        ("  Normal ", "  Abuse ", "line 2: the class of Normal_Videos_003_x264 is given as 'Abuse'"),
        ("Abuse028_x264.mp4", "Abus028_x264.mp4", "line 1: 'Abus028_x264' is no name"),
        ("Abuse028_x264.mp4", "Abuse028_x264.txt", "line 1: 'Abuse028_x264.txt' is no name"),
        ("Abuse028_x264.mp4", "Arson/Abuse028_x264.mp4", "line 1: Abuse028_x264 stands in the folder Arson"),
        ("Arson011", "Abuse028", "line 4: Abuse028_x264 is annotated in line 1"),
    ],
)
def test_a_damaged_line_of_events_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in EVENTS
    with pytest.raises(VadbenchError) as caught:
        read_temporal_annotation(events_file(tmp_path, EVENTS.replace(old, new, 1)))
    assert f"Temporal_Anomaly_Annotation.txt, {words}" in str(caught.value)


def test_a_file_of_another_kind_is_named_with_its_first_line(tmp_path: Path) -> None:
    with pytest.raises(VadbenchError, match=r"Annotation\.txt, line 1: '<html>'; a line reads Abuse028_x264"):
        read_temporal_annotation(events_file(tmp_path, "<html>\n<body>\n"))


@pytest.mark.parametrize(
    ("form", "value"),
    [(form, value) for form in (with_frames_second, with_frames_last) for value in ("0", "-1")],
)
def test_a_number_of_frames_is_positive(tmp_path: Path, form: Callable[[str], str], value: str) -> None:
    with pytest.raises(VadbenchError, match=r"line \d: '(0|-1)' is no number of frames"):
        read_temporal_annotation(events_file(tmp_path, form(EVENTS).replace("1412", value)))


@pytest.mark.parametrize(
    "form",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(".mp4", "").replace("\n", "  \n"),
        lambda text: re.sub(r".*/", "", text),
        lambda text: text.replace("/", "\\"),
        lambda text: re.sub(r"(?m)^(?=.)", "/data/videos/", text),
        lambda text: text.replace("\n", " 7183 \n"),
    ],
)
def test_every_form_lists_the_same_videos(tmp_path: Path, form: Callable[[str], str]) -> None:
    videos = read_list(list_file(tmp_path, form(LIST)))
    assert {id: video.cls for id, video in videos.items()} == LISTED
    assert {video.frames for video in videos.values()} == ({7183} if "7183" in form(LIST) else {None})
    folder = "" if "/" not in form(LIST).replace("\\", "/") else "Abuse/"
    assert videos["Abuse001_x264"].file == f"{folder}Abuse001_x264"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Abuse/Abuse001", "Arson/Abuse001", "line 1: Abuse001_x264 stands in the folder Arson"),
        ("Abuse/Abuse001", "Training_Normal_Videos_Anomaly/Abuse001", "line 1: Abuse001_x264 stands in"),
        ("Abuse001", "Abuse1", "line 1: 'Abuse1_x264' is no name"),
        ("Abuse001", "Abyss001", "line 1: 'Abyss001_x264' is no name"),
        ("Abuse001_x264.mp4", "Abuse001_x264.mp4 3", "line 1"),
        ("Abuse001_x264.mp4", "Abuse001_x264 .mp4", "line 1"),
        (
            "Abuse/Abuse001",
            "RoadAccidents/RoadAccidents004",
            "line 3: RoadAccidents004_x264 is listed before",
        ),
    ],
)
def test_a_damaged_line_of_a_list_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(VadbenchError) as caught:
        read_list(list_file(tmp_path, LIST.replace(old, new, 1)))
    assert f"Anomaly_Train.txt, {words}" in str(caught.value)


def test_annotation_and_test_list_name_the_same_videos() -> None:
    annotated = {"Abuse028_x264": AnnotatedVideo(7, "abuse", ((165, 240),), None)}
    path = Path("events.txt")
    check_against(path, annotated, ["Abuse028_x264"], {})
    check_against(path, annotated, ["Abuse028_x264"], {"Abuse028_x264": 166})
    with pytest.raises(VadbenchError, match=r"events\.txt, line 7: Abuse028_x264 is not in the test list"):
        check_against(path, annotated, [], {})
    with pytest.raises(
        VadbenchError, match=r"events\.txt: has no line for Abuse030_x264, which the test list"
    ):
        check_against(path, annotated, ["Abuse028_x264", "Abuse030_x264"], {})
    with pytest.raises(
        VadbenchError, match=r"events\.txt, line 7: an event starts at 165, .* has 165 frames"
    ):
        check_against(path, annotated, ["Abuse028_x264"], {"Abuse028_x264": 165})


ALPHABET = " \t\r\n-0123456789_.x/\\eRN\u0663"
TOKENS = st.sampled_from(
    ("Abuse", "Normal", "Arson", "-1", "7", "500", "Abuse030_x264.mp4", "Normal_Videos_003")
)


@st.composite
def damaged_text(draw: st.DrawFn, text: str) -> str:
    """`text` with one or two characters, or tokens of one line, replaced, removed or added."""
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            place = draw(st.integers(0, len(text)))
            text = (
                text[:place] + draw(st.text(ALPHABET, max_size=2)) + text[place + draw(st.integers(0, 2)) :]
            )
        else:
            lines = text.split("\n")
            row = draw(st.integers(0, len(lines) - 1))
            tokens = lines[row].split()
            place = draw(st.integers(0, len(tokens)))
            tokens[place : place + draw(st.integers(0, 2))] = draw(st.lists(TOKENS, max_size=2))
            text = "\n".join([*lines[:row], "  ".join(tokens), *lines[row + 1 :]])
    return text


def strict_name(text: str) -> tuple[str, str]:
    name = re.split(r"[/\\]", text)[-1]
    for ending in VIDEO_ENDINGS:
        name = name.removesuffix(ending)
    (letters,) = re.fullmatch(r"([A-Za-z]+|Normal_Videos_?)[0-9]{3}_x264", name).groups()  # type: ignore[union-attr]
    return name, "normal" if letters.startswith("Normal_Videos") else CLASSES[letters]


def strict_events(text: str) -> dict[str, tuple[str, tuple[tuple[int, int], ...]]]:
    """What a file in the published form says, by a reading of its own; fails on anything else."""
    found = {}
    for line in filter(str.strip, text.split("\n")):
        name, cls, *numbers = line.split()
        id, by_name = strict_name(name)
        assert CLASSES[cls] == by_name
        assert id not in found
        assert len(numbers) == 4
        assert all(re.fullmatch("-1|[0-9]+", number, re.ASCII) for number in numbers)
        values = list(map(int, numbers))
        pairs = [(start, end) for start, end in (values[:2], values[2:]) if (start, end) != (-1, -1)]
        frames = [frame for pair in pairs for frame in pair]
        assert frames == sorted(frames)
        assert all(start < end for start, end in pairs)
        assert bool(pairs) == (by_name != "normal")
        found[id] = (by_name, tuple(pairs))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def check_message(message: str, path: Path) -> None:
    assert re.match(re.escape(str(path)) + r", line \d: ", message)
    assert "\n" not in message


@settings(max_examples=60, deadline=None)
@given(text=damaged_text(EVENTS))
def test_damaged_events_are_an_error_or_what_they_say(folder: Path, text: str) -> None:
    path = events_file(folder, text)
    try:
        found = meaning(read_temporal_annotation(path))
    except VadbenchError as error:
        message = str(error)
    else:
        assert found == strict_events(text)
        return
    check_message(message, path)


@settings(max_examples=60, deadline=None)
@given(text=damaged_text(with_frames_second(EVENTS)))
def test_damaged_events_with_frames_are_an_error_or_what_they_say(folder: Path, text: str) -> None:
    path = events_file(folder, text)
    try:
        found = read_temporal_annotation(path)
    except VadbenchError as error:
        message = str(error)
    else:
        rows = [line.split() for line in text.split("\n") if line.strip()]
        assert meaning(found) == strict_events("\n".join(" ".join((row[0], *row[2:])) for row in rows))
        assert [video.frames for video in found.values()] == [int(row[1]) for row in rows]
        return
    check_message(message, path)


@settings(max_examples=60, deadline=None)
@given(text=damaged_text(LIST))
def test_a_damaged_list_is_an_error_or_what_it_says(folder: Path, text: str) -> None:
    path = list_file(folder, text)
    try:
        found = read_list(path)
    except VadbenchError as error:
        message = str(error)
    else:
        said = [strict_name(line.strip()) for line in text.split("\n") if line.strip()]
        assert [(id, video.cls) for id, video in found.items()] == said
        return
    check_message(message, path)
