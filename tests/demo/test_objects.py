"""Boxes of what a render shows, against its pixels."""

from dataclasses import replace

import numpy as np
import pytest

from vadbench.demo.actors import Actor, Bin, Car, Track, Walker
from vadbench.demo.cameras import HEIGHT, WIDTH, camera
from vadbench.demo.figures import Look
from vadbench.demo.objects import KINDS, labelled_frame
from vadbench.demo.painting import SceneRenderer
from vadbench.demo.scenes import Scene, build_scene

LOOK = Look(shirt=(200, 40, 40), trousers=(30, 30, 120), skin=(220, 180, 150), hair=(20, 20, 20))
FREE_VIEW = replace(camera(1), poles=(), rail=None)


def _standing(x: float) -> Track:
    return Track(facing=1, speed=0.0, offset=x + 200, period=1e9, margin=200)


def _walker(x: float, depth: float = 200.0, height: float = 80.0) -> Walker:
    return Walker(depth, height, LOOK, _standing(x), phase=0.0)


def _car(x: float, depth: float = 210.0, length: float = 150.0) -> Car:
    return Car(depth, length, (200, 200, 60), _standing(x))


def _shown(*actors: Actor) -> list[str]:
    renderer = SceneRenderer(Scene(FREE_VIEW, 0, actors, None))
    return [KINDS[kind] for kind in labelled_frame(renderer, 0).kinds]


@pytest.mark.parametrize("focus", ["walk", "cycle", "car", "bin"])
def test_a_box_goes_around_the_pixels_of_its_object(focus: str) -> None:
    compared = 0
    for camera_seed in range(600, 606):
        scene = replace(build_scene(camera_seed, 0, busy=0, focus=focus), view=FREE_VIEW)
        renderer = SceneRenderer(scene)
        frame = labelled_frame(renderer, 20)
        _, numbers, drawn = renderer.frame_with_figures(20)
        figures = scene.figures(20)
        assert len(frame.boxes) == len(frame.kinds) <= len(figures)
        for number, (_, figure) in enumerate(figures, start=1):
            rows, columns = np.nonzero(numbers == number)
            left, top, right, bottom = figure.box()
            if len(rows) < drawn[number - 1] or left < 0 or top < 0 or right > WIDTH or bottom > HEIGHT:
                continue
            extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            matching = frame.boxes[frame.kinds == KINDS.index(figure.kind)]
            assert np.abs(matching - extent).max(axis=1).min() <= 3
            compared += 1
    assert compared >= 3


def test_hidden_objects_are_no_targets() -> None:
    behind = Bin(depth=195.0, x=160.0, size=40.0)
    assert _shown(behind) == ["bin"]
    assert _shown(behind, _car(160.0)) == ["car"]
    assert sorted(_shown(behind, _car(20.0))) == ["bin", "car"]


def test_objects_are_clipped_and_left_out_where_little_of_them_is_in_view() -> None:
    renderer = SceneRenderer(Scene(FREE_VIEW, 0, (_car(0.0),), None))
    left, top, right, bottom = labelled_frame(renderer, 0).boxes[0]
    assert (left, 70 < right < 80) == (0.0, True)
    assert 0 < top < bottom <= HEIGHT
    assert _shown(_car(-60.0)) == []
    assert _shown(_walker(-10.0)) == []
    assert _shown(_walker(WIDTH / 2)) == ["person"]


@pytest.mark.parametrize(
    ("event", "kind"), [("fire", "bin"), ("accident", "car"), ("fighting", "person"), ("fall", "person")]
)
def test_what_burns_is_a_bin_and_a_wreck_a_car(event: str, kind: str) -> None:
    scene = build_scene(601, 3, (event, 0, 100), busy=0)
    frame = labelled_frame(SceneRenderer(scene), 30)
    assert {KINDS[each] for each in frame.kinds} == {kind}


def test_an_empty_view_has_no_boxes() -> None:
    frame = labelled_frame(SceneRenderer(Scene(FREE_VIEW, 0, (), None)), 0)
    assert frame.boxes.shape == (0, 4)
    assert frame.kinds.shape == (0,)
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
